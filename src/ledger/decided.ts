import type { Decision, DecisionInput, Draft } from '../decision/decision.ts';

/** What only the record knows about a decision. */
export interface OnRecord {
  readonly id: string;
  readonly execution_id: string | null;
  readonly repeats: number;
  readonly last_at: number;
}

/** The decision that an input and its draft make, under the given place on record. */
export function decided(input: DecisionInput, draft: Draft, record: OnRecord): Decision {
  return {
    id: record.id,
    decided_at: input.now,
    trigger: input.trigger,
    alertname: input.alert?.alertname ?? null,
    fingerprint: input.alert?.fingerprint ?? null,
    target: input.target,
    prediction: input.prediction,
    mapping: input.mapping?.id ?? null,
    playbook: input.mapping?.action.playbook ?? null,
    verdict: draft.verdict,
    reason: draft.reason,
    message: draft.message,
    gates: draft.gates,
    next_attempt_at: draft.next_attempt_at,
    execution_id: record.execution_id,
    repeats: record.repeats,
    last_at: record.last_at,
  };
}
