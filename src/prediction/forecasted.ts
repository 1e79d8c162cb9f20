import { type Calibration, corrected, UNCORRECTED } from '../forecast/calibration.ts';
import { type Forecast, forecast } from '../forecast/forecast.ts';
import { CLOCK_SKEW, type Prediction, type Target } from './prediction.ts';

/** One series as it was measured. */
export interface MeasuredSeries {
  readonly target: Target;
  /** Of the prediction that it becomes. */
  readonly source: string;
  /** The value that is critical. */
  readonly critical: number;
  /** Seconds since 1970 and a value, which may be no number; in any order. */
  readonly samples: readonly (readonly [unixSeconds: number, value: number])[];
}

/** A forecast with its prediction, and what a chart of it shows. Values are in the unit of `critical`. */
export interface Forecasted
  extends Pick<
    Forecast,
    'p_within_1d' | 'p_within_3d' | 'p_within_7d' | 'p_within_14d' | 'reasons' | 'fan' | 'cleanups'
  > {
  readonly kind: 'forecast';
  readonly prediction: Prediction;
  readonly critical: number;
  /** When it was made, epoch milliseconds; the days of `fan` are counted from here. */
  readonly made_at: number;
  readonly history: PastValues;
  /** The probability within 14 days before it was corrected by how earlier forecasts did. */
  readonly raw_within_14d: number;
}

/** Means of equal spans of time, oldest first; null where nothing was measured. */
export interface PastValues {
  /** Start of the first one, epoch milliseconds. */
  readonly from: number;
  /** Milliseconds. */
  readonly step: number;
  readonly values: readonly (number | null)[];
}

/** Too little or too old data: never a number. */
export interface Unforecast {
  readonly kind: 'no forecast';
  readonly target: Target;
  readonly source: string;
  readonly reason: string;
}

/** What came of asking one source for its series. */
export interface ForecastPass {
  readonly made: readonly Forecasted[];
  readonly none: readonly Unforecast[];
  /** What could not be used of it, a sentence each, at most 20. */
  readonly problems: readonly string[];
  readonly problem_count: number;
  /** Samples that are no finite numbers; they do not count. */
  readonly dropped_samples: number;
  /** Where the source as a whole gave nothing: why. */
  readonly error: string | null;
}

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

/** So many problems are told in words; the others are counted. */
export const MOST_TOLD = 20;
