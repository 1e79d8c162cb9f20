import type { Mapping } from '../mapping/mapping.ts';
import type { Forecasted } from '../prediction/forecasted.ts';
import type { Prediction } from '../prediction/prediction.ts';
import { inWindow } from '../prediction/window.ts';
import type { NotedForecast } from './record.ts';

const DAY = 86_400_000;
/** What `confidence` speaks of, days; so long is the window of every forecast. */
export const FORTNIGHT = 14;

/**
 * The forecast as it is written down; null for one that could not have led to an action: its mapping does not look at days,
 * or it names none within 14 nor within the mapping's window. What is critical now is no forecast but a measurement. `forecasted`: what it rests on, where it is our own.
 */
export function notedForecast(
  prediction: Prediction,
  mapping: Mapping,
  forecasted: Forecasted | null,
): NotedForecast | null {
  const { prediction_type, resource, host, days_until_critical: days, confidence, observed_at, source } = prediction;
  const { min_days_until_critical: min, max_days_until_critical: max } = mapping.conditions;
  if (days === null || days === 0 || (min === null && max === null)) return null;
  const acts = inWindow(prediction, mapping.conditions);
  if (!acts && days > FORTNIGHT) return null;
  return {
    prediction_type,
    resource,
    host,
    source,
    mapping: mapping.id,
    observed_at,
    days_until_critical: days,
    confidence,
    actionable: acts && days <= FORTNIGHT,
    raw_within_14d: forecasted?.raw_within_14d ?? null,
    critical: forecasted?.critical ?? null,
    past_cleanups: forecasted?.cleanups.length ?? null,
    closes_at: observed_at + FORTNIGHT * DAY,
  };
}
