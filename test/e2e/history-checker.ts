import { deliveryProblems, rowProblems, stepProblems } from './history-checker-record.ts';
import { reportProblems } from './history-checker-reports.ts';
import { limitProblems, startProblems } from './history-checker-starts.ts';

/**
 * Judges services by witnesses that do not know each other: what was sent and answered, what the ledger holds (and, where
 * somebody looked on, how it came to hold it), what the playbooks themselves wrote, and what people were told. Instants are
 * epoch milliseconds of one clock.
 */
export interface History {
  /** Deliveries with a 2xx count as accepted; what was answered otherwise, or not at all, promises nothing. */
  readonly deliveries: readonly Delivery[];
  readonly executions: readonly ExecutionRow[];
  readonly decisions: readonly DecisionRow[];
  /**
   * As the playbooks write them: `run EXECUTION_ID ARGUMENTS`, `run-end EXECUTION_ID`, and the same of `dry_run`; a last word
   * `@MILLISECONDS` says when.
   */
  readonly records: readonly string[];
  /** Milliseconds between two starts in a scope. */
  readonly cooldown: number;
  /** Most real runs over all in `cooldown`, where there is such a limit. */
  readonly mostRuns?: number;
  readonly limits?: readonly Limit[];
  /** Every write of an execution, in the order in which they were committed. */
  readonly steps?: readonly Step[];
  /** What reached people. */
  readonly told?: readonly Told[];
  /** Executions whose end is still to be told, as the ledger says. */
  readonly untold?: readonly string[];
  /** When processes could not do their work, for what only that excuses. */
  readonly outages?: readonly Outage[];
}

export interface Delivery {
  /** Null: the connection ended without an answer. */
  readonly status: number | null;
  readonly decisions: readonly AnsweredDecision[];
  /** Who answered. */
  readonly process?: string;
}

export interface AnsweredDecision {
  /** Empty for what is not kept. */
  readonly id: string;
  readonly verdict: string;
  readonly reason: string;
  readonly execution_id: string | null;
}

export interface ExecutionRow {
  readonly id: string;
  readonly state: string;
  readonly playbook: string;
  readonly resource: string;
  readonly host: string | null;
  /** Within what the cooldown holds. */
  readonly scope: string;
  readonly decision_id: string;
  readonly claimed_at: number;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly counts_as: string | null;
}

export interface DecisionRow {
  readonly id: string;
  readonly verdict: string;
  readonly reason: string;
  readonly execution_id: string | null;
  readonly repeats: number;
}

/** At most `runs` starts in any `per` milliseconds, over all or within each scope, of one playbook or of any. */
export interface Limit {
  readonly runs: number;
  readonly per: number;
  readonly within: 'scope' | 'all';
  readonly playbook?: string;
}

/** An execution as one write left it. */
export interface Step {
  readonly id: string;
  readonly at: number;
  readonly state: string;
  readonly fence: number;
  readonly started_at: number | null;
  readonly finished_at: number | null;
}

/** A report about the end of an execution that arrived and was taken. */
export interface Told {
  readonly execution_id: string;
  readonly at: number;
  readonly process: string;
}

export interface Outage {
  readonly process: string;
  /** Ended for good, paused, or without a way to the store. */
  readonly how: 'killed' | 'stopped' | 'cut';
  readonly from: number;
  readonly until: number;
}

/** Every way in which the witnesses contradict the contract or each other, `RULE: a sentence` each; none when all is well. */
export function problemsOf(history: History): string[] {
  return [
    ...startProblems(history),
    ...limitProblems(history),
    ...deliveryProblems(history),
    ...rowProblems(history),
    ...stepProblems(history),
    ...reportProblems(history),
  ];
}
