import { CHAINED } from '../chain.ts';
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
  type RetentionStore,
} from '../retention.ts';
import { digestOf } from './chain.ts';
import type { Connections } from './connections.ts';
import { ranOn, sameText } from './facts.ts';
import type { Query } from './query.ts';
import type { Writer } from './writer.ts';

export function postgresRetention({
  read,
  write,
}: {
  readonly read: Connections['read'];
  readonly write: Writer['write'];
}): RetentionStore {
  return {
    turn: (now, lease) => write((query) => takeTurn(query, now, lease)),
    endTurn: () =>
      write(
        async (query) => void (await query('DELETE FROM notes WHERE text_key(name) = text_key($1)', [RETENTION_TURN])),
      ),
    newest: () =>
      read(async (query) => {
        const [row] = await query<{ at: number | null }>('SELECT max(decided_at) AS at FROM decisions');
        return row!.at;
      }),
    executions: (rule, after) => read((query) => oldExecutions(query, rule, after)),
    decisions: (rule, after) => read((query) => oldDecisions(query, rule, after)),
    prune: (what) => write((query) => prune(query, what)),
    pruneScores: (rule) => write((query) => pruneScores(query, rule)),
  };
}

/** At least so many rows of `executions` that meet a condition are there. */
const atLeast = (count: string, condition: string): string =>
  `(SELECT count(*) FROM (SELECT FROM executions AS n WHERE ${condition} LIMIT ${count}) AS counted) >= ${count}`;

/** In the words of the index of each scope, see `facts.ts`. */
const SCOPE = (row: string): string => `(${row}.counts_as || ' ' || ${row}.playbook || ' ' || `;
const HOST = (row: string): string => `coalesce('=' || ${row}.host, '')`;
const STOPPED = (row: string): string =>
  `${row}.mode = 'live' AND ${row}.state IN ('rejected', 'dry_run_failed', 'nothing_to_do')`;

/** What decisions, pages and reports may still ask for is not old, see `RetentionStore`. */
const OLD_EXECUTIONS = `SELECT seq, id, claimed_at >= $1 AS young, coalesce(
    finished_at < $1 AND claimed_at < $1 AND coalesce(counted_at, 0) < $1 AND coalesce(verified_at, 0) < $1
    AND (verify_at IS NULL OR outcome IS NOT NULL)
    AND EXISTS (SELECT FROM executions AS n WHERE n.finished_at > e.finished_at)
    AND (counts_as IS NULL OR (
      ${atLeast('$3', 'n.playbook = e.playbook AND n.counts_as = e.counts_as AND n.counted_at + 1 > e.counted_at + 1')}
      AND ${atLeast('$3', `n.counts_as IS NOT NULL AND ${sameText(`${SCOPE('n')} n.resource)`, `${SCOPE('e')} e.resource)`)} AND n.counted_at + 2 > e.counted_at + 2`)}
      AND ${atLeast('$3', `n.counts_as IS NOT NULL AND ${sameText(`${SCOPE('n')} ${HOST('n')})`, `${SCOPE('e')} ${HOST('e')})`)} AND n.counted_at + 3 > e.counted_at + 3`)}
      AND ${atLeast('$4', 'n.counts_as = e.counts_as AND n.counted_at > e.counted_at')}))
    AND (started_at IS NULL OR ${atLeast(
      '$5',
      `${ranOn('n', 'e.resource', 'e.host')} AND n.target = e.target AND n.started_at > e.started_at AND n.finished_at IS NOT NULL`,
    )})
    AND (NOT (${STOPPED('e')}) OR
      ${atLeast('$5', `${sameText('n.target', 'e.target')} AND ${STOPPED('n')} AND n.finished_at + 1 > e.finished_at + 1`)})
    AND (outcome IS NULL OR (
      ${atLeast('$5', `${sameText('n.target', 'e.target')} AND n.outcome IS NOT NULL AND n.outcome <> 'unknown' AND n.started_at + 1 > e.started_at + 1`)}
      AND EXISTS (SELECT FROM executions AS n
        WHERE n.playbook = e.playbook AND n.outcome IS NOT NULL AND n.verified_at + 1 > e.verified_at + 1))),
    false) AS old
  FROM executions AS e WHERE seq > $2 ORDER BY seq LIMIT ${PRUNE_BATCH}`;

async function oldExecutions(
  query: Query,
  { before, keep }: PruneRule,
  after: number,
): Promise<PrunePage<OldExecution>> {
  const rows = await query<Looked & OldExecution>(OLD_EXECUTIONS, [
    before,
    after,
    Math.min(keep.runs, MOST_LOOKED_AT),
    Math.min(keep.all_runs, MOST_LOOKED_AT),
    LAST_OF_TARGET,
  ]);
  return prunePage(rows, ({ seq, id }) => ({ seq, id }));
}

