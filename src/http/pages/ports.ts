import type { Budget } from '../../decision/budget.ts';
import type { Decision, Pause } from '../../decision/decision.ts';
import type { Execution } from '../../execution/execution.ts';
import type { ExecutionReport } from '../../execution/report.ts';
import type { Mapping } from '../../mapping/mapping.ts';
import type { Forecasted, Unforecast } from '../../prediction/forecasted.ts';
import type { Prediction, Target } from '../../prediction/prediction.ts';

/** Whether playbooks may run, and who holds them back. */
export interface Automation {
  /** The strongest that holds: disabled in the mapping, paused, dry runs only, or live. */
  readonly mode: 'disabled' | 'paused' | 'dry_run' | 'live';
  readonly dry_run_mode: boolean;
  /** Those in force. */
  readonly pauses: readonly Pause[];
}

/** What the gates say now to one prediction. */
export interface OutlookItem {
  readonly prediction: Prediction;
  readonly stale: boolean;
  /** True where the service made it and can show why. */
  readonly forecast: boolean;
  readonly mapping: Mapping | null;
  /** With every gate; not on record. */
  readonly decision: Decision;
  /** True where it would wait for somebody to approve it. */
  readonly asks: boolean;
}

export interface Outlook {
  readonly total: number;
  readonly stale: number;
  /** Fresh before stale, then the earliest crossing first. */
  readonly items: readonly OutlookItem[];
  /** What was to be forecast and could not be. */
  readonly none: readonly Unforecast[];
  readonly sources: readonly { readonly source: string; readonly up: boolean; readonly problem: string | null }[];
}

export interface PlaybookBudget extends Budget {
  /** When cooldown, weekly limit and circuit breaker all let it run again; null: now; Infinity: not by waiting. */
  readonly next_possible_at: number | null;
}

export interface Budgets {
  readonly playbooks: readonly PlaybookBudget[];
  /** Runs of all playbooks in the trailing 24 hours. */
  readonly daily_executions: number;
  /** Null: no limit. */
  readonly daily_limit: number | null;
}

/** What the status page shows beside the API's ports. */
export interface PagePort {
  /** Epoch milliseconds. */
  now(): number;
  /** Changes whenever anything that a page shows may have changed, by whatever process. */
  version(): Promise<string>;
  automation(): Promise<Automation>;
  /** `count` predictions from place `from` on. */
  outlook(from: number, count: number): Promise<Outlook>;
  /** The forecast that the current prediction of this comes from; null where it is none of our own. */
  forecastOf(target: Target): Promise<{ readonly forecasted: Forecasted; readonly mapping: Mapping | null } | null>;
  budgets(): Promise<Budgets>;
  unfinished(): Promise<readonly Execution[]>;
  decision(id: string): Promise<Decision | null>;
  /** Where an execution was reported, or waits to be. */
  reportsOf(executionId: string): Promise<readonly ExecutionReport[]>;
  /** The end of a phase's captured output; null where there is none. */
  outputTail(id: string, phase: 'dry_run' | 'run'): Promise<OutputTail | null>;
}

export interface OutputTail {
  readonly text: string;
  /** Length of the whole, bytes. */
  readonly size: number;
  /** True where `text` is only the end. */
  readonly cut: boolean;
}
