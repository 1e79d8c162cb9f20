import type { Decision, PastRun } from '../../decision/decision.ts';
import { runState } from '../../decision/fact-question.ts';
import type { Execution } from '../../execution/execution.ts';
import type { LedgerSummary } from '../../execution/summary.ts';
import type { Target } from '../../prediction/prediction.ts';
import type { ExecutionFilter, Instance, Page, Unfinished } from '../ledger.ts';
import { newestAttempts, pageOf, seqBefore } from '../paging.ts';
import { type DecisionRow, type ExecutionRow, targetText, toDecision, toExecution } from '../rows.ts';
import { MOST_RUNS } from '../rules.ts';
import { type CounterRow, summaryOf } from '../summary.ts';
import { type TallyBook, withTally } from '../tally.ts';
import type { Sql } from './statements.ts';

export function executionById(sql: Sql, id: string): Execution | null {
  const row = sql('SELECT * FROM executions WHERE id = ?').get(id) as unknown as ExecutionRow | undefined;
  return row === undefined ? null : toExecution(row);
}

export function pageOfExecutions(sql: Sql, { playbook, state, limit, before }: ExecutionFilter): Page<Execution> {
  const where = ['seq < ?'];
  if (playbook !== undefined) where.push('playbook = ?');
  if (state !== undefined) where.push('state = ?');
  const values = [seqBefore(before), ...[playbook, state].filter((value) => value !== undefined)];
  const rows = sql(`SELECT * FROM executions WHERE ${where.join(' AND ')} ORDER BY seq DESC LIMIT ?`).all(
    ...values,
    limit + 1,
  ) as unknown as ExecutionRow[];
  return pageOf(rows, limit, toExecution);
}

/** Two statements, as each has an index of its own. */
export function attemptsOf(sql: Sql, target: Target, limit: number): readonly Execution[] {
  const text = targetText(target);
  const ran = sql(
    `SELECT * FROM executions WHERE resource = ? AND host IS ? AND started_at IS NOT NULL AND finished_at IS NOT NULL
       AND target = ? ORDER BY started_at DESC LIMIT ?`,
  ).all(target.resource, target.host, text, limit);
  const stopped = sql(
    `SELECT * FROM executions WHERE target = ? AND mode = 'live' AND state IN ('rejected', 'dry_run_failed', 'nothing_to_do')
       AND started_at IS NULL ORDER BY finished_at DESC LIMIT ?`,
  ).all(text, limit);
  return newestAttempts([...ran, ...stopped] as unknown as ExecutionRow[], limit);
}

export function pageOfDecisions(
  sql: Sql,
  filter: { readonly limit: number; readonly before?: string },
  tallies: TallyBook,
  client: string,
): Page<Decision> {
  const rows = sql('SELECT * FROM decisions WHERE seq < ? ORDER BY seq DESC LIMIT ?').all(
    seqBefore(filter.before),
    filter.limit + 1,
  ) as unknown as DecisionRow[];
  const applied = appliedTally(sql, client);
  return pageOf(rows, filter.limit, (row) => withTally(toDecision(row), tallies, applied));
}

/** True where a pause is over that nobody was told of. */
export function hasEndedPause(sql: Sql, now: number): boolean {
  return sql('SELECT 1 FROM pauses WHERE until <= ? AND told = 0').get(now) !== undefined;
}

export function refusedSince(sql: Sql, since: number, limit: number): readonly Decision[] {
  const rows = sql(
    `SELECT * FROM decisions WHERE reason = 'kill_switch' AND last_at >= ? ORDER BY last_at DESC, seq DESC LIMIT ?`,
  ).all(since, limit) as unknown as DecisionRow[];
  return rows.map(toDecision);
}

export function decisionById(sql: Sql, id: string, tallies: TallyBook, client: string): Decision | null {
  const row = sql('SELECT * FROM decisions WHERE id = ?').get(id) as unknown as DecisionRow | undefined;
  return row === undefined ? null : withTally(toDecision(row), tallies, appliedTally(sql, client));
}