async function oldDecisions(query: Query, { before }: PruneRule, after: number): Promise<PrunePage<number>> {
  const rows = await query<Looked>(
    `SELECT seq, decided_at >= $1 AS young,
       decided_at < $1 AND last_at < $1
       AND EXISTS (SELECT FROM decisions AS n WHERE ${sameText('n.target', 'd.target')} AND n.seq + 1 > d.seq + 1)
       AND NOT EXISTS (SELECT FROM executions AS e WHERE e.id = d.execution_id) AS old
     FROM decisions AS d WHERE seq > $2 ORDER BY seq LIMIT ${PRUNE_BATCH}`,
    [before, after],
  );
  return prunePage(rows, ({ seq }) => seq);
}

/** Only what is over goes, whatever is asked. */
async function prune(query: Query, { executions, decisions, marks, before }: Pruned): Promise<PruneResult> {
  const suspect = [
    ...(await suspects(
      query,
      'executions',
      executions.map(({ seq }) => seq),
    )),
    ...(await suspects(query, 'decisions', decisions)),
  ];
  const fits = (kind: string, seq: number) => !suspect.includes(`${kind} ${seq}`);
  const ended = await query<{ id: string }>(
    `DELETE FROM executions WHERE seq = ANY ($1::bigint[]) AND finished_at < $2 AND (verify_at IS NULL OR outcome IS NOT NULL)
     RETURNING seq, id`,
    [executions.flatMap(({ seq }) => (fits('execution', seq) ? seq : [])), before],
  );
  await query('DELETE FROM deliveries WHERE execution_id = ANY ($1::text[])', [ended.map(({ id }) => id)]);
  const decided = await query('DELETE FROM decisions WHERE seq = ANY ($1::bigint[]) AND last_at < $2 RETURNING seq', [
    decisions.filter((seq) => fits('decision', seq)),
    before,
  ]);
  if (marks.length > 0) {
    await query(
      'DELETE FROM notes WHERE text_key(name) IN (SELECT text_key(mark) FROM unnest($1::text[]) AS given (mark))',
      [marks],
    );
  }
  return { removed: ended.length + decided.length, suspect };
}

/** Of these rows, those that are not what their newest entries say. */
async function suspects(
  query: Query,
  table: 'decisions' | 'executions',
  seqs: readonly number[],
): Promise<readonly string[]> {
  if (seqs.length === 0) return [];
  const kind = CHAINED[table];
  const rows = await query<{ seq: number }>(
    `SELECT seq FROM ${table} AS t WHERE seq = ANY ($1::bigint[]) AND ${await digestOf(query, table)} IS DISTINCT FROM
       (SELECT c.digest FROM chain AS c WHERE c.kind = '${kind}' AND c.row = t.seq ORDER BY c.seq + 1 DESC LIMIT 1)`,
    [seqs],
  );
  return rows.map(({ seq }) => `${kind} ${seq}`);
}

async function pruneScores(query: Query, { before, keep }: PruneRule): Promise<number> {
  const rows = await query(
    `DELETE FROM scores WHERE seq IN (
       SELECT s.seq FROM scores AS s WHERE s.closes_at < $1 AND s.fate IS NOT NULL AND (
         NOT s.actionable OR s.fate NOT IN ('came_true', 'did_not') OR
         (SELECT count(*) FROM (SELECT FROM scores AS n
            WHERE ${sameText('n.source', 's.source')} AND ${sameText('n.prediction_type', 's.prediction_type')}
              AND n.actionable AND n.fate IN ('came_true', 'did_not') AND n.closes_at + 1 > s.closes_at + 1 LIMIT $2) AS counted) >= $2)
       ORDER BY s.closes_at LIMIT ${PRUNE_BATCH}) RETURNING seq`,
    [before, Math.min(keep.judged, MOST_LOOKED_AT)],
  );
  return rows.length;
}

async function takeTurn(query: Query, now: number, lease: number): Promise<boolean> {
  const rows = await query(
    `INSERT INTO notes (name, at) VALUES ('${RETENTION_TURN}', $1::float8 + $2::float8)
     ON CONFLICT (text_key(name)) DO UPDATE SET at = excluded.at
       WHERE notes.at <= $1::float8 OR notes.at > $1::float8 + $2::float8 RETURNING at`,
    [now, lease],
  );
  return rows.length > 0;
}
