import type { Target } from '../prediction/prediction.ts';

/**
 * What became of a forecast once its window closed: it came true, or did not; cut short by a run or a cleanup, or not to be
 * found out. The last two say nothing about the forecast and are not counted.
 */
export type Fate = 'came_true' | 'did_not' | 'cut_short' | 'unknown';

/** A forecast as it is written down. Instants are epoch milliseconds. */
export interface NotedForecast extends Target {
  readonly source: string;
  /** Id of the mapping that would have acted on it. */
  readonly mapping: string;
  readonly observed_at: number;
  readonly days_until_critical: number;
  /** As it was stated: that it is critical within 14 days where days are at most 14, else that it is not. */
  readonly confidence: number;
  /** Whether it names days within 14 and was inside of its mapping's window and confidence. */
  readonly actionable: boolean;
  /** Of our own forecasts: the probability within 14 days before it was corrected, … */
  readonly raw_within_14d: number | null;
  /** … the value that is critical, … */
  readonly critical: number | null;
  /** … and how many cleanups its past showed. */
  readonly past_cleanups: number | null;
  /** End of its window: it is judged after that. */
  readonly closes_at: number;
}

/** One that waits for its window to close, with what was heard of its target meanwhile. */
export interface OpenForecast extends NotedForecast {
  readonly id: number;
  /** When its source last spoke of it, or its file was made without it. */
  readonly seen_at: number;
  /** The longest time between two such, milliseconds. */
  readonly silence: number;
  /** When a later prediction said first that it is critical now. */
  readonly critical_at: number | null;
  /** Start of the first real run on the resource inside of the window. */
  readonly first_run_at: number | null;
}

export interface ForecastVerdict {
  readonly id: number;
  readonly fate: Fate;
  /** When it became critical; null: it did not, or nobody knows. */
  readonly critical_at: number | null;
  /** One sentence. */
  readonly message: string;
}

export interface ForecastOnRecord extends NotedForecast {
  readonly id: number;
  /** Null: it waits to be judged. */
  readonly fate: Fate | null;
  readonly critical_at: number | null;
  readonly judged_at: number | null;
}

/** What was heard after a forecast was made: of its target, or of a file that was made anew, with or without it. */
export type Heard =
  | { readonly of: 'target'; readonly target: Target; readonly at: number; readonly critical: boolean }
  | { readonly of: 'source'; readonly source: string; readonly at: number };

/** Whether it was compared with what happened. */
export function isScored({ fate }: Pick<ForecastOnRecord, 'fate'>): boolean {
  return fate === 'came_true' || fate === 'did_not';
}
