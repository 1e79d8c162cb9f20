import type { Mapping } from '../mapping/mapping.ts';
import type { Prediction } from './prediction.ts';

/**
 * Whether days and confidence are within a mapping's conditions; both bounds count as within. No crossing is outside
 * where there are day bounds.
 */
export function inWindow(prediction: Prediction, conditions: Mapping['conditions']): boolean {
  const { min_days_until_critical: min, max_days_until_critical: max, min_confidence } = conditions;
  if (!(prediction.confidence >= min_confidence)) return false;
  if (min === null && max === null) return true;
  const days = prediction.days_until_critical;
  return days !== null && days >= (min ?? 0) && days <= (max ?? Number.MAX_VALUE);
}

/** How many of the newest predictions in a row are in the window, for `min_consecutive`. */
export function consecutiveInWindow(
  recentNewestFirst: readonly Prediction[],
  conditions: Mapping['conditions'],
): number {
  const outside = recentNewestFirst.findIndex((prediction) => !inWindow(prediction, conditions));
  return outside === -1 ? recentNewestFirst.length : outside;
}
