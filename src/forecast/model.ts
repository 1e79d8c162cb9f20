import type { Features } from './features.ts';
import trained from './model.json' with { type: 'json' };
import type { Model } from './odds.ts';
import { STRUCTURAL } from './structural.ts';
import { type Forest, type ForestText, readForest } from './trees.ts';

/** What `model.json` holds. */
export interface ModelText {
  /** Log-odds of being critical within so many days. */
  readonly within_1d: ForestText;
  readonly within_3d: ForestText;
  readonly within_7d: ForestText;
  readonly within_14d: ForestText;
  readonly within_45d: ForestText;
  /** What to add to the logarithm of the days that the structural candidates say. */
  readonly days: ForestText;
  /** The least probability of being critical within 14 days at which days are named. */
  readonly alarm_at: number;
}

export function readModel(text: ModelText): Model {
  const forests = {
    day1: readForest(text.within_1d),
    day3: readForest(text.within_3d),
    day7: readForest(text.within_7d),
    day14: readForest(text.within_14d),
    day45: readForest(text.within_45d),
  };
  const days = readForest(text.days);
  const chance = (forest: Forest, features: Features): number => 1 / (1 + Math.exp(-forest(features)));
  return {
    alarmAt: text.alarm_at,
    within(features) {
      if (!Object.values(features).every(Number.isFinite)) return STRUCTURAL.within(features);
      // The fortnight is what is acted on: the others give way to it.
      const day14 = chance(forests.day14, features);
      const day7 = Math.min(day14, chance(forests.day7, features));
      const day3 = Math.min(day7, chance(forests.day3, features));
      const day1 = Math.min(day3, chance(forests.day1, features));
      return { day1, day3, day7, day14, day45: Math.max(day14, chance(forests.day45, features)) };
    },
    days(features, typical) {
      if (!Object.values(features).every(Number.isFinite)) return STRUCTURAL.days(features, typical);
      return startOfDays(typical) * Math.exp(days(features));
    },
  };
}

/** What the trees correct: nothing nearer than six hours, nothing far. */
export function startOfDays(typical: number): number {
  return Math.max(0.25, Math.min(20, typical));
}

export const MODEL: Model = readModel(trained);
