import type { Problem } from '../alert/problem.ts';

/** The closed set of codes of a problem answer. */
export const ERROR_CODES = [
  'bad_request',
  'unauthorized',
  'forbidden',
  'not_found',
  'not_waiting',
  'refused',
  'method_not_allowed',
  'timeout',
  'too_large',
  'unsupported_media_type',
  'internal',
  'not_ready',
  'reload_failed',
  'stopping',
  'busy',
  'store_unavailable',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** A refusal on its way to the client. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly status: number;
  readonly code: ErrorCode;
  readonly issues: readonly Problem[];

  constructor(status: number, code: ErrorCode, message: string, issues: readonly Problem[] = []) {
    super(message);
    this.status = status;
    this.code = code;
    this.issues = issues;
  }
}

/** Alertmanager logs the whole body of an answer that refuses. */
const MAX_BYTES = 300;

/** The body of a refusal, in at most 300 bytes: the last issues go first, then the ends of the texts. */
export function errorBody(code: ErrorCode, message: string, issues: readonly Problem[] = []): string {
  const kept = issues.slice(0, 10);
  for (;;) {
    const body = fullErrorBody(code, message, kept);
    if (Buffer.byteLength(body) <= MAX_BYTES) return body;
    if (kept.length > 1) kept.pop();
    else return shortened(code, message, kept[0]);
  }
}

/** The body of a refusal with everything in it, for those that only people read. */
export function fullErrorBody(code: ErrorCode, message: string, issues: readonly Problem[]): string {
  return JSON.stringify({ error: { code, message, issues } });
}

function shortened(code: ErrorCode, message: string, issue: Problem | undefined): string {
  for (let room = 160; room > 0; room -= 8) {
    const issues = issue === undefined ? [] : [{ path: cut(issue.path, room / 2), message: cut(issue.message, room) }];
    const body = fullErrorBody(code, cut(message, issue === undefined ? room * 1.5 : room / 2), issues);
    if (Buffer.byteLength(body) <= MAX_BYTES) return body;
  }
  return fullErrorBody(code, '', []);
}

function cut(text: string, points: number): string {
  if (text.length <= points) return text;
  return `${Array.from(text.slice(0, points)).slice(0, -1).join('').toWellFormed()}…`;
}
