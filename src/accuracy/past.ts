import { forecast } from '../forecast/forecast.ts';
import type { Scored } from '../forecast/scoring.ts';
import type { Sample } from '../forecast/series.ts';
import { lineForecast } from './line.ts';
import { readWindow } from './window-evidence.ts';

/** The part of a past over which forecasts are made as they would have been made then. Milliseconds throughout. */
export interface PastSpan {
  /** The first and the last instant of a forecast, a whole number of `every` apart. */
  readonly from: number;
  readonly to: number;
  readonly every: number;
  readonly lookback: number;
  /** How far the past is known. */
  readonly until: number;
}

/** A forecast that would have been made, beside a line over seven days, and what came of it. */
export type PastForecast =
  | {
      readonly kind: 'scored';
      readonly ours: Scored;
      readonly line: Scored;
      /** An alarm that did not come true, and in its window the value fell steeply: somebody may have cleaned up. */
      readonly cut_short: boolean;
      /** It saw less than half of the look-back. */
      readonly short: boolean;
    }
  /** It could not be made; it was critical already; or too little was measured afterwards to say what came of it. */
  | { readonly kind: 'no forecast' | 'already critical' | 'unknown' };

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A forecast is about so long. */
export const WINDOW = 14 * DAY;
/** What comes later than this is nothing that it could have known. */
const FOLLOWED = 60 * DAY;
const FORTNIGHT = 14;

/** Instants of forecasts over the last `since`, oldest first, of which the window is over by now. */
export function spanOf(now: number, since: number, every: number, lookback: number): PastSpan {
  const until = Math.floor(now / HOUR) * HOUR;
  const to = until - WINDOW;
  const from = to - Math.max(0, Math.floor((since - WINDOW) / every)) * every;
  return { from, to, every, lookback, until };
}

export function* cutsOf({ from, to, every }: PastSpan): Generator<number> {
  for (let cut = from; cut <= to; cut += every) yield cut;
}

/**
 * Forecasts at `cut` from what was measured until then, and judges it by what was measured since. `samples`: seconds since
 * 1970 and values, oldest first. In doubt nothing is scored.
 */
export function forecastAt(
  samples: readonly Sample[],
  critical: number,
  cut: number,
  { lookback, until }: PastSpan,
): PastForecast {
  const first = firstFrom(samples, (cut - lookback) / 1000);
  const seen = samples.slice(first, firstFrom(samples, cut / 1000 + 1e-3));
  if (seen.length === 0) return { kind: 'no forecast' };
  const made = forecast(seen, critical, cut / 1000);
  if (made.kind === 'no forecast') return { kind: 'no forecast' };
  if (made.days_until_critical === 0) return { kind: 'already critical' };

  const after = samples
    .slice(firstFrom(samples, (cut - 2 * DAY) / 1000), firstFrom(samples, (cut + FOLLOWED) / 1000))
    .map(([time, value]) => [time * 1000, value] as const);
  const within = readWindow(after, { observed_at: cut, closes_at: cut + WINDOW, critical });
  if (within.critical_at === cut) return { kind: 'already critical' };
  if (within.critical_at === null && (within.doubtful || !within.covered)) return { kind: 'unknown' };
  const closes_at = Math.min(until, cut + FOLLOWED);
  const critical_at = within.critical_at ?? readWindow(after, { observed_at: cut, closes_at, critical }).critical_at;
  const truth = critical_at === null ? null : (critical_at - cut) / DAY;

  const { days_until_critical: days, confidence, p_within_14d } = made;
  const isAlarm = days !== null && days <= FORTNIGHT;
  return {
    kind: 'scored',
    ours: { truth, days, confidence, within: p_within_14d },
    line: { truth, ...lineForecast(seen, critical, cut / 1000) },
    cut_short: isAlarm && (truth === null || truth > FORTNIGHT) && within.fell_at !== null,
    short: cut / 1000 - seen[0]![0] < lookback / 2000,
  };
}

/** Index of the first sample at or after `time`, seconds. */
function firstFrom(samples: readonly Sample[], time: number): number {
  let low = 0;
  let high = samples.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (samples[middle]![0] < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
