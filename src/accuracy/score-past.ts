import { type Score, type Scored, score } from '../forecast/scoring.ts';
import type { PastForecast } from './past.ts';

/** How forecasts of the past would have done, beside a line over seven days. */
export interface PastScore {
  readonly ours: Score;
  readonly line: Score;
  /** Alarms of ours that did not come true, after which the value fell steeply; they count as false. */
  readonly cut_short: number;
  /** Scored ones that saw less than half of the look-back. */
  readonly short: number;
  /** Not scored. */
  readonly no_forecast: number;
  readonly already_critical: number;
  readonly unknown: number;
}

export function scorePast(all: readonly PastForecast[]): PastScore {
  const count = (kind: PastForecast['kind']) => all.filter((one) => one.kind === kind).length;
  const scored = all.filter((one) => one.kind === 'scored');
  const scoreOf = (what: (one: (typeof scored)[number]) => Scored) => score(scored.map(what));
  return {
    ours: scoreOf(({ ours }) => ours),
    line: scoreOf(({ line }) => line),
    cut_short: scored.filter(({ cut_short }) => cut_short).length,
    short: scored.filter(({ short }) => short).length,
    no_forecast: count('no forecast'),
    already_critical: count('already critical'),
    unknown: count('unknown'),
  };
}
