import type { Features } from './features.ts';

/** What makes a forecast of a series' features. */
export interface Model {
  readonly alarmAt: number;
  /** Probabilities; a longer horizon never has a lower one. */
  within(features: Features): Odds;
  /** Days until the crossing, if there is one; `typical` is the candidates'. */
  days(features: Features, typical: number): number;
}

export interface Odds {
  readonly day1: number;
  readonly day3: number;
  readonly day7: number;
  readonly day14: number;
  readonly day45: number;
}
