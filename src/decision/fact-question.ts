import { mostCounted, proofOf } from '../accuracy/proof.ts';
import type { LimitScope, Mapping } from '../mapping/mapping.ts';
import { type Prediction, type Target, targetKey } from '../prediction/prediction.ts';
import { type DecisionInput, type Facts, NO_FACTS, type PastRun, type Pause, type TouchedHost } from './decision.ts';

/** Where cooldown, limits and `in_progress` of an action hold, for one target. */
export interface Scope {
  readonly playbook: string;
  readonly by: LimitScope;
  /** The resource or host; null for the scope of a playbook, and for a target without host. */
  readonly value: string | null;
}

const MINUTE = 60_000;

export type CountsAs = 'live' | 'rehearsal';

/** What a store is asked for the facts of one input. Nothing of it depends on the time, but `hosts_since` on the minute. */
export interface FactQuestion {
  readonly scope: Scope;
  readonly target: string;
  readonly counts_as: CountsAs;
  /** So many of the scope's newest runs. */
  readonly runs: number;
  /** So many of the newest runs of all playbooks. */
  readonly all_runs: number;
  /** Hosts of the playbook are asked for, of runs since this instant and of live claims; null: none. */
  readonly hosts_since: number | null;
  readonly settling: boolean;
  /** Whose scored forecasts are asked for, and how many of the newest; null: nobody's. */
  readonly forecaster: { readonly source: string; readonly prediction_type: string; readonly most: number } | null;
  /** The execution that is left out. */
  readonly except: string | null;
}

/** A forecast that would have been acted on, and was scored. */
export interface JudgedForecast {
  readonly closes_at: number;
  readonly came_true: boolean;
}

/**
 * What it answers; `stopped` is the newest end of the target that was not a run, however old. `judged`: those whose window
 * closed last. A host may stand in `hosts` more than once.
 */
export interface FactAnswer extends Omit<Facts, 'pauses' | 'proof'> {
  readonly judged: readonly JudgedForecast[];
}

export function scopeOf(mapping: Mapping, target: Target): Scope {
  const { playbook, limit_scope: by } = mapping.action;
  return { playbook, by, value: by === 'playbook' ? null : by === 'resource' ? target.resource : target.host };
}

export function scopeText(scope: Scope): string {
  return JSON.stringify([scope.playbook, scope.by, scope.value]);
}

const asked = new WeakMap<Prediction, { readonly input: DecisionInput; readonly question: FactQuestion | null }>();

/**
 * Null where only pauses are to be known. Of one known prediction the same object as before, as long as mapping, policy and
 * target are the same: answers can be kept by it.
 */
export function questionOf(input: DecisionInput, except: string | null): FactQuestion | null {
  const { prediction, mapping } = input;
  const isKept = prediction !== null && prediction.source !== 'alert' && except === null;
  if (!isKept || mapping === null || mapping.action.blast_radius !== null) return newQuestion(input, except);
  const known = asked.get(prediction);
  if (known !== undefined && asksTheSame(known.input, input)) return known.question;
  const question = newQuestion(input, null);
  asked.set(prediction, { input, question });
  return question;
}

function asksTheSame(a: DecisionInput, b: DecisionInput): boolean {
  return (
    a.mapping === b.mapping &&
    a.policy === b.policy &&
    a.target?.prediction_type === b.target?.prediction_type &&
    a.target?.resource === b.target?.resource &&
    a.target?.host === b.target?.host
  );
}

function newQuestion(input: DecisionInput, except: string | null): FactQuestion | null {
  const { mapping, policy, prediction } = input;
  const target = input.target ?? input.prediction;
  if (mapping === null || target === null) return null;
  const { max_executions_per_week, limits, blast_radius } = mapping.action;
  const counts_as = policy.dry_run_mode ? 'rehearsal' : 'live';
  return {
    scope: scopeOf(mapping, target),
    target: targetKey(target),
    counts_as,
    runs: Math.max(
      1,
      max_executions_per_week ?? 0,
      policy.circuit_breaker.failures,
      ...limits.map((limit) => limit.runs),
    ),
    all_runs: policy.max_daily_executions ?? 0,
    hosts_since: blast_radius === null ? null : Math.floor((input.now - blast_radius.per) / MINUTE) * MINUTE,
    settling: counts_as === 'live',
    forecaster:
      prediction === null
        ? null
        : {
            source: prediction.source,
            prediction_type: prediction.prediction_type,
            most: mostCounted(policy.proof),
          },
    except,
  };
}

/** `pauses`: all that are set, ended or not. `answer`: null where nothing was asked. */
export function factsFrom(input: DecisionInput, pauses: readonly Pause[], answer: FactAnswer | null): Facts {
  const active = pauses.filter(({ until }) => until === null || until > input.now);
  if (answer === null) return { ...NO_FACTS, pauses: active };
  const { stopped, judged, hosts, ...others } = answer;
  return {
    ...others,
    hosts: eachOnce(hosts),
    pauses: active,
    stopped: stopped !== null && stopped.at >= input.now - input.policy.retry_after ? stopped : null,
    proof: input.prediction === null ? null : proofOf(judged, input.policy.proof, input.now),
  };
}

/** A host by its newest run; a claim that has not begun is newer than any. */
function eachOnce(hosts: readonly TouchedHost[]): readonly TouchedHost[] {
  const newest = new Map<string | null, number | null>();
  for (const { host, at } of hosts) {
    const known = newest.get(host);
    newest.set(host, known === null || at === null ? null : Math.max(known ?? at, at));
  }
  return [...newest].map(([host, at]) => ({ host, at }));
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
