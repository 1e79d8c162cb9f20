import type { DecisionInput, Facts, PastRun, Pause, TouchedHost } from '../../decision/decision.ts';
import {
  type CountsAs,
  type FactAnswer,
  type FactQuestion,
  factsFrom,
  type JudgedForecast,
  questionOf,
  runState,
  type Scope,
} from '../../decision/fact-question.ts';
import type { LimitScope } from '../../mapping/mapping.ts';
import type { Sql } from './statements.ts';

/** The questions that facts are made of. None depends on the time, so that answers hold until the store changes. */
export interface FactReads {
  /** All that are set, ended or not. */
  pauses(): readonly Pause[];
  unfinished(scope: Scope, except: string | null): Facts['unfinished'];
  /** Newest first, at most `limit`. */
  runs(scope: Scope, countsAs: CountsAs, limit: number, except: string | null): readonly PastRun[];
  allRuns(countsAs: CountsAs, limit: number, except: string | null): readonly number[];
  /** Of a playbook: runs since an instant, and live claims that have not begun. */
  hosts(playbook: string, countsAs: CountsAs, since: number, except: string | null): readonly TouchedHost[];
  /** The newest end of the target that was not a run, however old. */
  stopped(target: string, except: string | null): Facts['stopped'];
  /** The real run of the target that is verified last, of those whose outcome is not known yet. */
  settling(target: string, except: string | null): Facts['settling'];
  /** Those whose window closed last. */
  judged(forecaster: NonNullable<FactQuestion['forecaster']>): readonly JudgedForecast[];
}

export function gatherFacts(reads: FactReads, input: DecisionInput, except: string | null): Facts {
  const question = questionOf(input, except);
  return factsFrom(input, reads.pauses(), question === null ? null : answerOf(reads, question));
}

export function answerOf(reads: FactReads, { scope, target, counts_as, except, ...asked }: FactQuestion): FactAnswer {
  return {
    unfinished: reads.unfinished(scope, except),
    runs: reads.runs(scope, counts_as, asked.runs, except),
    all_runs: reads.allRuns(counts_as, asked.all_runs, except),
    hosts: asked.hosts_since === null ? [] : reads.hosts(scope.playbook, counts_as, asked.hosts_since, except),
    stopped: reads.stopped(target, except),
    settling: asked.settling ? reads.settling(target, except) : null,
    judged: asked.forecaster === null ? [] : reads.judged(asked.forecaster),
  };
}

/** Column that narrows a scope; each has an index that answers without touching the rows, and one over what is unfinished. */
const NARROWED: Readonly<Record<LimitScope, string>> = {
  playbook: '',
  resource: 'AND resource IS ?',
  host: 'AND host IS ?',
};
const UNFINISHED: Readonly<Record<LimitScope, string>> = {
  playbook: 'executions_unfinished',
  resource: 'executions_unfinished_resource',
  host: 'executions_unfinished_host',
};

export function sqlFactReads(sql: Sql): FactReads {
  const values = (scope: Scope) => (scope.by === 'playbook' ? [scope.playbook] : [scope.playbook, scope.value]);
  const seqOf = (id: string | null) =>
    id === null
      ? null
      : ((sql('SELECT seq FROM executions WHERE id = ?').get(id)?.['seq'] as number | undefined) ?? null);
  return {
    pauses: () =>
      sql('SELECT name, reason, since, until FROM pauses ORDER BY since, name')
        .all()
        .map((row) => ({ ...row }) as unknown as Pause),

    unfinished(scope, except) {
      const row = sql(
        `SELECT id AS execution_id, state, claimed_at FROM executions INDEXED BY ${UNFINISHED[scope.by]}
         WHERE finished_at IS NULL AND playbook = ? ${NARROWED[scope.by]} AND seq IS NOT ? ORDER BY seq LIMIT 1`,
      ).get(...values(scope), seqOf(except));
      return row === undefined ? null : ({ ...row } as unknown as Facts['unfinished']);
    },

    runs: (scope, countsAs, limit, except) =>
      sql(
        `SELECT counted_at, state, outcome FROM executions
         WHERE playbook = ? ${NARROWED[scope.by]} AND counts_as = ? AND seq IS NOT ? ORDER BY counted_at DESC LIMIT ?`,
      )
        .all(...values(scope), countsAs, seqOf(except), limit)
        .map(({ counted_at, state, outcome }) => ({
          started_at: counted_at as number,
          state: runState(state as string, outcome as string | null),
        })),

    allRuns: (countsAs, limit, except) =>
      limit <= 0
        ? []
        : sql('SELECT counted_at FROM executions WHERE counts_as = ? AND seq IS NOT ? ORDER BY counted_at DESC LIMIT ?')
            .all(countsAs, seqOf(except), limit)
            .map((row) => row['counted_at'] as number),

    hosts(playbook, countsAs, since, except) {
      const seq = seqOf(except);
      const ran = sql(
        `SELECT host, max(counted_at) AS at FROM executions
         WHERE playbook = ? AND counts_as = ? AND counted_at >= ? AND seq IS NOT ? GROUP BY host`,
      ).all(playbook, countsAs, since, seq);
      const claimed = sql(
        `SELECT DISTINCT host, NULL AS at FROM executions INDEXED BY executions_claimed_hosts
         WHERE finished_at IS NULL AND playbook = ? AND mode = 'live' AND counts_as IS NULL AND seq IS NOT ?`,
      ).all(playbook, seq);
      return [...ran, ...claimed].map((row) => ({ ...row }) as unknown as TouchedHost);
    },

    stopped(target, except) {
      const row = sql(
        `SELECT state, finished_at AS at FROM executions
         WHERE target = ? AND mode = 'live' AND state IN ('rejected', 'dry_run_failed', 'nothing_to_do') AND seq IS NOT ?
         ORDER BY finished_at DESC LIMIT 1`,
      ).get(target, seqOf(except));
      return row === undefined ? null : ({ ...row } as unknown as Facts['stopped']);
    },

    settling(target, except) {
      const row = sql(
        `SELECT id AS execution_id, finished_at AS ended_at, verify_at FROM executions
         WHERE target = ? AND verify_at IS NOT NULL AND outcome IS NULL AND seq IS NOT ? ORDER BY verify_at DESC LIMIT 1`,
      ).get(target, seqOf(except));
      return row === undefined ? null : ({ ...row } as unknown as Facts['settling']);
    },

    judged: ({ source, prediction_type, most }) =>
      sql(
        `SELECT closes_at, fate FROM scores
         WHERE source = ? AND prediction_type = ? AND actionable = 1 AND fate IN ('came_true', 'did_not')
         ORDER BY closes_at DESC LIMIT ?`,
      )
        .all(source, prediction_type, most)
        .map(({ closes_at, fate }) => ({ closes_at: closes_at as number, came_true: fate === 'came_true' })),
  };
}
