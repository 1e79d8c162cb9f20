/** The past once more, from where the series stands now. */
export interface Replay {
  /** Greatest value within 14 days. */
  readonly highest: number;
  /** Days until it is critical; null: not within 60. */
  readonly days: number | null;
}

const FARTHEST = 60 * 24;
const FORTNIGHT = 14 * 24;

/**
 * Repeats the last `period` hours again and again: with `drift`, each time as much higher as the last time was than the
 * one before it; without, on the level of the last one. Null when the past is shorter than one period.
 */
export function replay(calm: Float64Array, period: number, drift: boolean): Replay | null {
  const n = calm.length;
  const length = Math.round(period);
  if (!(length >= 6) || n <= length) return null;
  const step = drift ? calm[n - 1]! - calm[n - 1 - length]! : 0;
  let highest = -Infinity;
  let run = 0;
  let days: number | null = null;
  for (let hour = 1; hour <= FARTHEST; hour += 1) {
    const rounds = Math.ceil(hour / length);
    const value = calm[n - 1 - length + (hour - (rounds - 1) * length)]! + rounds * step;
    if (hour <= FORTNIGHT && value > highest) highest = value;
    run = value >= 1 ? run + 1 : 0;
    if (run === 3) {
      days = (hour - 2) / 24;
      break;
    }
  }
  return { highest, days };
}
