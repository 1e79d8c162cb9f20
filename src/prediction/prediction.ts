/** What a prediction is about. `host` is null where the prediction names none. */
export interface Target {
  readonly prediction_type: string;
  readonly resource: string;
  readonly host: string | null;
}

/** One forecast as it is known now, whatever document or alert it came from. */
export interface Prediction extends Target {
  /** Days from `observed_at` until the resource is critical, 0 or more; null: no crossing is expected. */
  readonly days_until_critical: number | null;
  /** Probability that the prediction comes true, 0..1. */
  readonly confidence: number;
  /** When it was made, epoch milliseconds. */
  readonly observed_at: number;
  /** Where it came from: `file:…`, `api`, `alert`, `cli`, `forecast:…`; a label value of the exported gauges. */
  readonly source: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Identity of a target as one string; safe to use as a map key, also for values that hold any character. */
export function targetKey(target: Target): string {
  return JSON.stringify([target.prediction_type, target.resource, target.host]);
}

/** When the resource is expected to be critical, epoch milliseconds; null without a crossing. */
export function criticalAt(prediction: Prediction): number | null {
  if (prediction.days_until_critical === null) return null;
  return prediction.observed_at + prediction.days_until_critical * DAY;
}

const DAY = 86_400_000;

/** A document may be dated this far ahead of our clock before it is refused: clocks differ. */
export const CLOCK_SKEW = 5 * 60_000;

/** True when the prediction is too old to act on, or dated further in the future than clock skew explains. */
export function isStale(prediction: Prediction, now: number, staleAfter: number): boolean {
  return now - prediction.observed_at > staleAfter || prediction.observed_at - now > CLOCK_SKEW;
}
