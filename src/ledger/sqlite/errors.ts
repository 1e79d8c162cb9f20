const ERROR = 1;
const BUSY = 5;
const LOCKED = 6;
const IO_ERROR = 10;
const CORRUPT = 11;
const FULL = 13;
const CONSTRAINT = 19;
const NOT_A_DATABASE = 26;
/** NOMEM, READONLY, INTERRUPT, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOTADB. */
const STORE_FAILURES: readonly number[] = [7, 8, 9, IO_ERROR, CORRUPT, FULL, 14, 15, NOT_A_DATABASE];

/** The primary result code of SQLite; null for any other error. */
function resultCode(error: unknown): number | null {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code & 0xff : null;
}

/** Another connection holds the lock: the same call may work in a moment. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code === BUSY || code === LOCKED;
}

export function isConstraint(error: unknown): boolean {
  return resultCode(error) === CONSTRAINT;
}

/** The file or its disk does not serve now, which says nothing about the one statement that met it. */
export function isStoreFailure(error: unknown): boolean {
  const code = resultCode(error);
  return code !== null && STORE_FAILURES.includes(code);
}

export function isDamage(error: unknown): boolean {
  const code = resultCode(error);
  return code === CORRUPT || code === NOT_A_DATABASE;
}

/** SQLite says of both the one or the other: a full disk can be an I/O error. */
export function isDiskTrouble(error: unknown): boolean {
  const code = resultCode(error);
  return code === IO_ERROR || code === FULL;
}

/** A statement of ours means nothing on this file: its tables are not what they should be. */
export function isLogicError(error: unknown): boolean {
  return resultCode(error) === ERROR;
}

/** The message of an error with SQLite's own words, where it has some. */
export function inOneLine(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const words = (error as { errstr?: unknown }).errstr;
  return typeof words === 'string' && words !== error.message ? `${error.message} (${words})` : error.message;
}
