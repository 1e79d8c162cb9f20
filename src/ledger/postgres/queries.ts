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
import { ranOn, sameText } from './facts.ts';
import type { Query } from './query.ts';

const WEEK = 7 * 86_400_000;

/** In the order of their ids; null for one that is not there. */
export async function executionsById(query: Query, ids: readonly string[]): Promise<readonly (Execution | null)[]> {
  const rows = await query<ExecutionRow>('SELECT * FROM executions WHERE id = ANY ($1::text[])', [ids]);
  const known = new Map(rows.map((row) => [row.id, toExecution(row)]));
  return ids.map((id) => known.get(id) ?? null);
}

/** Each way of asking has an index of its own, with an order of its own. */
const PAGES = {
  all: { where: 'true', order: 'seq' },
  state: { where: 'state = $3', order: '(seq + 4)' },
  playbook: { where: 'playbook = $3', order: '(seq + 5)' },
  both: { where: 'playbook = $3 AND state = $4', order: '(seq + 6)' },
} as const;

export async function pageOfExecutions(query: Query, filter: ExecutionFilter): Promise<Page<Execution>> {
  const { playbook, state, limit, before } = filter;
  const asked = [playbook, state].filter((value) => value !== undefined);
  const which =
    asked.length === 2 ? 'both' : playbook !== undefined ? 'playbook' : state !== undefined ? 'state' : 'all';
  const { where, order } = PAGES[which];
  const rows = await query<ExecutionRow>(
    `SELECT * FROM executions WHERE ${order} < ${order.replace('seq', '$1::bigint')} AND ${where} ORDER BY ${order} DESC LIMIT $2`,
    [seqBefore(before), limit + 1, ...asked],
  );
  return pageOf(rows, limit, toExecution);
}

/** Two statements, as each has an index of its own. */
export async function attemptsOf(query: Query, target: Target, limit: number): Promise<readonly Execution[]> {
  const text = targetText(target);
  const ran = await query<ExecutionRow>(
    `SELECT * FROM executions AS e WHERE ${ranOn('e', '$1', '$2')} AND finished_at IS NOT NULL
       AND target = $3 ORDER BY started_at DESC LIMIT $4`,
    [target.resource, target.host, text, limit],
  );
  const stopped = await query<ExecutionRow>(
    `SELECT * FROM executions WHERE ${sameText('target', '$1')} AND mode = 'live'
       AND state IN ('rejected', 'dry_run_failed', 'nothing_to_do') AND started_at IS NULL
     ORDER BY finished_at + 1 DESC LIMIT $2`,
    [text, limit],
  );
  return newestAttempts([...ran, ...stopped], limit);
}

/** Of one moment: what the store counted, and which batch of this process is in it. */
export async function pageOfDecisions(
  query: Query,
  filter: { readonly limit: number; readonly before?: string },
  tallies: TallyBook,
  client: string,
): Promise<Page<Decision>> {
  const rows = await query<DecisionRow>('SELECT * FROM decisions WHERE seq < $1 ORDER BY seq DESC LIMIT $2', [
    seqBefore(filter.before),
    filter.limit + 1,
  ]);
  const applied = await appliedTally(query, client);
  return pageOf(rows, filter.limit, (row) => withTally(toDecision(row), tallies, applied));
}

export async function decisionById(
  query: Query,
  id: string,
  tallies: TallyBook,
  client: string,
): Promise<Decision | null> {
  const [row] = await query<DecisionRow>('SELECT * FROM decisions WHERE id = $1', [id]);
  return row === undefined ? null : withTally(toDecision(row), tallies, await appliedTally(query, client));
}

export async function refusedSince(query: Query, since: number, limit: number): Promise<readonly Decision[]> {
  const rows = await query<DecisionRow>(
    `SELECT * FROM decisions WHERE reason = 'kill_switch' AND last_at >= $1 ORDER BY last_at DESC, seq DESC LIMIT $2`,
    [since, limit],
  );
  return rows.map(toDecision);
}

