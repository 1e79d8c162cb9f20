import { type DecisionInput, type Facts, NO_FACTS, type PastRun, type Pause } from '../../decision/decision.ts';
import type { LimitScope, Mapping } from '../../mapping/mapping.ts';
import type { Target } from '../../prediction/prediction.ts';
import { targetText } from './rows.ts';
import type { Sql } from './statements.ts';

/** Where cooldown, limits and `in_progress` of an action hold, for one target. */
export interface Scope {
  readonly playbook: string;
  readonly by: LimitScope;
  /** The resource or host; null for the scope of a playbook, and for a target without host. */
  readonly value: string | null;
}

export type CountsAs = 'live' | 'rehearsal';

/** The questions that facts are made of. None depends on the time, so that answers hold until the store changes. */
export interface FactReads {
  /** All that are set, ended or not. */
  pauses(): readonly Pause[];
  unfinished(scope: Scope, except: string | null): Facts['unfinished'];
  /** Newest first, at most `limit`. */
  runs(scope: Scope, countsAs: CountsAs, limit: number, except: string | null): readonly PastRun[];
  allRuns(countsAs: CountsAs, limit: number, except: string | null): readonly number[];
  /** The newest end of the target that was not a run, however old. */
  stopped(target: string, except: string | null): Facts['stopped'];
  /** The real run of the target that is verified last, of those whose outcome is not known yet. */
  settling(target: string, except: string | null): Facts['settling'];
}

export function scopeOf(mapping: Mapping, target: Target): Scope {
  const { playbook, limit_scope: by } = mapping.action;
  return { playbook, by, value: by === 'playbook' ? null : by === 'resource' ? target.resource : target.host };
}

export function scopeText(scope: Scope): string {
  return JSON.stringify([scope.playbook, scope.by, scope.value]);
}

export function gatherFacts(reads: FactReads, input: DecisionInput, except: string | null): Facts {
  const pauses = reads.pauses().filter(({ until }) => until === null || until > input.now);
  const { mapping, policy } = input;
  const target = input.target ?? input.prediction;
  if (mapping === null || target === null) return { ...NO_FACTS, pauses };

  const scope = scopeOf(mapping, target);
  const countsAs = policy.dry_run_mode ? 'rehearsal' : 'live';
  const { max_executions_per_week, limits } = mapping.action;
  const most = Math.max(
    1,
    max_executions_per_week ?? 0,
    policy.circuit_breaker.failures,
    ...limits.map((limit) => limit.runs),
  );
  const stopped = reads.stopped(targetText(target), except);
  return {
    pauses,
    unfinished: reads.unfinished(scope, except),
    runs: reads.runs(scope, countsAs, most, except),
    all_runs: reads.allRuns(countsAs, policy.max_daily_executions ?? 0, except),
    stopped: stopped !== null && stopped.at >= input.now - policy.retry_after ? stopped : null,
    settling: countsAs === 'live' ? reads.settling(targetText(target), except) : null,
  };
}

/** Column that narrows a scope; each has an index that answers without touching the rows. */
const NARROWED: Readonly<Record<LimitScope, string>> = {
  playbook: '',
  resource: 'AND resource IS ?',
  host: 'AND host IS ?',
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
        `SELECT id AS execution_id, state, claimed_at FROM executions INDEXED BY executions_unfinished
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
  };
}

/** The state of something that counts as a run, with its outcome where that is known. */
export function runState(state: string, outcome: string | null): PastRun['state'] {
  switch (state) {
    case 'succeeded':
      return outcome === 'ineffective' ? 'ineffective' : state;
    case 'failed':
    case 'interrupted':
    case 'dry_run_only':
      return state;
    case 'dry_run':
    case 'awaiting_approval':
    case 'running':
      return 'running';
    default:
      return 'failed';
  }
}
