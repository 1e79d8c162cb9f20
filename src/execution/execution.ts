import type { Mode, Trigger } from '../decision/decision.ts';
import type { Prediction } from '../prediction/prediction.ts';

/** Whether a run helped: what was expected came true, did not, or cannot be told. */
export type Outcome = 'effective' | 'ineffective' | 'unknown';

/** States that an execution passes through, in order. */
export const UNFINISHED_STATES = ['claimed', 'checking', 'dry_run', 'awaiting_approval', 'running'] as const;
/** States that an execution ends in. */
export const FINAL_STATES = [
  'succeeded',
  'failed',
  'rejected',
  'dry_run_failed',
  'nothing_to_do',
  'dry_run_only',
  'expired',
  'denied',
  'interrupted',
] as const;

export type UnfinishedState = (typeof UNFINISHED_STATES)[number];
export type FinalState = (typeof FINAL_STATES)[number];
export type ExecutionState = UnfinishedState | FinalState;
/** States that people are told of. */
export type ReportedState = FinalState | 'awaiting_approval';

export function isFinal(state: ExecutionState): state is FinalState {
  return (FINAL_STATES as readonly string[]).includes(state);
}

export interface CheckResult {
  /** The expression as written. */
  readonly check: string;
  /** What the fact answered; null where it could not be had. */
  readonly value: number | boolean | null;
  readonly passed: boolean;
  /** Why it did not pass, or what was compared; for people. */
  readonly message: string;
}

/** What a playbook may write to its result file; every field is optional there. */
export interface PlaybookResult {
  readonly summary: string | null;
  /** How many things it would change (dry run) or changed; null where it does not say. */
  readonly changes: number | null;
  readonly freed_bytes: number | null;
  readonly downtime_seconds: number | null;
  /** Services that it touches. */
  readonly affects: readonly string[];
}

/**
 * How one phase of a playbook ended. One shape for success, failure, time-out, cancel and could-not-start: it succeeded
 * exactly when `error` is null.
 */
export interface PhaseOutcome {
  /** Null where it did not exit by itself (killed by a signal, timed out, never started). */
  readonly exit_code: number | null;
  readonly duration_seconds: number;
  readonly result: PlaybookResult | null;
  /**
   * Bytes in use on the file system that the target resource is on, just before and just after. Null for a dry run, for a
   * resource that is no path, and where they could not be had.
   */
  readonly used_bytes: { readonly before: number; readonly after: number } | null;
  /** Why it failed, in one sentence; the first reason wins. Null: success. */
  readonly error: string | null;
}

/** Who confirmed or denied an execution that waited for it. */
export interface Answered {
  /** Name of the token, or `cli:USER`. */
  readonly by: string;
  /** Address that the answer came from; null for the command line. */
  readonly from: string | null;
  readonly at: number;
}

/** One remediation on record, from the claim to its end. Instants are epoch milliseconds. */
export interface Execution {
  readonly id: string;
  readonly state: ExecutionState;
  readonly playbook: string;
  /** Id of the mapping that approved it. */
  readonly mapping: string;
  readonly prediction: Prediction;
  readonly decision_id: string;
  readonly trigger: Trigger;
  readonly mode: Mode;
  readonly claimed_at: number;
  /** Start of the real run; null without one. */
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly safety_checks: readonly CheckResult[];
  readonly dry_run: PhaseOutcome | null;
  readonly run: PhaseOutcome | null;
  /** When it is found out whether the run helped; null where that is not asked: only a run that succeeded is verified. */
  readonly verify_at: number | null;
  /** When that was found out. */
  readonly verified_at: number | null;
  /** Null until it was verified; written once. */
  readonly outcome: Outcome | null;
  /** Why, in one sentence; null with `outcome`. */
  readonly outcome_message: string | null;
  /** Days until critical at the claim; null: no crossing. */
  readonly days_before: number | null;
  /** Days until critical when it was verified; null: the prediction is gone or has no crossing, or nothing is known. */
  readonly days_after: number | null;
  /** Null: it did not wait for confirmation, or nobody has answered yet. */
  readonly answered: Answered | null;
  /** One sentence that says how it stands or how it ended. */
  readonly message: string;
}
