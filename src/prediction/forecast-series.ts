import { type Calibration, corrected, UNCORRECTED } from '../forecast/calibration.ts';
import { type Forecast, forecast } from '../forecast/forecast.ts';
import type { Forecasted, MeasuredSeries, PastValues, Unforecast } from './forecasted.ts';
import { CLOCK_SKEW } from './prediction.ts';

const DAY = 86_400_000;
const FORTNIGHT = 14;
const POINTS = 84;

/**
 * Forecasts a series at `now`, epoch milliseconds. The prediction is dated by the newest sample that it rests on, its days
 * are counted from there: a series that stands still goes stale like any other source. `calibration` corrects all of its
 * probabilities; which days are named does not depend on it, so that what a correction silences goes on being scored.
 */
export function forecastSeries(
  series: MeasuredSeries,
  now: number,
  calibration: Calibration = UNCORRECTED,
): Forecasted | Unforecast {
  const { target, source, critical, samples } = series;
  const made = forecast(samples, critical, now / 1000);
  if (made.kind === 'no forecast') return { kind: 'no forecast', target, source, reason: made.reason };
  const observed_at = newestOf(samples, now);
  const { kind, fan, cleanups } = made;
  const { p_within_1d, p_within_3d, p_within_7d, p_within_14d, confidence, reasons } = correct(made, calibration);
  const days = made.days_until_critical === null ? null : daysFrom(made.days_until_critical, (now - observed_at) / DAY);
  return {
    kind,
    prediction: {
      ...target,
      days_until_critical: days,
      confidence,
      observed_at,
      source,
      labels: {},
    },
    critical,
    made_at: now,
    p_within_1d,
    p_within_3d,
    p_within_7d,
    p_within_14d,
    reasons,
    fan,
    cleanups,
    history: pastOf(samples, now),
    raw_within_14d: made.p_within_14d,
  };
}

/** What is critical already is measured, not forecast: there is nothing to correct. */
function correct(made: Forecast, calibration: Calibration): Omit<Forecast, 'kind' | 'fan' | 'cleanups'> {
  const { days_until_critical: days, p_within_14d: before } = made;
  const within = corrected(before, calibration);
  if (days === 0 || within === before) return made;
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  return {
    days_until_critical: days,
    p_within_1d: corrected(made.p_within_1d, calibration),
    p_within_3d: corrected(made.p_within_3d, calibration),
    p_within_7d: corrected(made.p_within_7d, calibration),
    p_within_14d: within,
    confidence: days !== null && days <= FORTNIGHT ? within : 1 - within,
    reasons: [
      ...made.reasons,
      `the probability within 14 days is corrected from ${percent(before)} to ${percent(within)}, by how ${calibration.forecasts} earlier forecasts came true`,
    ],
  };
}

/** What is critical now stays so, and what the confidence calls near stays within the fortnight that it speaks of. */
function daysFrom(days: number, age: number): number {
  if (days === 0) return 0;
  const since = Math.round((days + Math.max(0, age)) * 100) / 100;
  return days <= FORTNIGHT ? Math.min(FORTNIGHT, since) : since;
}

function newestOf(samples: MeasuredSeries['samples'], now: number): number {
  let newest = Number.NEGATIVE_INFINITY;
  for (const [time, value] of samples) {
    if (Number.isFinite(value) && time > newest && time * 1000 <= now + CLOCK_SKEW) newest = time;
  }
  return Math.min(now, Math.trunc(newest * 1000));
}

function pastOf(samples: MeasuredSeries['samples'], now: number): PastValues {
  let oldest = now;
  for (const [time, value] of samples) {
    if (Number.isFinite(value) && time * 1000 < oldest) oldest = time * 1000;
  }
  const step = Math.max(60_000, Math.ceil((now - oldest + 1) / POINTS));
  const from = now - POINTS * step;
  const sums = new Array<number>(POINTS).fill(0);
  const counts = new Array<number>(POINTS).fill(0);
  for (const [time, value] of samples) {
    const at = Math.min(POINTS - 1, Math.floor((time * 1000 - from) / step));
    if (!Number.isFinite(value) || at < 0 || time * 1000 > now) continue;
    sums[at] = sums[at]! + value;
    counts[at] = counts[at]! + 1;
  }
  return {
    from,
    step,
    values: sums.map((sum, at) => (counts[at] === 0 ? null : Number((sum / counts[at]!).toPrecision(5)))),
  };
}
