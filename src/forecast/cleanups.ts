import type { Lines } from './lines.ts';
import { deviation, mean, median, quantile } from './statistics.ts';

/** A fall far steeper than the series' usual ups and downs: a cleanup, a restart, a resize. */
export interface Cleanup {
  /** The first hour after the fall. */
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/** What the cleanups so far have in common. */
export interface CleanupPolicy {
  readonly cleanups: readonly Cleanup[];
  /** Hours since the last one; since the first sample without any. */
  readonly since: number;
  /** Usual hours between two; NaN with fewer than two. */
  readonly period: number;
  /** How much the hours between two vary, as a share of the period; 9 with fewer than three. */
  readonly irregularity: number;
  /** Mean level at which they came, and how much it varies. */
  readonly peak: number;
  readonly peakSpread: number;
  /** Rise of that level an hour. */
  readonly peakSlope: number;
  /** Usual rise an hour between two. */
  readonly usualRise: number;
}

const WITHIN = 2;

export function findCleanups(calm: Float64Array): Cleanup[] {
  const falls = new Float64Array(Math.max(0, calm.length - WITHIN));
  for (let i = 0; i < falls.length; i += 1) falls[i] = Math.abs(calm[i + WITHIN]! - calm[i]!);
  const least = Math.max(0.015, 4 * (falls.length === 0 ? 0 : quantile(falls, 0.75)));
  const cleanups: Cleanup[] = [];
  for (let i = WITHIN; i < calm.length; i += 1) {
    if (calm[i - WITHIN]! - calm[i]! < least) continue;
    let bottom = i;
    while (bottom + 1 < calm.length && calm[bottom + 1]! < calm[bottom]! - least / 8) bottom += 1;
    const start = Math.max(0, i - WITHIN);
    const from = Math.max(calm[start]!, calm[Math.max(0, start - 1)]!);
    cleanups.push({ at: bottom, from, to: calm[bottom]! });
    i = bottom + 1;
  }
  return cleanups;
}

export function readPolicy(calm: Float64Array, lines: Lines): CleanupPolicy {
  const cleanups = findCleanups(calm);
  const n = calm.length;
  const last = cleanups.at(-1);
  const gaps = cleanups.slice(1).map(({ at }, i) => at - cleanups[i]!.at);
  const period = median(gaps);
  const peaks = cleanups.map(({ from }) => from);
  const rises = cleanups.slice(1).flatMap(({ at }, i) => {
    const start = cleanups[i]!.at;
    return at - start >= 4 ? [lines.fit(start, at - WITHIN).slope] : [];
  });
  return {
    cleanups,
    since: last === undefined ? n : n - 1 - last.at,
    period,
    irregularity: gaps.length < 2 ? 9 : deviation(gaps) / Math.max(1, mean(gaps)),
    peak: peaks.length === 0 ? Number.NaN : mean(peaks),
    peakSpread: deviation(peaks),
    peakSlope: peakSlope(cleanups),
    usualRise: median(rises),
  };
}

function peakSlope(cleanups: readonly Cleanup[]): number {
  if (cleanups.length < 2) return 0;
  const x = mean(cleanups.map(({ at }) => at));
  const y = mean(cleanups.map(({ from }) => from));
  let xx = 0;
  let xy = 0;
  for (const { at, from } of cleanups) {
    xx += (at - x) ** 2;
    xy += (at - x) * (from - y);
  }
  return xx === 0 ? 0 : xy / xx;
}
