import type { Forecast } from '../forecast/forecast.ts';
import type { Prediction, Target } from './prediction.ts';

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

/** So many problems are told in words; the others are counted. */
export const MOST_TOLD = 20;
