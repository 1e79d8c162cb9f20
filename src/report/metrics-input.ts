import type { Proof, Standing } from '../accuracy/proof.ts';
import type { Escalated } from '../execution/escalated.ts';
import type { ReportChannel } from '../execution/report.ts';
import type { LedgerSummary } from '../execution/summary.ts';
import type { ActionMapping } from '../mapping/mapping.ts';
import type { DeliveryResult } from './delivery.ts';
import type { ExportedPrediction } from './prediction-families.ts';

export interface SourceState {
  readonly source: string;
  readonly up: boolean;
  /** Epoch milliseconds; null before the first success. */
  readonly last_success: number | null;
}

/** What is left to a playbook, in the scope that is worst off. */
export interface Budget {
  readonly playbook: string;
  /** Epoch milliseconds; null: it is not cooling down. */
  readonly cooldown_until: number | null;
  readonly weekly_executions: number;
  /** Null: no limit. */
  readonly weekly_limit: number | null;
  readonly circuit_open: boolean;
  /** Days that the last verified run gained; absent or null before there is one. */
  readonly days_gained?: number | null;
  /** When the first of its deferred alerts is decided on again, epoch milliseconds; absent or null: none has such a time. */
  readonly next_attempt_at?: number | null;
}

export interface ServiceState {
  /** False while the mapping disables remediation or a pause holds. */
  readonly enabled: boolean;
  readonly dry_run_mode: boolean;
  readonly config_last_reload_successful: boolean;
  /** Epoch milliseconds. */
  readonly config_last_reload_success_at: number;
}

/** How forecasts did, by type and by source; what nothing was scored for is null. */
export interface Scores {
  readonly types: readonly {
    readonly prediction_type: string;
    readonly absolute_error_days: number | null;
    readonly brier_score: number | null;
  }[];
  readonly sources: readonly {
    readonly prediction_type: string;
    readonly source: string;
    readonly proof: Proof;
    readonly standing: Standing;
  }[];
}

/** Where the values come from. Everything is asked anew for each rendering; whatever fails leaves only its own families out. */
export interface MetricsOptions {
  readonly version: string;
  /** The current predictions; one that is not in the list any more is not exported any more. */
  readonly predictions: () => Promise<readonly ExportedPrediction[]>;
  readonly sources: () => readonly SourceState[];
  readonly summary: () => Promise<LedgerSummary>;
  readonly budgets: () => Promise<readonly Budget[]>;
  /** The playbook of each execution that waits for a person's answer. */
  readonly awaiting: () => Promise<readonly string[]>;
  /** The targets that a person has to act on now. */
  readonly escalated: () => Promise<readonly Escalated[]>;
  readonly state: () => ServiceState | Promise<ServiceState>;
  /** Names of the configured playbooks: their series exist from the start, at zero. */
  readonly playbooks: () => readonly string[];
  /** Decisions on types that it does not name are counted as `other`: alert text must not make series. */
  readonly mapping: () => Pick<ActionMapping, 'mappings'>;
  readonly scores: () => Promise<Scores>;
  /** Hears of every read that failed. */
  readonly onProblem?: (what: string, error: unknown) => void;
  /** How long one read may take, milliseconds; default 3,000. */
  readonly readTimeout?: number;
}

export interface Metrics {
  /** For the answer's `Content-Type`. */
  readonly contentType: string;
  /** All families, the process's own included. Never rejects. */
  render(): Promise<string>;
  /** Our families alone, for the textfile collector. Never rejects. */
  textfile(): Promise<string>;
  phaseEnded(phase: { readonly playbook: string; readonly phase: 'dry_run' | 'run'; readonly seconds: number }): void;
  notified(report: { readonly channel: ReportChannel; readonly result: DeliveryResult }): void;
  webhookAlerts(delivery: {
    readonly receiver: 'alertmanager' | 'grafana';
    readonly status: 'firing' | 'resolved';
    readonly count: number;
  }): void;
  /** A delivery to the webhook that could be read, epoch milliseconds. */
  webhookDelivered(at: number): void;
  /** A body that the webhook did not take; `code` is that of its answer. */
  webhookRefused(code: string): void;
  /** Whether the newest rows of the ledger, and what was forgotten of it, were what its hash chain says. */
  ledgerChain(fits: boolean): void;
  /** Alerts that the sender cut off. */
  webhookTruncated(count: number): void;
}

/** What one rendering shows; null where it could not be had. */
export interface Readings {
  readonly predictions: readonly ExportedPrediction[] | null;
  readonly sources: readonly SourceState[] | null;
  readonly summary: LedgerSummary | null;
  readonly budgets: readonly Budget[] | null;
  readonly awaiting: readonly string[] | null;
  readonly escalated: readonly Escalated[] | null;
  readonly state: ServiceState | null;
  readonly scores: Scores | null;
}

/** Asks everything at once; each read fails, or is too slow, for itself. */
export async function readAll(options: MetricsOptions): Promise<Readings> {
  const attempt = <T>(what: string, read: () => T | Promise<T>): Promise<T | null> =>
    within(options.readTimeout ?? 3000, read).catch((error: unknown) => {
      options.onProblem?.(what, error);
      return null;
    });
  const [predictions, sources, summary, budgets, awaiting, escalated, state, scores] = await Promise.all([
    attempt('predictions', options.predictions),
    attempt('sources', options.sources),
    attempt('summary', options.summary),
    attempt('budgets', options.budgets),
    attempt('awaiting', options.awaiting),
    attempt('escalated', options.escalated),
    attempt('state', options.state),
    attempt('scores', options.scores),
  ]);
  return { predictions, sources, summary, budgets, awaiting, escalated, state, scores };
}

async function within<T>(milliseconds: number, read: () => T | Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds);
  try {
    return await Promise.race([(async () => read())(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
