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

export interface Report extends ReportDraft {
  readonly id: number;
  readonly created_at: number;
  readonly attempts: number;
}
