import type { AlertSituation, Decision, DecisionInput, Facts, Mode } from '../decision/decision.ts';
import type { FinalState, Outcome, UnfinishedState } from '../execution/execution.ts';
import type { Target } from '../prediction/prediction.ts';

/**
 * What a decision was made of beside what its row holds anyway (instant, trigger, target, prediction) and what can be
 * rebuilt from the executions on record (cooldowns, limits, what was under way).
 */
export interface Basis
  extends Pick<
    DecisionInput,
    'mode' | 'prediction_problem' | 'mapping' | 'unsafe_value' | 'fleet' | 'silence' | 'consecutive' | 'policy'
  > {
  readonly mode: Mode;
  readonly alert: AlertSituation | null;
  /** In force then. */
  readonly pauses: Facts['pauses'];
  readonly proof: Facts['proof'];
}

/** A decision on record. `basis` is null where it was made before bases were kept. */
export interface PastDecision {
  readonly decision: Omit<Decision, 'gates'>;
  readonly basis: Basis | null;
}

/** What an execution meant for the decisions after it. Instants are epoch milliseconds. */
export interface PastExecution {
  readonly id: string;
  readonly playbook: string;
  readonly target: Target;
  readonly mode: Mode;
  readonly claimed_at: number;
  /** As what, and since when, it counts towards cooldowns and limits; null: it does not. */
  readonly counts_as: 'live' | 'rehearsal' | null;
  readonly counted_at: number | null;
  readonly state: UnfinishedState | FinalState;
  readonly finished_at: number | null;
  readonly verify_at: number | null;
  readonly verified_at: number | null;
  readonly outcome: Outcome | null;
}

/** The past as it is read to be decided on again: every answer is complete, and read in pages. */
export interface PastStore {
  /** Those made since an instant, in the order in which they went on record. */
  decisions(since: number): AsyncIterable<PastDecision>;
  /** All of them, in the order of their claims. */
  executions(): AsyncIterable<PastExecution>;
}

/** `mapping` without what no gate asks: parameters may hold what is not for a record, checks are long. */
export function basisOf(input: DecisionInput, { pauses, proof }: Facts): Basis {
  const { mode, alert, prediction_problem, mapping, unsafe_value, fleet, silence, consecutive, policy } = input;
  return {
    mode,
    alert,
    prediction_problem,
    mapping: mapping === null ? null : { ...mapping, safety_checks: [], action: { ...mapping.action, parameters: {} } },
    unsafe_value,
    fleet,
    silence,
    consecutive,
    policy,
    pauses,
    proof,
  };
}
