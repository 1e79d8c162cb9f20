import { forecastSeries } from '../../src/prediction/forecast-series.ts';
import type { Forecasted, MeasuredSeries } from '../../src/prediction/forecasted.ts';
import { DAY, HOUR, NOW } from './decision.ts';

const TARGET = { prediction_type: 'disk_exhaustion', resource: '/srv', host: 'nas' };

/** Hourly samples of the last days that climb by `rise` a day up to `end`, seconds since 1970. */
export function climbing({
  rise = 0.02,
  end = 0.75,
  days = 14,
  now = NOW,
}: {
  rise?: number;
  end?: number;
  days?: number;
  now?: number;
} = {}): (readonly [number, number])[] {
  const hours = Math.round((days * DAY) / HOUR);
  return Array.from({ length: hours + 1 }, (_, i) => {
    const before = hours - i;
    return [now / 1000 - before * 3600, end - (rise / 24) * before] as const;
  });
}

export function seriesOf(changes: Partial<MeasuredSeries> = {}): MeasuredSeries {
  return { target: TARGET, source: 'forecast:local', critical: 0.9, samples: climbing(), ...changes };
}

/** A real forecast of a disk that climbs; made at `now`. */
export function someForecast(changes: Partial<MeasuredSeries> = {}, now = NOW): Forecasted {
  const outcome = forecastSeries(seriesOf(changes), now);
  if (outcome.kind !== 'forecast') throw new Error(outcome.reason);
  return outcome;
}
