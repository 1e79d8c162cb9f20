import { daysGained, newlyMasked, type VerifiedRun } from '../../execution/gains.ts';
import type { Due, Verdict, VerdictOnRecord } from '../ledger.ts';
import { reportsOn } from '../recording.ts';
import { type ExecutionRow, toExecution } from '../rows.ts';
import { MOST_VERIFIED, startingWith } from '../rules.ts';
import { count } from './counters.ts';
import { sameText } from './facts.ts';
import type { Query } from './query.ts';
import { insertReports } from './reports.ts';

export async function dueForVerification(query: Query, at: number, limit: number): Promise<readonly Due[]> {
  const rows = await query<ExecutionRow & { readonly verify_expect: string | null }>(
    'SELECT * FROM executions WHERE verify_at <= $1 AND outcome IS NULL ORDER BY verify_at LIMIT $2',
    [at, limit],
  );
  return rows.map((row) => ({ execution: toExecution(row), expect: row.verify_expect }));
}

/** One conditional update; null when there is an outcome already, or none is waited for. */
export async function verify(query: Query, id: string, verdict: Verdict): Promise<VerdictOnRecord | null> {
  const { outcome, message, days_after, at, min_days_gained, reports } = verdict;
  const [row] = await query<ExecutionRow & { readonly target: string }>(
    `UPDATE executions SET outcome = $2, outcome_message = $3, days_after = $4, verified_at = $5
     WHERE id = $1 AND verify_at IS NOT NULL AND outcome IS NULL RETURNING *`,
    [id, outcome, message, days_after, at],
  );
  if (row === undefined) return null;
  const execution = toExecution(row);
  await count(query, [{ kind: 'outcome', a: execution.playbook, b: outcome, c: '', count: 1 }]);
  const runs = startingWith(execution, await verifiedRuns(query, row.target));
  const masking = outcome === 'unknown' ? null : newlyMasked(runs, min_days_gained);
  const recorded = { execution, runs, masking };
  await insertReports(
    query,
    reportsOn(recorded, reports).map((draft) => ({ ...draft, at })),
  );
  return recorded;
}

/** The verified runs of a target, the newest first. */
async function verifiedRuns(query: Query, target: string): Promise<readonly VerifiedRun[]> {
  return await query<VerifiedRun>(
    `SELECT id AS execution_id, started_at, outcome, days_before, days_after FROM executions
     WHERE ${sameText('target', '$1')} AND outcome IS NOT NULL AND outcome <> 'unknown'
     ORDER BY started_at + 1 DESC LIMIT ${MOST_VERIFIED}`,
    [target],
  );
}

export async function lastGain(query: Query, playbook: string): Promise<number | null> {
  const [row] = await query<Pick<VerifiedRun, 'days_before' | 'days_after'>>(
    `SELECT days_before, days_after FROM executions WHERE playbook = $1 AND outcome IS NOT NULL
     ORDER BY verified_at + 1 DESC LIMIT 1`,
    [playbook],
  );
  return row === undefined ? null : daysGained(row);
}
