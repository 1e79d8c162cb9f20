import type { Decision } from '../decision/decision.ts';
import type { Execution } from './execution.ts';

export type ReportChannel = 'discord' | 'context_log';

/** What is told: an execution that ended, or a decision that people have to act on. */
export type ReportSubject =
  | { readonly kind: 'execution'; readonly execution: Execution }
  | { readonly kind: 'escalation'; readonly decision: Decision };

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