/** The newest decision of each target, null where it has none, with the last batch of this process that is in it. */
export async function newestDecisions(
  query: Query,
  targets: readonly string[],
  client: string,
): Promise<readonly { readonly newest: Decision | null; readonly applied: number; readonly schema: number }[]> {
  const rows = await query<{ asked: number; applied: number | null; schema: number; seq: number | null }>(
    `SELECT t.place AS asked, (SELECT applied FROM tallies WHERE client = $2) AS applied,
       (SELECT schema FROM store) AS schema, d.*
     FROM unnest($1::text[]) WITH ORDINALITY AS t (target, place) LEFT JOIN LATERAL (
       SELECT * FROM decisions WHERE ${sameText('decisions.target', 't.target')} ORDER BY seq + 1 DESC LIMIT 1
     ) AS d ON true ORDER BY t.place`,
    [targets, client],
  );
  return rows.map((row) => ({
    newest: row.seq === null ? null : toDecision(row as unknown as DecisionRow),
    applied: row.applied ?? 0,
    schema: row.schema,
  }));
}

async function appliedTally(query: Query, client: string): Promise<number> {
  const [row] = await query<{ applied: number }>('SELECT applied FROM tallies WHERE client = $1', [client]);
  return row?.applied ?? 0;
}

export async function runsSince(
  query: Query,
  playbook: string,
  counted: 'live' | 'rehearsal',
  since: number,
): Promise<readonly (PastRun & { readonly resource: string; readonly host: string | null })[]> {
  const rows = await query<{
    counted_at: number;
    state: string;
    outcome: string | null;
    resource: string;
    host: string | null;
  }>(
    `SELECT counted_at, state, outcome, resource, host FROM executions
     WHERE playbook = $1 AND counts_as = $2 AND counted_at + 1 > $3 ORDER BY counted_at + 1 DESC LIMIT ${MOST_RUNS}`,
    [playbook, counted, since],
  );
  return rows.map(({ counted_at, state, outcome, resource, host }) => ({
    started_at: counted_at,
    state: runState(state, outcome),
    resource,
    host,
  }));
}

export async function unfinishedExecutions(query: Query): Promise<readonly Unfinished[]> {
  const rows = await query<
    ExecutionRow &
      Omit<Instance, 'id'> & {
        instance: string | null;
        fence: number;
        heartbeat_at: number | null;
        process_pid: number | null;
        process_started: number;
      }
  >(
    `SELECT executions.*, instances.id AS instance, host_key, pid, pid_started, heartbeat_at
     FROM executions LEFT JOIN instances ON instances.id = owner_id WHERE finished_at IS NULL ORDER BY playbook, seq + 1`,
  );
  return rows
    .toSorted((a, b) => a.seq - b.seq)
    .map((row) => ({
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

/** Of one moment. */
export async function summarize(query: Query, now: number, tallies: TallyBook, client: string): Promise<LedgerSummary> {
  const counters = await query<CounterRow>('SELECT kind, a, b, c, count FROM counters');
  const types = await query<{ name: string }>('SELECT name FROM prediction_types');
  const applied = await appliedTally(query, client);
  const [week] = await query<LedgerSummary['week']>(
    `SELECT count(*) FILTER (WHERE state = 'succeeded') AS success, count(*) FILTER (WHERE state <> 'succeeded') AS failure
     FROM executions WHERE finished_at > $1 AND counts_as || '' = 'live'`,
    [now - WEEK],
  );
  const [last] = await query<{ at: number | null }>(
    `SELECT greatest((SELECT max(finished_at) FROM executions), (SELECT at FROM notes WHERE name = 'last_pass')) AS at`,
  );
  const in_progress = await query<LedgerSummary['in_progress'][number]>(
    'SELECT playbook, count(*) AS count FROM executions WHERE finished_at IS NULL GROUP BY playbook',
  );
  const reports_pending = await query<LedgerSummary['reports_pending'][number]>(
    'SELECT channel, count(*) AS count FROM reports GROUP BY channel',
  );
  const rows = { week: week!, last_run_at: last!.at, in_progress, reports_pending };
  return summaryOf({ ...rows, counters, types: types.map(({ name }) => name), applied }, tallies);
}
