import { type FanPoint, makeFan } from './fan.ts';
import { readFeatures } from './features.ts';
import { MODEL } from './model.ts';
import type { Model, Odds } from './odds.ts';
import { giveReasons } from './reasons.ts';
import { HOUR, readSeries, type Sample } from './series.ts';
import { readShape, type Shape } from './shape.ts';

/** What is to be expected of a series. */
export interface Forecast {
  readonly kind: 'forecast';
  /** Null: no crossing is expected. */
  readonly days_until_critical: number | null;
  /** Where days are at most 14: the probability of being critical within 14 days. Else that of not being so. */
  readonly confidence: number;
  /** Probabilities of being critical (three hours in a row at or above the threshold) within so many days. */
  readonly p_within_1d: number;
  readonly p_within_3d: number;
  readonly p_within_7d: number;
  readonly p_within_14d: number;
  readonly reasons: readonly string[];
  readonly fan: readonly FanPoint[];
  readonly cleanups: readonly PastCleanup[];
}

/** Too little or too old data is no forecast, never a number. */
export interface NoForecast {
  readonly kind: 'no forecast';
  readonly reason: string;
}

/** When a cleanup had been done (seconds since 1970), and from where to where it took the value. */
export interface PastCleanup {
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/** How often a series of which nothing is known becomes critical within 14 days. */
export const BASE_RATE = 0.3;
const FORTNIGHT = 14;
/** Nobody knows more surely than this. */
const SUREST = 0.99;

type Expected = Pick<Forecast, 'days_until_critical' | 'p_within_1d' | 'p_within_3d' | 'p_within_7d' | 'p_within_14d'>;

/**
 * Forecasts when a value reaches its threshold. `samples` in any order and step, `now` in seconds since 1970. Never
 * throws; every number of the answer is finite.
 */
export function forecast(
  samples: readonly Sample[],
  threshold: number,
  now: number,
  model: Model = MODEL,
): Forecast | NoForecast {
  const series = readSeries(samples, threshold, now);
  if (typeof series === 'string') return { kind: 'no forecast', reason: series };
  const shape = readShape(series);
  const expected = isCritical(shape) ? already(shape) : expect(shape, model);
  const { days_until_critical: days, p_within_14d: within } = expected;
  const newest = now - series.age * HOUR;
  return {
    kind: 'forecast',
    ...expected,
    confidence: days !== null && days <= FORTNIGHT ? within : 1 - within,
    reasons: giveReasons(shape),
    fan: makeFan(shape, days, within, threshold),
    cleanups: shape.policy.cleanups.map(({ at, from, to }) => ({
      at: newest - (shape.calm.length - 1 - at) * HOUR,
      from: from * threshold,
      to: to * threshold,
    })),
  };
}

function isCritical({ series: { values } }: Shape): boolean {
  return values.slice(-3).every((value) => value >= 1);
}

/** It is critical already, unless that ended since the last sample. */
function already({ series: { age } }: Shape): Expected {
  const within = Math.max(0.8, SUREST - 0.003 * age);
  return {
    days_until_critical: 0,
    p_within_1d: within,
    p_within_3d: within,
    p_within_7d: within,
    p_within_14d: within,
  };
}

function expect(shape: Shape, model: Model): Expected {
  const features = readFeatures(shape);
  const odds = model.within(features);
  const sure = (chance: number): number => Math.max(1 - SUREST, Math.min(SUREST, chance));
  return {
    days_until_critical: nameDays(odds, model.days(features, features['days_typical']!), model.alarmAt),
    p_within_1d: sure(odds.day1),
    p_within_3d: sure(odds.day3),
    p_within_7d: sure(odds.day7),
    p_within_14d: sure(odds.day14),
  };
}

function nameDays(odds: Odds, days: number, alarmAt: number): number | null {
  if (odds.day14 >= alarmAt) {
    // Days within three call people out of bed: only if the crossing is likely that soon.
    const least = odds.day3 < 0.5 ? 3.1 : 0;
    return round(Math.max(least, Math.min(FORTNIGHT, days)));
  }
  return odds.day45 >= 0.5 ? round(Math.max(FORTNIGHT + 0.5, days)) : null;
}

const round = (days: number): number => Math.round(days * 100) / 100;
