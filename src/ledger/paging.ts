import type { Execution } from '../execution/execution.ts';
import type { Page } from './ledger.ts';
import { type ExecutionRow, toExecution } from './rows.ts';

const CURSOR = /^c([0-9a-z]{1,10})$/;

/** The number of the row before which a page begins. Throws RangeError for what is no cursor of ours. */
export function seqBefore(cursor: string | undefined): number {
  if (cursor === undefined) return Number.MAX_SAFE_INTEGER;
  const digits = CURSOR.exec(cursor)?.[1];
  if (digits === undefined) throw new RangeError('before: not a cursor that this ledger gave out');
  return Number.parseInt(digits, 36);
}

/** `rows`: newest first, one more than `limit` where there are more. */
export function pageOf<R extends { readonly seq: number }, T>(
  rows: readonly R[],
  limit: number,
  to: (row: R) => T,
): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(to), next: rows.length > limit && last !== undefined ? `c${last.seq.toString(36)}` : null };
}

/** The newest of them by their claims. */
export function newestAttempts(rows: readonly ExecutionRow[], limit: number): readonly Execution[] {
  return rows
    .toSorted((a, b) => b.seq - a.seq)
    .slice(0, limit)
    .map(toExecution);
}
