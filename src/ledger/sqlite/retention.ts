import {
  LAST_OF_TARGET,
  type Looked,
  MOST_LOOKED_AT,
  type OldExecution,
  PRUNE_BATCH,
  type Pruned,
  type PrunePage,
  type PruneResult,
  type PruneRule,
  prunePage,
  RETENTION_TURN,
} from '../retention.ts';
import type { ChainWriter } from './chain.ts';
import type { Sql } from './statements.ts';

/** At least so many rows of `executions` that meet a condition are there. */
const atLeast = (count: string, condition: string): string =>
  `(SELECT count(*) FROM (SELECT 1 FROM executions AS n WHERE ${condition} LIMIT ${count})) >= ${count}`;

const NEWER_RUN = 'n.playbook = e.playbook AND n.counts_as = e.counts_as AND n.counted_at > e.counted_at';
const STOPPED = (row: string) =>
  `${row}.mode = 'live' AND ${row}.state IN ('rejected', 'dry_run_failed', 'nothing_to_do')`;

/** What decisions, pages and reports may still ask for is not old, see `RetentionStore`. */
const OLD_EXECUTIONS = `SELECT seq, id, claimed_at >= :before AS young,
    finished_at < :before AND claimed_at < :before AND coalesce(counted_at, 0) < :before AND coalesce(verified_at, 0) < :before
    AND (verify_at IS NULL OR outcome IS NOT NULL)
    AND EXISTS (SELECT 1 FROM executions AS n WHERE n.finished_at > e.finished_at)
    AND (counts_as IS NULL OR (
      ${atLeast(':runs', NEWER_RUN)}
      AND ${atLeast(':runs', `${NEWER_RUN} AND n.resource = e.resource`)}
      AND ${atLeast(':runs', `${NEWER_RUN} AND n.host IS e.host`)}
      AND ${atLeast(':all_runs', 'n.counts_as = e.counts_as AND n.counted_at > e.counted_at')}))
    AND (started_at IS NULL OR ${atLeast(
      ':last',
      'n.resource = e.resource AND n.host IS e.host AND n.target = e.target AND n.started_at > e.started_at AND n.finished_at IS NOT NULL',
    )})
    AND (NOT (${STOPPED('e')}) OR ${atLeast(':last', `n.target = e.target AND ${STOPPED('n')} AND n.finished_at > e.finished_at`)})
    AND (outcome IS NULL OR (
      ${atLeast(':last', `n.target = e.target AND n.outcome IS NOT NULL AND n.outcome <> 'unknown' AND n.started_at > e.started_at`)}
      AND EXISTS (SELECT 1 FROM executions AS n
        WHERE n.playbook = e.playbook AND n.outcome IS NOT NULL AND n.verified_at > e.verified_at)))
    AS old
  FROM executions AS e WHERE seq > :after ORDER BY seq LIMIT ${PRUNE_BATCH}`;

export function oldExecutions(sql: Sql, { before, keep }: PruneRule, after: number): PrunePage<OldExecution> {
  const rows = sql(OLD_EXECUTIONS).all({
    before,
    after,
    runs: Math.min(keep.runs, MOST_LOOKED_AT),
    all_runs: Math.min(keep.all_runs, MOST_LOOKED_AT),
    last: LAST_OF_TARGET,
  }) as unknown as (Looked & OldExecution)[];
  return prunePage(rows, ({ seq, id }) => ({ seq, id }));
}

export function oldDecisions(sql: Sql, { before }: PruneRule, after: number): PrunePage<number> {
  const rows = sql(
    `SELECT seq, decided_at >= :before AS young,
       decided_at < :before AND last_at < :before
       AND EXISTS (SELECT 1 FROM decisions AS n WHERE n.target = d.target AND n.seq > d.seq)
       AND NOT EXISTS (SELECT 1 FROM executions AS e WHERE e.id = d.execution_id) AS old
     FROM decisions AS d WHERE seq > :after ORDER BY seq LIMIT ${PRUNE_BATCH}`,
  ).all({ before, after }) as unknown as Looked[];
  return prunePage(rows, ({ seq }) => seq);
}

/** Only what is over goes, whatever is asked. */
export function prune(
  sql: Sql,
  { executions, decisions, marks, before }: Pruned,
  fits: ChainWriter['fits'],
): PruneResult {
  const suspect: string[] = [];
  let removed = 0;
  for (const { seq, id } of executions) {
    if (!fits('execution', seq)) {
      suspect.push(`execution ${seq}`);
      continue;
    }
    const { changes } = sql(
      'DELETE FROM executions WHERE seq = ? AND finished_at < ? AND (verify_at IS NULL OR outcome IS NOT NULL)',
    ).run(seq, before);
    if (changes === 1) sql('DELETE FROM deliveries WHERE execution_id = ?').run(id);
    removed += Number(changes);
  }
  for (const seq of decisions) {
    if (fits('decision', seq))
      removed += Number(sql('DELETE FROM decisions WHERE seq = ? AND last_at < ?').run(seq, before).changes);
    else suspect.push(`decision ${seq}`);
  }
  for (const mark of marks) sql('DELETE FROM notes WHERE name = ?').run(mark);
  return { removed, suspect };
}

export function pruneScores(sql: Sql, { before, keep }: PruneRule): number {
  const { changes } = sql(
    `DELETE FROM scores WHERE seq IN (
       SELECT s.seq FROM scores AS s WHERE s.closes_at < ?1 AND s.fate IS NOT NULL AND (
         s.actionable = 0 OR s.fate NOT IN ('came_true', 'did_not') OR
         (SELECT count(*) FROM (SELECT 1 FROM scores AS n
            WHERE n.source = s.source AND n.prediction_type = s.prediction_type AND n.actionable = 1
              AND n.fate IN ('came_true', 'did_not') AND n.closes_at > s.closes_at LIMIT ?2)) >= ?2)
       ORDER BY s.closes_at LIMIT ${PRUNE_BATCH})`,
  ).run(before, Math.min(keep.judged, MOST_LOOKED_AT));
  return Number(changes);
}

export function takeTurn(sql: Sql, now: number, lease: number): boolean {
  const { changes } = sql(
    `INSERT INTO notes (name, at) VALUES ('${RETENTION_TURN}', ?1 + ?2)
     ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE at <= ?1 OR at > ?1 + ?2`,
  ).run(now, lease);
  return changes === 1;
}
