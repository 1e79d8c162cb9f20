import type { Scored } from '../forecast/scoring.ts';
import type { Sample } from '../forecast/series.ts';

const DAY = 86_400;
const FORTNIGHT = 14;
/** The range of the usual rule: `predict_linear(…[7d], …)`. */
const RANGE = 7 * DAY;

/**
 * What `predict_linear` over seven days says: the least-squares line, and when it is at the threshold. It knows no doubt.
 * `now` in seconds since 1970; samples after it must not be there.
 */
export function lineForecast(samples: readonly Sample[], critical: number, now: number): Omit<Scored, 'truth'> {
  const recent = samples.filter(([time, value]) => time >= now - RANGE && Number.isFinite(value));
  const days = recent.length < 2 ? null : daysOf(recent, critical, now);
  return { days, confidence: 1, within: days !== null && days <= FORTNIGHT ? 1 : 0 };
}

function daysOf(recent: readonly Sample[], critical: number, now: number): number | null {
  const count = recent.length;
  const x = recent.reduce((sum, [time]) => sum + (time - now), 0) / count;
  const y = recent.reduce((sum, [, value]) => sum + value, 0) / count;
  let xx = 0;
  let xy = 0;
  for (const [time, value] of recent) {
    xx += (time - now - x) ** 2;
    xy += (time - now - x) * (value - y);
  }
  const slope = xx > 0 ? xy / xx : 0;
  const level = y - slope * x;
  if (level >= critical) return 0;
  return slope > 0 ? (critical - level) / slope / DAY : null;
}
