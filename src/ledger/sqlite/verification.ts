import type { Execution } from '../../execution/execution.ts';
import { daysGained, newlyMasked, type VerifiedRun } from '../../execution/gains.ts';
import type { Due, Verdict, VerdictOnRecord } from '../ledger.ts';
import { reportsOn } from '../recording.ts';
import { type ExecutionRow, toExecution } from '../rows.ts';
import { MOST_VERIFIED, startingWith } from '../rules.ts';
import { countOutcome } from './counters.ts';
import { insertReport } from './record.ts';
import type { Sql } from './statements.ts';

export function dueForVerification(sql: Sql, at: number, limit: number): readonly Due[] {
  const rows = sql('SELECT * FROM executions WHERE verify_at <= ? AND outcome IS NULL ORDER BY verify_at LIMIT ?').all(
    at,
    limit,
  ) as unknown as (ExecutionRow & { readonly verify_expect: string | null })[];
  return rows.map((row) => ({ execution: toExecution(row), expect: row.verify_expect }));
}

/** One conditional update; null when there is an outcome already, or none is waited for. */
export function verify(sql: Sql, id: string, verdict: Verdict): VerdictOnRecord | null {
  const { outcome, message, days_after, at, min_days_gained, reports } = verdict;
  const row = sql(
    `UPDATE executions SET outcome = ?, outcome_message = ?, days_after = ?, verified_at = ?
     WHERE id = ? AND verify_at IS NOT NULL AND outcome IS NULL RETURNING *`,
  ).get(outcome, message, days_after, at, id) as unknown as (ExecutionRow & { readonly target: string }) | undefined;
  if (row === undefined) return null;
  const execution = toExecution(row);
  countOutcome(sql, execution.playbook, outcome);
  const runs = startingWith(execution, verifiedRuns(sql, row.target));
  const masking = outcome === 'unknown' ? null : newlyMasked(runs, min_days_gained);
  const recorded = { execution, runs, masking };
  for (const { channel, subject } of reportsOn(recorded, reports)) insertReport(sql, channel, subject, at);
  return recorded;
}

/** The verified runs of a target, the newest first. */
function verifiedRuns(sql: Sql, target: string): readonly VerifiedRun[] {
  const rows = sql(
    `SELECT id AS execution_id, started_at, outcome, days_before, days_after FROM executions
     WHERE target = ? AND outcome IS NOT NULL AND outcome <> 'unknown' ORDER BY started_at DESC LIMIT ${MOST_VERIFIED}`,
  ).all(target) as unknown as VerifiedRun[];
  return rows.map((row) => ({ ...row }));
}

export function lastGain(sql: Sql, playbook: string): number | null {
  const row = sql(
    `SELECT days_before, days_after FROM executions WHERE playbook = ? AND outcome IS NOT NULL
     ORDER BY verified_at DESC LIMIT 1`,
  ).get(playbook) as unknown as Pick<Execution, 'days_before' | 'days_after'> | undefined;
  return row === undefined ? null : daysGained(row);
}
