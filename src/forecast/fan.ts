import { medianSlope } from './days.ts';
import type { Shape } from './shape.ts';
import { firstPassage } from './statistics.ts';

/** Where the series may stand some days from now, in the unit of the threshold. */
export interface FanPoint {
  readonly days: number;
  /** One in ten ends below. */
  readonly low: number;
  readonly middle: number;
  /** One in ten ends above. */
  readonly high: number;
}

const HORIZONS = [1, 2, 3, 5, 7, 10, 14];
const TENTH = 1.2816;

/**
 * A random walk from the level of now: on its way to be critical in `until` days, or on its way of late where that is
 * null; as unsteady as makes it critical within 14 days about as often as the forecast says.
 */
export function makeFan(
  { level, days }: Shape,
  until: number | null,
  within14Days: number,
  threshold: number,
): FanPoint[] {
  const way = Math.max(0.002, 1 - level);
  const late = medianSlope(days.means, 15);
  const drift = level >= 1 ? 0 : until === null ? Math.min(late, way / 30) : way / Math.max(0.25, until);
  const spread = spreadFor(way, drift, within14Days);
  const lowest = days.lows.some((low) => low < 0) ? -Infinity : 0;
  return HORIZONS.map((horizon) => {
    const middle = level + drift * horizon;
    const off = TENTH * spread * Math.sqrt(horizon);
    const [low, centre, high] = [middle - off, middle, middle + off].map(
      (share) => Math.max(lowest, share) * threshold,
    );
    return { days: horizon, low: low!, middle: centre!, high: high! };
  });
}

/** Deviation a day; the smallest of those that fit best. */
function spreadFor(way: number, drift: number, probability: number): number {
  let best = 0;
  let bestOff = Infinity;
  for (let spread = way / 50; spread < way; spread *= 1.15) {
    const off = Math.abs(firstPassage(way, drift, spread, 14) - probability);
    if (off < bestOff - 1e-6) [best, bestOff] = [spread, off];
  }
  return best;
}
