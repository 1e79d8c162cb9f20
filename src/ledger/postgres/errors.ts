import { LedgerUnavailable } from '../ledger.ts';

/** Data exceptions and violated constraints: this one statement is at fault, not the store. */
const OF_THE_STATEMENT = /^(?:22|23)/;

/**
 * The connection or the server went away, refused one more client, or chose this transaction to fail: the same may work
 * on another connection in a moment. Shutdown, crash and start of the server; too many clients; deadlock; a table that a
 * newer version has changed since a statement was planned.
 */
const PASSING = /^(?:08|57P0[123]|57P05|53300|40|0A000)/;

function sqlState(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}

export function isOfTheStatement(error: unknown): boolean {
  return OF_THE_STATEMENT.test(sqlState(error) ?? '');
}

/** The store failed. `passing`: the same may work on another connection in a moment. */
export class StoreFailure extends LedgerUnavailable {
  readonly passing: boolean;
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    const state = sqlState(cause);
    this.passing = state === null || PASSING.test(state);
  }
}

/** On one line, as the server or the network said it. A list of attempts has its words in its parts. */
export function inWords(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return inWords(error.errors.at(-1));
  const text = error instanceof Error ? error.message || String((error as { code?: unknown }).code) : String(error);
  return text.replaceAll(/\s+/g, ' ').trim();
}
