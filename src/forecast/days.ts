import { mean, median } from './statistics.ts';

/** The series in blocks of 24 hours, counted back from its end; `[0]` is the newest. A rest of less than 12 hours is left out. */
export interface Days {
  readonly means: readonly number[];
  readonly peaks: readonly number[];
  readonly lows: readonly number[];
  /** Rise of the mean from one day to the next, newest first. */
  readonly rises: readonly number[];
}

export function readDays(calm: Float64Array): Days {
  const means: number[] = [];
  const peaks: number[] = [];
  const lows: number[] = [];
  for (let end = calm.length; end > 0; end -= 24) {
    const block = calm.subarray(Math.max(0, end - 24), end);
    if (block.length < 12 && means.length > 0) break;
    means.push(mean(block));
    let peak = -Infinity;
    let low = Infinity;
    for (const value of block) {
      if (value > peak) peak = value;
      if (value < low) low = value;
    }
    peaks.push(peak);
    lows.push(low);
  }
  return { means, peaks, lows, rises: means.slice(1).map((older, i) => means[i]! - older) };
}

/** Median of the slopes between all pairs of the newest `count` days, a day. */
export function medianSlope(newestFirst: readonly number[], count: number): number {
  const part = newestFirst.slice(0, count);
  const slopes: number[] = [];
  for (let i = 0; i < part.length; i += 1) {
    for (let k = i + 1; k < part.length; k += 1) slopes.push((part[i]! - part[k]!) / (k - i));
  }
  return slopes.length === 0 ? 0 : median(slopes);
}

/** What repeats every day, and how much of the movement it explains. */
export interface Cycle {
  /** How far an hour of the day lies above the day's mean; `[0]` is the hour of the newest sample, `[1]` the next one. */
  readonly profile: Float64Array;
  readonly peak: number;
  readonly range: number;
  /** Share of the variance within days that repeats, 0 to 1. */
  readonly strength: number;
}

/** From the last `days` days at most; nothing repeats in less than two. */
export function readCycle(calm: Float64Array, days = 14): Cycle {
  const n = calm.length;
  const profile = new Float64Array(24);
  const none = { profile, peak: 0, range: 0, strength: 0 };
  if (n < 60) return none;
  const from = Math.max(12, n - days * 24);
  const sums = new Float64Array(n + 1);
  for (let i = 0; i < n; i += 1) sums[i + 1] = sums[i]! + calm[i]!;
  const groups: number[][] = Array.from({ length: 24 }, () => []);
  let total = 0;
  let count = 0;
  for (let i = from; i < n - 12; i += 1) {
    // A centred day, with half of its first and last hour.
    const centre = (sums[i + 12]! - sums[i - 11]! + (calm[i - 12]! + calm[i + 12]!) / 2) / 24;
    const off = calm[i]! - centre;
    groups[(((i - n + 1) % 24) + 24) % 24]!.push(off);
    total += off * off;
    count += 1;
  }
  if (groups.some((group) => group.length === 0)) return none;
  for (const [hour, group] of groups.entries()) profile[hour] = median(group);
  const centre = mean(profile);
  let explained = 0;
  for (let hour = 0; hour < 24; hour += 1) {
    profile[hour] = profile[hour]! - centre;
    explained += profile[hour]! ** 2;
  }
  const peak = Math.max(...profile);
  const strength = total < 1e-12 ? 0 : Math.min(1, explained / 24 / (total / count));
  return { profile, peak, range: peak - Math.min(...profile), strength };
}
