import { type Forecast, forecast } from '../../src/forecast/forecast.ts';
import type { Model } from '../../src/forecast/odds.ts';
import type { Sample } from '../../src/forecast/series.ts';

export const NOW = 1_700_006_400;
export const THRESHOLD = 0.9;
const HOUR = 3600;

/** Hourly samples up to now; `at` is asked with days from now, at most 0. */
export function hourly(days: number, at: (day: number, hour: number) => number): Sample[] {
  const hours = Math.round(days * 24);
  return Array.from({ length: hours + 1 }, (_, i) => [NOW - (hours - i) * HOUR, at((i - hours) / 24, i)] as const);
}

/** A little unrest that is the same each time. */
export function unrest(hour: number, size = 0.001): number {
  return size * Math.sin(hour * 12.9898) * Math.cos(hour * 4.1414);
}

/** The forecast; the test fails where there is none. */
export function forecastOf(samples: readonly Sample[], now = NOW, model?: Model): Forecast {
  const result = forecast(samples, THRESHOLD, now, model);
  if (result.kind === 'no forecast') throw new Error(`no forecast: ${result.reason}`);
  return result;
}

/** Days to the threshold of a line of this level and rise a day. */
export function lineOf(level: number, rise: number) {
  return (day: number, hour: number): number => level + rise * day + unrest(hour);
}
