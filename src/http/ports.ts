import type { Accuracy, AccuracyQuestion } from '../accuracy/accuracy.ts';
import type { Notification } from '../alert/alert.ts';
import type { Decision, Pause } from '../decision/decision.ts';
import type { Execution } from '../execution/execution.ts';
import type { ExecutionFilter, Page } from '../ledger/ledger.ts';
import type { Logger } from '../logger.ts';
import type { Approvals } from '../loop/approval.ts';
import type { Forecasted } from '../prediction/forecasted.ts';
import type { Prediction } from '../prediction/prediction.ts';
import type { PagePort } from './pages/ports.ts';
import type { ErrorCode } from './problem.ts';
import type { Token } from './token.ts';

/** Decides. Every promise resolves when what it answers is durable, and rejects with `LedgerUnavailable` when it cannot be. */
export interface DecisionPort {
  /** One decision an alert, in their order. */
  receive(notification: Notification): Promise<readonly Decision[]>;
  /** One decision a prediction, in their order. `live` exports them as well, `explain` leaves no trace. */
  decidePredictions(
    predictions: readonly Prediction[],
    mode: 'live' | 'dry-run' | 'explain',
  ): Promise<readonly Decision[]>;
}

export interface CurrentPrediction {
  readonly prediction: Prediction;
  readonly age_seconds: number;
  readonly stale: boolean;
  /** Id of the mapping that it meets; null when none does. */
  readonly mapping: string | null;
  /** What it rests on; null where it is no forecast of our own. */
  readonly forecast: Forecasted | null;
}

export interface PredictionPort {
  /** Reads any of the documented shapes; what cannot be read is a problem, never an exception. */
  readPredictions(body: unknown): PredictionsRead;
  /** Exports without deciding. Durable when it resolves. */
  publish(predictions: readonly Prediction[]): Promise<void>;
  currentPredictions(): Promise<readonly CurrentPrediction[]>;
}

export interface PredictionsRead {
  readonly predictions: readonly Prediction[];
  readonly problems: readonly { readonly path: string; readonly message: string }[];
}

/** The ledger's read side. */
export interface RecordPort {
  executions(filter: ExecutionFilter): Promise<Page<Execution>>;
  execution(id: string): Promise<Execution | null>;
  decisions(filter: { readonly limit: number; readonly before?: string }): Promise<Page<Decision>>;
  /** How forecasts did; `since`: milliseconds back from now. */
  accuracy(question: { readonly since: number } & Omit<AccuracyQuestion, 'since' | 'until'>): Promise<Accuracy>;
  /** The captured output of a phase, whole or in pieces; null where there is none. */
  output(id: string, phase: 'dry_run' | 'run'): Promise<AsyncIterable<Uint8Array> | string | null>;
}

export interface PauseRequest {
  readonly name: string;
  /** Milliseconds; left out: until it is lifted. */
  readonly for?: number;
  readonly reason: string | null;
}

/** What was lifted, and what was refused while it held. */
export interface Resumed {
  readonly lifted: number;
  readonly refused: {
    /** Repeats among them. */
    readonly count: number;
    /** The newest 50, by when they last came. */
    readonly items: readonly Decision[];
  };
}

export interface OperationsPort {
  status(): Promise<object>;
  /** Sets or replaces the pause of that name, and answers with it. */
  pause(request: PauseRequest): Promise<Pause>;
  /** Lifts the named pause, or all when null. */
  resume(name: string | null): Promise<Resumed>;
  /** In Prometheus' text format. */
  metrics(): Promise<string>;
  ready(): Promise<{ readonly ok: boolean; readonly reason: string }>;
  /** Reads the configuration again. Not ok: the old one stays. */
  reload(): Promise<{ readonly ok: true } | { readonly ok: false; readonly problems: readonly string[] }>;
}

/** A webhook body that was understood, for the counters. */
export interface WebhookDelivery {
  readonly receiver_kind: 'alertmanager' | 'grafana';
  readonly alerts: readonly { readonly status: 'firing' | 'resolved' | 'unreadable' }[];
  readonly truncated: number;
}

export interface HttpTimeouts {
  /** Milliseconds until a request's headers have to be complete; also for sockets that say nothing. */
  readonly headers: number;
  /** Milliseconds until the whole request has to be there. */
  readonly request: number;
  /** Milliseconds that a connection may stay open between requests. */
  readonly keep_alive: number;
}

export interface HttpOptions {
  /** Of the service, for its own description. */
  readonly version: string;
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Its host may be asked for, and its pages may act, beside those of the address listened on. */
  readonly external_url: string | null;
  /** Asked at each request, so that a reload can change it. Null is for loopback addresses only. */
  readonly token: () => string | null;
  /** Tokens beside that one; asked at each request. */
  readonly tokens?: () => readonly Token[];
  readonly max_body_bytes: number;
  readonly timeouts?: Partial<HttpTimeouts>;
  readonly decisions: DecisionPort;
  readonly predictions: PredictionPort;
  readonly record: RecordPort;
  readonly approvals: Approvals;
  readonly operations: OperationsPort;
  readonly pages: PagePort;
  readonly onWebhook: (delivery: WebhookDelivery) => void;
  /** A body to the webhook whose sender was known, and that was not taken; must not throw. */
  readonly onWebhookRefused?: (code: ErrorCode) => void;
  readonly log: Logger;
}
