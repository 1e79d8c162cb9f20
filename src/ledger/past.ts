import type { Basis, PastDecision, PastExecution } from '../replay/record.ts';
import { type DecisionRow, targetFrom, toDecision } from './rows.ts';

/** So many rows are read at once. */
export const PAST_PAGE = 500;

export type PastDecisionRow = Omit<DecisionRow, 'gates'> & { readonly basis: string | null };

/** Columns of a decision that are read to be decided on again. */
export const PAST_DECISION =
  'seq, id, target, decided_at, trigger, alertname, fingerprint, prediction, mapping, playbook, verdict, reason, message, next_attempt_at, execution_id, repeats, last_at, basis';

export type PastExecutionRow = Omit<PastExecution, 'target'> & { readonly seq: number; readonly target: string };

export const PAST_EXECUTION =
  'seq, id, playbook, target, mode, claimed_at, counts_as, counted_at, state, finished_at, verify_at, verified_at, outcome';

export function toPastDecision({ basis, ...row }: PastDecisionRow): PastDecision {
  const { gates: _none, ...decision } = toDecision({ ...row, gates: '[]' });
  return { decision, basis: basis === null ? null : (JSON.parse(basis) as Basis) };
}

export function toPastExecution({ seq: _own, target: text, ...row }: PastExecutionRow): PastExecution {
  const target = targetFrom(text);
  if (target === null) throw new Error(`the execution ${row.id} has no target`);
  return { ...row, target };
}

/** `page`: up to `PAST_PAGE` rows behind one, in their order. */
export async function* inPages<Row extends { readonly seq: number }, T>(
  from: number,
  page: (after: number) => Promise<readonly Row[]>,
  to: (row: Row) => T,
): AsyncGenerator<T> {
  for (let after = from; ; ) {
    const rows = await page(after);
    for (const row of rows) yield to(row);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAST_PAGE) return;
    after = last.seq;
  }
}