export function newestDecision(sql: Sql, target: string): Decision | null {
  const row = sql('SELECT * FROM decisions WHERE target = ? ORDER BY seq DESC LIMIT 1').get(target);
  return row === undefined ? null : toDecision(row as unknown as DecisionRow);
}

export function appliedTally(sql: Sql, client: string): number {
  return (sql('SELECT applied FROM tallies WHERE client = ?').get(client)?.['applied'] as number | undefined) ?? 0;
}

export function runsSince(
  sql: Sql,
  playbook: string,
  counted: 'live' | 'rehearsal',
  since: number,
): readonly (PastRun & { readonly resource: string; readonly host: string | null })[] {
  const rows = sql(
    `SELECT counted_at, state, outcome, resource, host FROM executions
     WHERE playbook = ? AND counts_as = ? AND counted_at >= ? ORDER BY counted_at DESC LIMIT ${MOST_RUNS}`,
  ).all(playbook, counted, since) as unknown as {
    counted_at: number;
    state: string;
    outcome: string | null;
    resource: string;
    host: string | null;
  }[];
  return rows.map(({ counted_at, state, outcome, resource, host }) => ({
    started_at: counted_at,
    state: runState(state, outcome),
    resource,
    host,
  }));
}

export function unfinishedExecutions(sql: Sql): readonly Unfinished[] {
  const rows = sql(
    `SELECT executions.*, instances.id AS instance, host_key, pid, pid_started, heartbeat_at
     FROM executions INDEXED BY executions_unfinished LEFT JOIN instances ON instances.id = owner_id
     WHERE finished_at IS NULL`,
  ).all() as unknown as (ExecutionRow &
    Omit<Instance, 'id'> & {
      instance: string | null;
      fence: number;
      heartbeat_at: number | null;
      process_pid: number | null;
      process_started: number;
    })[];
  rows.sort((a, b) => a.seq - b.seq);
  return rows.map((row) => ({
    execution: toExecution(row),
    fence: row.fence,
    owner:
      row.instance === null
        ? null
        : { id: row.instance, host_key: row.host_key, pid: row.pid, pid_started: row.pid_started },
    heartbeat_at: row.heartbeat_at,
    process: row.process_pid === null ? null : { pid: row.process_pid, pid_started: row.process_started },
  }));
}

const WEEK = 7 * 86_400_000;

export function summarize(sql: Sql, now: number, tallies: TallyBook, client: string): LedgerSummary {
  const types = sql('SELECT name FROM prediction_types').all();
  const week = sql(
    `SELECT count(*) FILTER (WHERE state = 'succeeded') AS success, count(*) FILTER (WHERE state <> 'succeeded') AS failure
     FROM executions INDEXED BY executions_finished WHERE finished_at > ? AND counts_as = 'live'`,
  ).get(now - WEEK) as unknown as LedgerSummary['week'];
  const last = sql(
    `SELECT max(at) AS at FROM (
       SELECT * FROM (SELECT finished_at AS at FROM executions WHERE finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT 1)
       UNION ALL SELECT at FROM notes WHERE name = 'last_pass')`,
  ).get()!['at'] as number | null;
  const rows = {
    counters: sql('SELECT kind, a, b, c, count FROM counters').all() as unknown as CounterRow[],
    types: types.map((row) => row['name'] as string),
    applied: appliedTally(sql, client),
    week: { success: week.success, failure: week.failure },
    last_run_at: last,
    in_progress: plain(
      sql('SELECT playbook, count(*) AS count FROM executions WHERE finished_at IS NULL GROUP BY playbook').all(),
    ) as LedgerSummary['in_progress'],
    reports_pending: plain(
      sql('SELECT channel, count(*) AS count FROM reports GROUP BY channel').all(),
    ) as LedgerSummary['reports_pending'],
  };
  return summaryOf(rows, tallies);
}

/** Rows of SQLite have no prototype; records that leave here are plain objects. */
function plain(rows: readonly object[]): readonly object[] {
  return rows.map((row) => ({ ...row }));
}
