import { LedgerUnavailable, LedgerUnusable } from '../ledger.ts';
import { inOneLine } from './errors.ts';
import type { Arguments, OperationName, Result } from './operations.ts';

/** What the writer's thread is started with. */
export interface WriterSetup {
  readonly path: string;
  /** Create the ledger where there is none. False once it was open: a file that vanished is an error then. */
  readonly create: boolean;
}

/** One operation of a batch. `deadline` is by `monotonicNow()`: after it nobody waits for the answer. */
export interface Request<N extends OperationName = OperationName> {
  readonly name: N;
  readonly args: Arguments<N>;
  readonly deadline: number;
}

export type Answer =
  | { readonly ok: true; readonly value: Result<OperationName> }
  | { readonly ok: false; readonly error: WireError };

export type ToWriter = { readonly kind: 'batch'; readonly requests: readonly Request[] } | { readonly kind: 'close' };

export type FromWriter =
  | { readonly kind: 'opened' }
  | { readonly kind: 'refused'; readonly error: WireError }
  /** One answer for each request of the batch, in order, after the commit. */
  | { readonly kind: 'answers'; readonly answers: readonly Answer[] };

/** An error between threads: cloning would lose its class. */
export interface WireError {
  readonly kind: 'unavailable' | 'unusable' | 'other';
  readonly message: string;
}

export function toWire(error: unknown): WireError {
  const kind =
    error instanceof LedgerUnusable ? 'unusable' : error instanceof LedgerUnavailable ? 'unavailable' : 'other';
  return { kind, message: inOneLine(error) };
}

export function fromWire({ kind, message }: WireError): Error {
  if (kind === 'unusable') return new LedgerUnusable(message);
  return kind === 'unavailable' ? new LedgerUnavailable(message) : new Error(message);
}

/** Milliseconds of a clock that all threads of the machine share and that nobody can set. */
export function monotonicNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
