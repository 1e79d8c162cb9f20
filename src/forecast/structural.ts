import type { Features } from './features.ts';
import type { Model } from './odds.ts';

/**
 * What the structural candidates say without any tree: each is a vote, two more are for the base rate. It stands in where a
 * feature is no number, and shows what the trees are worth.
 */
export const STRUCTURAL: Model = {
  alarmAt: 0.5,
  within(features) {
    const votes = candidatesOf(features);
    const share = (days: number): number => (0.6 + votes.filter((vote) => vote <= days).length) / (2 + votes.length);
    return { day1: share(1), day3: share(3), day7: share(7), day14: share(14), day45: share(45) };
  },
  days: (_features, typical) => (Number.isFinite(typical) ? typical : 14),
};

/** `days_soon` counts candidates, `days_typical` is their median: neither is one. */
function candidatesOf(features: Features): number[] {
  return Object.entries(features).flatMap(([name, days]) =>
    name.startsWith('days_') && name !== 'days_soon' && name !== 'days_typical' && Number.isFinite(days) ? [days] : [],
  );
}
