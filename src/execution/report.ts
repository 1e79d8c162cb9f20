import type { Decision } from '../decision/decision.ts';
import type { Execution } from './execution.ts';
import type { Masking, VerifiedRun } from './gains.ts';

export type ReportChannel = 'discord' | 'context_log';

/**
 * What is told: an execution that ended, a decision that people have to act on, what became of a run (`runs`: the verified
 * ones of its target, newest first, itself among them), that runs only mask something, that nobody confirms an execution
 * (`expires_at`: when that is too late, epoch milliseconds), or that a source has gone wrong.
 */
export type ReportSubject =
  | { readonly kind: 'execution'; readonly execution: Execution }
  | { readonly kind: 'escalation'; readonly decision: Decision }
  | { readonly kind: 'outcome'; readonly execution: Execution; readonly runs: readonly VerifiedRun[] }
  | { readonly kind: 'masking'; readonly execution: Execution; readonly masking: Masking }
  | { readonly kind: 'unconfirmed'; readonly execution: Execution; readonly expires_at: number }
  | { readonly kind: 'source'; readonly report: SourceReport };

/** A source of predictions cannot be relied on any more. Instants are epoch milliseconds. */
export interface SourceReport {
  readonly source: string;
  /** It cannot be read; it says nothing new; it says the same under newer dates. */
  readonly trouble: 'down' | 'silent' | 'stuck';
  readonly problem: string;
  readonly since: number;
  readonly at: number;
}

/** Something that has to be told, kept until it was delivered or is seven days old. */
export interface ReportDraft {
  readonly channel: ReportChannel;
  readonly subject: ReportSubject;
}

/** A report that is off the queue: told, or given up. `at`: epoch milliseconds. */
export interface SettledReport {
  readonly channel: ReportChannel;
  readonly result: 'delivered' | 'dropped';
  /** How often it was tried. */
  readonly attempts: number;
  readonly at: number;
}

/** Where an execution was reported, or waits to be. */
export type ExecutionReport =
  | SettledReport
  | { readonly channel: ReportChannel; readonly result: 'waiting'; readonly attempts: number; readonly at: null };

export interface Report extends ReportDraft {
  readonly id: number;
  readonly created_at: number;
  readonly attempts: number;
}
