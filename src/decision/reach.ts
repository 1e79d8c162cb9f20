import { mostCounted, PROOF_PERIOD, type ProofDemand } from '../accuracy/proof.ts';
import type { ActionMapping, GlobalSettings } from '../mapping/mapping.ts';
import type { Policy } from './decision.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Runs that show a masked problem lie within 30 days of each other, and are compared with those before them. */
const MASKING = 60 * DAY;

/** How far into the past decisions look: what a store must not forget. */
export interface Reach {
  /** The longest cooldown, window or period, milliseconds. */
  readonly window: number;
  /** So many of a scope's newest runs are asked for at most, however old; one more than any gate compares. */
  readonly runs: number;
  /** The same over all playbooks. */
  readonly all_runs: number;
  /** So many of the newest judged forecasts of a source and type. */
  readonly judged: number;
}

/** A stretch of time that a mapping looks back over. */
export interface LookBack {
  /** Where it is said, such as `mappings[0].action.cooldown_hours`. */
  readonly said_in: string;
  /** Milliseconds. */
  readonly length: number;
}

/** What a mapping says of the past. */
export function lookBacksOf({ mappings }: Pick<ActionMapping, 'mappings'>): readonly LookBack[] {
  return mappings.flatMap(({ action }, at) => {
    const path = `mappings[${at}].action`;
    return [
      { said_in: `${path}.cooldown_hours`, length: action.cooldown_hours * HOUR },
      ...action.limits.map(({ per }, place) => ({ said_in: `${path}.limits[${place}].per`, length: per })),
      ...(action.blast_radius === null
        ? []
        : [{ said_in: `${path}.blast_radius.per`, length: action.blast_radius.per }]),
      { said_in: `${path}.verify.after`, length: action.verify.after },
    ];
  });
}

export function reachOf(
  mapping: Pick<ActionMapping, 'mappings'> & {
    readonly global_settings: Pick<GlobalSettings, 'max_daily_executions'>;
  },
  { retry_after, circuit_breaker }: Pick<Policy, 'retry_after' | 'circuit_breaker'>,
  demand: ProofDemand,
): Reach {
  const actions = mapping.mappings.map(({ action }) => action);
  const runs = actions.flatMap(({ max_executions_per_week, limits }) => [
    max_executions_per_week ?? 0,
    ...limits.map((limit) => limit.runs),
  ]);
  return {
    window: Math.max(
      PROOF_PERIOD,
      MASKING,
      retry_after,
      circuit_breaker.reset_after,
      ...lookBacksOf(mapping).map(({ length }) => length),
    ),
    runs: Math.max(1, circuit_breaker.failures, ...runs) + 1,
    all_runs: (mapping.global_settings.max_daily_executions ?? 0) + 1,
    judged: mostCounted(demand),
  };
}
