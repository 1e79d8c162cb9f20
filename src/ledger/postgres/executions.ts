import type { DecisionInput, Draft, Mode } from '../../decision/decision.ts';
import { type ExecutionState, isFinal } from '../../execution/execution.ts';
import { lookBeforeRun } from '../beginning.ts';
import type { Advance, AnswerOnRecord, GivenAnswer, Hold, Instance, Unfinished } from '../ledger.ts';
import { type ExecutionRow, toExecution } from '../rows.ts';
import { FORGOTTEN_AFTER, NOBODY, resultOf } from '../rules.ts';
import { count } from './counters.ts';
import { gatherFacts } from './facts.ts';
import type { Query } from './query.ts';
import { noteInstance } from './record.ts';
import { insertReports } from './reports.ts';

/** One conditional update. The same final step again, by the same hold, is true again: its first answer may have got lost. */
export async function advance(query: Query, hold: Hold, step: Advance): Promise<boolean> {
  const final = isFinal(step.to);
  const [row] = await query<ExecutionRow>(
    `UPDATE executions SET
       state = $3, message = $4,
       started_at = coalesce($5::bigint, started_at), finished_at = $6::bigint,
       safety_checks = coalesce($7::text, safety_checks), dry_run = coalesce($8::text, dry_run), run = coalesce($9::text, run),
       counts_as = coalesce($10::text, counts_as), counted_at = coalesce($11::bigint, counted_at),
       verify_at = $12::bigint, verify_expect = $13::text
     WHERE id = $1 AND fence = $2 AND finished_at IS NULL RETURNING *`,
    [
      hold.execution_id,
      hold.fence,
      step.to,
      step.message,
      step.to === 'running' ? step.at : null,
      final ? step.at : null,
      json(step.safety_checks),
      json(step.dry_run),
      json(step.run),
      step.counts_as ?? null,
      step.counts_as === undefined ? null : step.at,
      step.verify === undefined ? null : step.at + step.verify.after,
      step.verify?.expect ?? null,
    ],
  );
  if (row === undefined) return final && (await isOnRecord(query, hold, step.to));
  if (final && row.counts_as === 'live') {
    await count(query, [{ kind: 'execution', a: row.playbook, b: resultOf(step.to), c: '', count: 1 }]);
  }
  const execution = toExecution(row);
  await insertReports(
    query,
    (step.reports ?? []).map((channel) => ({ channel, subject: { kind: 'execution', execution }, at: step.at })),
  );
  return true;
}

async function isOnRecord(query: Query, hold: Hold, state: ExecutionState): Promise<boolean> {
  const rows = await query('SELECT seq FROM executions WHERE id = $1 AND fence = $2 AND state = $3', [
    hold.execution_id,
    hold.fence,
    state,
  ]);
  return rows.length > 0;
}

function json(value: object | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

/** The last look and the step to `running` in one transaction. Null: the hold is lost, or its process runs already. */
export async function begin(query: Query, hold: Hold, input: DecisionInput, message: string): Promise<Draft | null> {
  const [row] = await query<{ state: ExecutionState; mode: Mode; process_pid: number | null }>(
    'SELECT state, mode, process_pid FROM executions WHERE id = $1 AND fence = $2 AND finished_at IS NULL',
    [hold.execution_id, hold.fence],
  );
  if (row === undefined) return null;
  if (row.process_pid !== null && row.state === 'running') return null;
  const [facts] = await gatherFacts(query, [{ input, except: hold.execution_id }]);
  const draft = lookBeforeRun(row.mode, input, facts!);
  if (draft.verdict !== 'approved' || row.state === 'running') return draft;
  await query(
    `UPDATE executions SET state = 'running', message = $2, started_at = $3, counts_as = 'live', counted_at = $3,
       process_pid = NULL, process_started = NULL WHERE id = $1 RETURNING seq`,
    [hold.execution_id, message, input.now],
  );
  return draft;
}

export async function noteProcess(query: Query, hold: Hold, pid: number, pidStarted: number): Promise<boolean> {
  const rows = await query(
    `UPDATE executions SET process_pid = $3, process_started = $4
     WHERE id = $1 AND fence = $2 AND finished_at IS NULL RETURNING seq`,
    [hold.execution_id, hold.fence, pid, pidStarted],
  );
  return rows.length === 1;
}

/** From an owner that has not been heard of since the row was read. */
export async function adopt(
  query: Query,
  { execution: { id }, fence, heartbeat_at }: Unfinished,
  owner: Instance,
  now: number,
): Promise<Hold | null> {
  const rows = await query(
    `UPDATE executions SET fence = fence + 1, owner_id = $3
     WHERE id = $1 AND fence = $2 AND finished_at IS NULL AND NOT EXISTS (
       SELECT FROM instances WHERE instances.id = executions.owner_id AND heartbeat_at IS DISTINCT FROM $4::bigint
     ) RETURNING seq`,
    [id, fence, owner.id, heartbeat_at],
  );
  if (rows.length === 0) return null;
  await noteInstance(query, owner, now);
  return { execution_id: id, fence: fence + 1 };
}

/** One conditional update; null when the execution does not wait any more. A denied one is over with it. */
export async function answer(
  query: Query,
  id: string,
  owner: Instance | null,
  given: GivenAnswer,
): Promise<AnswerOnRecord | null> {
  const { by, from, at, approve, message } = given;
  const [row] = await query<ExecutionRow & { readonly fence: number }>(
    `UPDATE executions SET
       answered_by = $2, answered_from = $3, answered_at = $4::bigint, message = $5, fence = fence + 1,
       owner_id = CASE WHEN $6::boolean THEN $7 ELSE owner_id END,
       state = CASE WHEN $6::boolean THEN state ELSE 'denied' END,
       finished_at = CASE WHEN $6::boolean THEN NULL ELSE $4::bigint END
     WHERE id = $1 AND state = 'awaiting_approval' AND answered_at IS NULL AND finished_at IS NULL RETURNING *`,
    [id, by, from, at, message, approve, owner?.id ?? NOBODY],
  );
  if (row === undefined) return null;
  if (approve && owner !== null) await noteInstance(query, owner, at);
  const execution = toExecution(row);
  await insertReports(
    query,
    (given.reports ?? []).map((channel) => ({ channel, subject: { kind: 'execution', execution }, at })),
  );
  return { execution, hold: approve && owner !== null ? { execution_id: id, fence: row.fence } : null };
}

/** Forgets, when a process is first heard of, those that fell silent long ago and hold nothing. */
export async function heartbeat(query: Query, instance: Instance, at: number): Promise<void> {
  const known = await query('UPDATE instances SET heartbeat_at = $1 WHERE id = $2 RETURNING id', [at, instance.id]);
  if (known.length === 1) return;
  await noteInstance(query, instance, at);
  await query(
    `DELETE FROM instances WHERE heartbeat_at < $1
       AND NOT EXISTS (SELECT FROM executions WHERE owner_id = instances.id AND finished_at IS NULL)`,
    [at - FORGOTTEN_AFTER],
  );
}
