import type { AnswerOnRecord, GivenAnswer, Instance } from '../ledger.ts';
import { type ExecutionRow, toExecution } from '../rows.ts';
import { NOBODY } from '../rules.ts';
import { insertReport, noteInstance } from './record.ts';
import type { Sql } from './statements.ts';

/** One conditional update; null when the execution does not wait any more. A denied one is over with it. */
export function answer(sql: Sql, id: string, owner: Instance | null, given: GivenAnswer): AnswerOnRecord | null {
  const { by, from, at, approve, message } = given;
  const row = sql(
    `UPDATE executions SET
       answered_by = :by, answered_from = :from, answered_at = :at, message = :message, fence = fence + 1,
       owner_id = CASE WHEN :approve THEN :owner ELSE owner_id END,
       state = CASE WHEN :approve THEN state ELSE 'denied' END,
       finished_at = CASE WHEN :approve THEN NULL ELSE :at END
     WHERE id = :id AND state = 'awaiting_approval' AND answered_at IS NULL AND finished_at IS NULL RETURNING *`,
  ).get({ id, by, from, at, message, approve: approve ? 1 : 0, owner: owner?.id ?? NOBODY }) as unknown as
    | (ExecutionRow & { readonly fence: number })
    | undefined;
  if (row === undefined) return null;
  if (approve && owner !== null) noteInstance(sql, owner, at);
  const execution = toExecution(row);
  for (const channel of given.reports ?? []) insertReport(sql, channel, { kind: 'execution', execution }, at);
  return { execution, hold: approve && owner !== null ? { execution_id: id, fence: row.fence } : null };
}
