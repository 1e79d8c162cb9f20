import type { Execution } from '../../execution/execution.ts';
import { daysGained, newlyMasked, type VerifiedRun } from '../../execution/gains.ts';
import type { Due, Verdict, VerdictOnRecord } from '../ledger.ts';
import { countOutcome } from './counters.ts';
import { insertReport } from './record.ts';
import { type ExecutionRow, toExecution } from './rows.ts';
import type { Sql } from './statements.ts';

/** So many runs of a target are enough to tell its trend, and what returns within 30 days. */
const MOST_RUNS = 50;

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
  for (const channel of reports) insertReport(sql, channel, { kind: 'outcome', execution, runs }, at);
  if (masking !== null) insertReport(sql, 'discord', { kind: 'masking', execution, masking }, at);
  return { execution, runs, masking };
}

/** The verified runs of a target, the newest first. */
function verifiedRuns(sql: Sql, target: string): readonly VerifiedRun[] {
  const rows = sql(
    `SELECT id AS execution_id, started_at, outcome, days_before, days_after FROM executions
     WHERE target = ? AND outcome IS NOT NULL AND outcome <> 'unknown' ORDER BY started_at DESC LIMIT ${MOST_RUNS}`,
  ).all(target) as unknown as VerifiedRun[];
  return rows.map((row) => ({ ...row }));
}

/** A run that seems to be older than others, because the clock was put back meanwhile, is the newest all the same. */
function startingWith({ id }: Execution, runs: readonly VerifiedRun[]): readonly VerifiedRun[] {
  return [...runs.filter((run) => run.execution_id === id), ...runs.filter((run) => run.execution_id !== id)];
}

export function lastGain(sql: Sql, playbook: string): number | null {
  const row = sql(
    `SELECT days_before, days_after FROM executions WHERE playbook = ? AND outcome IS NOT NULL
     ORDER BY verified_at DESC LIMIT 1`,
  ).get(playbook) as unknown as Pick<Execution, 'days_before' | 'days_after'> | undefined;
  return row === undefined ? null : daysGained(row);
}
