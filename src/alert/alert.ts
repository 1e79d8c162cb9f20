/** One alert out of a webhook body, whoever sent it. Labels and annotations hold own keys only (no prototype). */
export interface Alert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Epoch milliseconds. */
  readonly starts_at: number;
  /** The sender's fingerprint, or one computed from the labels where it sent none. */
  readonly fingerprint: string;
}

/** An alert of the body, in its place: read, or the reason why it could not be. */
export type ReadAlert =
  | { readonly ok: true; readonly alert: Alert }
  | {
      readonly ok: false;
      readonly problem: string;
      readonly alertname: string | null;
      readonly fingerprint: string | null;
    };

/** A webhook body that was understood. */
export interface Notification {
  readonly sender: 'alertmanager' | 'grafana';
  readonly receiver: string;
  readonly alerts: readonly ReadAlert[];
  /** How many alerts the sender cut off (`max_alerts`); 0 where it does not say. */
  readonly truncated: number;
}
