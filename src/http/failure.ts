import { randomUUID } from 'node:crypto';
import { LedgerUnavailable } from '../ledger/ledger.ts';
import type { Logger } from '../logger.ts';
import { type ErrorCode, errorBody, HttpProblem } from './problem.ts';
import { type Answer, JSON_HEADERS } from './respond.ts';

/** Turns what a handler threw into an answer. The process lives on whatever it was. */
export function failure(error: unknown, { method, path }: { method: string; path: string }, log: Logger): Answer {
  if (error instanceof HttpProblem) {
    const { status, code, message, issues } = error;
    if (method !== 'GET') log.warn({ method, path, status, code, issues: issues.slice(0, 3) }, `refused: ${message}`);
    return { status, headers: JSON_HEADERS, body: errorBody(code, message, issues) };
  }
  if (error instanceof LedgerUnavailable) {
    log.error({ err: error, method, path }, 'the store is not available');
    const body = errorBody('store_unavailable', 'the store is not available: try again');
    return { status: 503, headers: JSON_HEADERS, body };
  }
  const request_id = randomUUID();
  log.error({ err: error, method, path, request_id }, 'a request could not be handled');
  const body = errorBody('internal', `something went wrong here: see request_id ${request_id} in the log`);
  return { status: 500, headers: JSON_HEADERS, body };
}

/** The code that `failure` answers with. */
export function codeOf(error: unknown): ErrorCode {
  if (error instanceof HttpProblem) return error.code;
  return error instanceof LedgerUnavailable ? 'store_unavailable' : 'internal';
}
