import { isFinal } from '../../execution/execution.ts';
import type { Advance, Hold, Instance } from '../ledger.ts';
import { type ExecutionRow, toExecution } from '../rows.ts';
import { FORGOTTEN_AFTER, resultOf } from '../rules.ts';
import { countExecution } from './counters.ts';
import { insertReport, noteInstance } from './record.ts';
import type { Sql } from './statements.ts';

/** One conditional update. The same final step again, by the same hold, is true again: its first answer may have got lost. */
export function advance(sql: Sql, hold: Hold, step: Advance): boolean {
  const final = isFinal(step.to);
  const row = sql(
    `UPDATE executions SET
       state = :state, message = :message,
       started_at = coalesce(:started_at, started_at), finished_at = :finished_at,
       safety_checks = coalesce(:safety_checks, safety_checks), dry_run = coalesce(:dry_run, dry_run), run = coalesce(:run, run),
       counts_as = coalesce(:counts_as, counts_as), counted_at = coalesce(:counted_at, counted_at),
       verify_at = :verify_at, verify_expect = :verify_expect
     WHERE id = :id AND fence = :fence AND finished_at IS NULL RETURNING *`,
  ).get({
    id: hold.execution_id,
    fence: hold.fence,
    state: step.to,
    message: step.message,
    started_at: step.to === 'running' ? step.at : null,
    finished_at: final ? step.at : null,
    safety_checks: json(step.safety_checks),
    dry_run: json(step.dry_run),
    run: json(step.run),
    counts_as: step.counts_as ?? null,
    counted_at: step.counts_as === undefined ? null : step.at,
    verify_at: step.verify === undefined ? null : step.at + step.verify.after,
    verify_expect: step.verify?.expect ?? null,
  }) as unknown as ExecutionRow | undefined;
  if (row === undefined) return final && isOnRecord(sql, hold, step.to);
  if (final && row.counts_as === 'live') countExecution(sql, row.playbook, resultOf(step.to));
  for (const channel of step.reports ?? []) {
    insertReport(sql, channel, { kind: 'execution', execution: toExecution(row) }, step.at);
  }
  return true;
}

function isOnRecord(sql: Sql, hold: Hold, state: Advance['to']): boolean {
  const row = sql('SELECT 1 FROM executions WHERE id = ? AND fence = ? AND state = ?').get(
    hold.execution_id,
    hold.fence,
    state,
  );
  return row !== undefined;
}

function json(value: object | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

export function noteProcess(sql: Sql, hold: Hold, pid: number, pidStarted: number): boolean {
  const { changes } = sql(
    'UPDATE executions SET process_pid = ?, process_started = ? WHERE id = ? AND fence = ? AND finished_at IS NULL',
  ).run(pid, pidStarted, hold.execution_id, hold.fence);
  return changes === 1;
}

export interface Adoption {
  readonly id: string;
  readonly fence: number;
  readonly heartbeat_at: number | null;
  readonly owner: Instance;
  readonly now: number;
}

/** From an owner that has not been heard of since its `heartbeat_at` was read. */
export function adopt(sql: Sql, { id, fence, heartbeat_at, owner, now }: Adoption): Hold | null {
  const { changes } = sql(
    `UPDATE executions SET fence = fence + 1, owner_id = ? WHERE id = ? AND fence = ? AND finished_at IS NULL AND NOT EXISTS (
       SELECT 1 FROM instances WHERE instances.id = executions.owner_id AND heartbeat_at IS NOT ?
     )`,
  ).run(owner.id, id, fence, heartbeat_at);
  if (changes === 0) return null;
  noteInstance(sql, owner, now);
  return { execution_id: id, fence: fence + 1 };
}

/** Forgets, when a process is first heard of, those that fell silent long ago and hold nothing. */
export function heartbeat(sql: Sql, instance: Instance, at: number): void {
  const { changes } = sql('UPDATE instances SET heartbeat_at = ? WHERE id = ?').run(at, instance.id);
  if (changes === 1) return;
  noteInstance(sql, instance, at);
  sql(
    'DELETE FROM instances WHERE heartbeat_at < ? AND id NOT IN (SELECT owner_id FROM executions WHERE finished_at IS NULL)',
  ).run(at - FORGOTTEN_AFTER);
}
