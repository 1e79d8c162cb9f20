import type { ActionMapping } from '../mapping/mapping.ts';
import type { Target } from '../prediction/prediction.ts';
import type { SelfAddress } from './address.ts';
import type { AlertmanagerConfig } from './alertmanager-config.ts';
import type { Labels, RegexMatches } from './matcher.ts';

/** Why a server gave no usable answer. */
export interface Trouble {
  /** `refused`: a status that is no answer to the question; `unreadable`: an answer in another form. */
  readonly kind: 'unreachable' | 'timeout' | 'unauthorized' | 'refused' | 'unreadable';
  /** Names the server, never credentials. */
  readonly message: string;
}

export type Asked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly trouble: Trouble };

/** A rule as `forestall rules` writes it. Durations are milliseconds. */
export interface ExpectedRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: number;
  readonly keep_firing_for: number;
  readonly labels: Labels;
  readonly annotations: Labels;
}

/** An alerting rule as Prometheus has loaded it. */
export interface LoadedRule extends ExpectedRule {
  readonly file: string;
  readonly group: string;
  readonly interval: number;
  readonly health: string;
  readonly last_error: string;
  /** Epoch milliseconds by Prometheus's clock; null: never yet. */
  readonly last_evaluation: number | null;
}

export interface ScrapeTarget {
  readonly url: string;
  readonly labels: Labels;
  readonly health: string;
  readonly last_error: string;
  /** Epoch milliseconds by Prometheus's clock; null: never yet. */
  readonly last_scrape: number | null;
  /** Milliseconds; null where this version does not say. */
  readonly interval: number | null;
}

/** One `forestall_build_info` in Prometheus. */
export interface ScrapedInstance {
  readonly labels: Labels;
  /** `process_start_time_seconds` of the process that was scraped. */
  readonly start: number;
}

export interface PrometheusFacts {
  /** As shown to people, without credentials. */
  readonly url: string;
  readonly version: Asked<string>;
  readonly rules: Asked<readonly LoadedRule[]>;
  /** Expressions in Prometheus's own way of writing, where they had to be asked for. */
  readonly formatted: ReadonlyMap<string, string>;
  readonly targets: Asked<readonly ScrapeTarget[]>;
  readonly instances: Asked<readonly ScrapedInstance[]>;
  /** Label sets of `prediction_days_until_critical`, with `exported_…` labels. */
  readonly predictions: Asked<readonly Labels[]>;
  readonly alertmanagers: Asked<{ readonly active: readonly string[]; readonly dropped: readonly string[] }>;
  readonly settings: Asked<{ readonly external_labels: Labels; readonly relabels_alerts: boolean }>;
  /** Whether it could load its configuration when it was last told to; null where it does not say. */
  readonly reloaded: boolean | null;
  /** The time by its clock when it was asked, epoch milliseconds; null where it could not be asked. */
  readonly time: number | null;
  /** How far its clock is ahead of this machine's, milliseconds; null where it could not be asked. */
  readonly clock_ahead: number | null;
}

export interface DeliveryCounts {
  readonly requests: number;
  readonly failed: number;
}

export interface AlertmanagerFacts {
  readonly url: string;
  readonly version: Asked<string>;
  readonly config: Asked<AlertmanagerConfig>;
  /** Over the integration `webhook`, since its start. */
  readonly deliveries: Asked<DeliveryCounts>;
  readonly reloaded: boolean | null;
  readonly clock_ahead: number | null;
  /** A silence that covers an alert with these labels, in words; null when none does. */
  readonly silencedBy: Asked<(labels: Labels) => string | null>;
  /** Token files of receivers that can be read here: whether one holds a token of this service. */
  readonly token_files: ReadonlyMap<string, boolean>;
}

export interface ServiceFacts {
  /** Where it was asked. */
  readonly url: string;
  readonly healthy: Asked<true>;
  /** The same at `external_url`; null where that is the same address. */
  readonly external: Asked<true> | null;
  readonly metrics: Asked<{
    /** `process_start_time_seconds`; null where it is absent. */
    readonly start: number | null;
    /** Firing alerts that arrived by webhook since its start. */
    readonly received: number;
  }>;
  /** Names and reasons of pauses in one line, empty without one; null where it could not be asked. */
  readonly paused_by: string | null;
}

/** What the configuration says. */
export interface ExpectedFacts {
  readonly mapping: ActionMapping;
  /** Path of the mapping, for messages. */
  readonly mapping_file: string;
  readonly rules: readonly ExpectedRule[];
  /** Milliseconds. */
  readonly interval: number;
  /** No refusal is taken back sooner, milliseconds. */
  readonly retry_after: number;
  readonly address: SelfAddress;
  readonly has_token: boolean;
  readonly has_discord: boolean;
}

/** What a test alert came to; times in milliseconds. */
export type TestDelivery =
  | { readonly outcome: 'arrived'; readonly after: number }
  | { readonly outcome: 'lost'; readonly waited: number; readonly failed: number | null }
  | { readonly outcome: 'not_sent'; readonly message: string };

export interface Facts {
  readonly expected: ExpectedFacts;
  readonly service: ServiceFacts;
  /** Null: no URL is configured. */
  readonly prometheus: PrometheusFacts | null;
  readonly alertmanager: AlertmanagerFacts | null;
  /** Predictions that Prometheus knows of, at most a hundred. */
  readonly targets: readonly Target[];
  /** Null: none was asked for. */
  readonly test: TestDelivery | null;
  readonly regexMatches: RegexMatches;
}
