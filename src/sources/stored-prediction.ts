import type { Prediction } from '../prediction/prediction.ts';

/** What is stored, when it has the shape of a prediction; anything else is as good as nothing. */
export function reviveStored(value: unknown): Prediction | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const stored = value as Prediction;
  const days = stored.days_until_critical;
  const usable =
    typeof stored.prediction_type === 'string' &&
    typeof stored.resource === 'string' &&
    (stored.host === null || typeof stored.host === 'string') &&
    (days === null || (Number.isFinite(days) && days >= 0)) &&
    Number.isFinite(stored.confidence) &&
    stored.confidence >= 0 &&
    stored.confidence <= 1 &&
    Number.isFinite(stored.observed_at) &&
    typeof stored.source === 'string' &&
    typeof stored.labels === 'object' &&
    stored.labels !== null;
  return usable ? { ...stored, labels: Object.assign(Object.create(null), stored.labels) } : undefined;
}

/** A stored JSON text; undefined where it is none. */
export function parseStored(text: unknown): unknown {
  if (typeof text !== 'string') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
