/** What `/metrics` and the textfile take from the ledger at one instant. */
export interface LedgerSummary {
  readonly decisions: readonly {
    readonly prediction_type: string;
    readonly verdict: string;
    readonly reason: string;
    readonly count: number;
  }[];
  /** Real runs that ended, since the ledger began. */
  readonly executions: readonly {
    readonly playbook: string;
    readonly result: 'success' | 'failure' | 'interrupted';
    readonly count: number;
  }[];
  /** Real runs that ended in the trailing seven days; `interrupted` is a failure here. */
  readonly week: { readonly success: number; readonly failure: number };
  /** End of the newest finished execution or `run` pass, epoch milliseconds; null without one. */
  readonly last_run_at: number | null;
  /** Runs whose outcome is `effective`. */
  readonly prevented_incidents: number;
  readonly outcomes: readonly { readonly playbook: string; readonly outcome: string; readonly count: number }[];
  /** Forecasts that were compared with what happened, since the ledger began. */
  readonly scored: readonly { readonly prediction_type: string; readonly count: number }[];
  /** Unfinished executions. */
  readonly in_progress: readonly { readonly playbook: string; readonly count: number }[];
  readonly reports_pending: readonly { readonly channel: string; readonly count: number }[];
}
