import { findCandidates, NEVER } from './candidates.ts';
import { medianSlope } from './days.ts';
import { replay } from './replay.ts';
import type { Shape } from './shape.ts';
import { clamp, deviation, firstPassage, mean, median, normalBelow, quantileOfSorted } from './statistics.ts';

/** What the trees look at, by name. Lengths of time are days, values are shares of the threshold. */
export type Features = Readonly<Record<string, number>>;

/** A rise is compared with the way to the threshold, and that with no less than this. */
const LEAST_WAY = 0.004;
const FORTNIGHT = 14;

export function readFeatures(shape: Shape): Features {
  const way = Math.max(LEAST_WAY, 1 - shape.level);
  return {
    ...levels(shape),
    ...trends(shape, way),
    ...dailies(shape, way),
    ...cleanups(shape, way),
    ...replays(shape, way),
    ...bends(shape, way),
    ...curves(shape, way),
    ...pasts(shape, way),
    ...noises(shape),
    ...findCandidates(shape).features,
  };
}

/** How far a rise a day goes in two weeks, where the way to the threshold is 1. */
function reach(riseADay: number, way: number): number {
  return clamp((riseADay * FORTNIGHT) / way, -10, 40);
}

function levels({ series, days, level, sorted, calm }: Shape) {
  const n = calm.length;
  const week = days.peaks.slice(0, 7);
  let critical = 0;
  let episodes = 0;
  let lastCritical = 60;
  for (let i = 0; i < n; i += 1) {
    if (calm[i]! < 1) continue;
    critical += 1;
    if (i === 0 || calm[i - 1]! < 1) episodes += 1;
    lastCritical = (n - 1 - i) / 24;
  }
  return {
    level,
    level_day: days.means[0]!,
    way_day_peak: 1 - days.peaks[0]!,
    way_week_peak: 1 - Math.max(...week),
    way_peak: 1 - sorted[n - 1]!,
    way_p90: 1 - quantileOfSorted(sorted, 0.9),
    low_week: Math.min(...days.lows.slice(0, 7)),
    median_level: quantileOfSorted(sorted, 0.5),
    range: sorted[n - 1]! - sorted[0]!,
    place: (level - sorted[0]!) / (sorted[n - 1]! - sorted[0]! + 0.003),
    critical_share: critical / n,
    critical_episodes: episodes,
    critical_ago: lastCritical,
    history: n / 24,
    age: series.age,
    measured: mean(series.measured),
  };
}

function trends({ lines, calm }: Shape, way: number) {
  const n = calm.length;
  const result: Record<string, number> = {};
  for (const [name, hours] of [
    ['6h', 6],
    ['12h', 12],
    ['1d', 24],
    ['2d', 48],
    ['3d', 72],
    ['7d', 168],
    ['14d', 336],
    ['30d', 720],
    ['all', n],
  ] as const) {
    const { slope } = lines.fit(n - hours, n);
    result[`reach_${name}`] = reach(slope * 24, way);
    if (hours === 72 || hours === 168 || hours === 336) result[`rise_${name}`] = slope * 24;
  }
  const part = (from: number, to: number) => lines.fit(Math.floor(n * from), Math.ceil(n * to)).slope * 24;
  const [first, middle, last] = [part(0, 1 / 3), part(1 / 3, 2 / 3), part(2 / 3, 1)];
  const scale = Math.abs(first) + Math.abs(middle) + Math.abs(last) + 1e-4;
  return {
    ...result,
    third_first: first / scale,
    third_middle: middle / scale,
    third_last: last / scale,
    straight_7d: straight(lines.fit(n - 168, n).error, calm.subarray(Math.max(0, n - 168))),
    straight_all: straight(lines.fit(0, n).error, calm),
  };
}

/** Share of the variance that a line explains. */
function straight(error: number, values: ArrayLike<number>): number {
  const spread = deviation(values) ** 2 * (values.length - 1);
  return spread < 1e-9 ? 0 : clamp(1 - error / spread, 0, 1);
}

function dailies({ days, cycle, level }: Shape, way: number) {
  const { means, peaks, rises } = days;
  const fortnight = rises.slice(0, 14);
  const sorted = Float64Array.from(fortnight).sort();
  const drift = fortnight.length === 0 ? 0 : mean(fortnight);
  const spread = deviation(fortnight);
  const week = (list: readonly number[], weeksAgo: number) => mean(list.slice(weeksAgo * 7, weeksAgo * 7 + 7));
  const hasTwo = means.length >= 14;
  return {
    reach_days_3: reach(medianSlope(means, 4), way),
    reach_days_7: reach(medianSlope(means, 8), way),
    reach_days_14: reach(medianSlope(means, 15), way),
    reach_days_30: reach(medianSlope(means, 31), way),
    reach_peaks_7: reach(medianSlope(peaks, 8), Math.max(LEAST_WAY, 1 - peaks[0]!)),
    reach_peaks_14: reach(medianSlope(peaks, 15), Math.max(LEAST_WAY, 1 - peaks[0]!)),
    reach_week: hasTwo ? reach((week(means, 0) - week(means, 1)) / 7, way) : -11,
    reach_week_peaks: hasTwo
      ? reach(
          (Math.max(...peaks.slice(0, 7)) - Math.max(...peaks.slice(7, 14))) / 7,
          Math.max(LEAST_WAY, 1 - Math.max(...peaks.slice(0, 7))),
        )
      : -11,
    week_ago: means.length > 7 ? (means[0]! - means[7]!) / way : -11,
    rises_up: fortnight.length === 0 ? -1 : fortnight.filter((rise) => rise > 0).length / fortnight.length,
    rises_low: reach(quantileOfSorted(sorted, 0.1), way),
    rises_high: reach(quantileOfSorted(sorted, 0.9), way),
    rises_sure: spread < 1e-9 ? 0 : clamp((drift / spread) * Math.sqrt(fortnight.length), -30, 30),
    rises_spread: spread / way,
    last_rise: reach(rises[0] ?? 0, way),
    second_rise: reach(rises[1] ?? 0, way),
    walk_14: firstPassage(way, drift, spread, 14),
    walk_14_no_drift: firstPassage(way, 0, spread, 14),
    walk_14_half_drift: firstPassage(way, drift / 2, spread, 14),
    cycle_peak: cycle.peak / way,
    cycle_range: cycle.range,
    cycle_strength: cycle.strength,
    cycle_now: cycle.profile[0]! / way,
    // Today against what the profile says of this hour.
    off_profile: level - means[0]! - cycle.profile[0]!,
  };
}

function cleanups({ policy, calm, lines, level }: Shape, way: number) {
  const n = calm.length;
  const { since, period, irregularity, peak, peakSpread, peakSlope, usualRise } = policy;
  const last = policy.cleanups.at(-1);
  const rise = last === undefined ? 0 : lines.fit(last.at, n).slope * 24;
  const untilNext = (period - since) / 24;
  const top = level + Math.max(0, rise) * Math.max(0, untilNext);
  const has = policy.cleanups.length;
  const recent = policy.cleanups.filter(({ at }) => at >= n - 168).length;
  return {
    cleanups: has,
    cleanups_week: recent,
    cleanup_since: since / 24,
    cleanup_period: has < 2 ? -1 : period / 24,
    cleanup_irregular: irregularity,
    cleanup_late: has < 2 ? -1 : since / period,
    cleanup_until: has < 2 ? -20 : clamp(untilNext, -20, 30),
    cleanup_reach: last === undefined ? -11 : reach(rise, way),
    cleanup_usual_rise: has < 2 || Number.isNaN(usualRise) ? -1 : clamp(rise / (usualRise * 24 + 1e-4), -3, 8),
    cleanup_size: last === undefined ? 0 : last.from - last.to,
    cleanup_size_way: last === undefined ? 0 : clamp((last.from - last.to) / way, 0, 20),
    cleanup_peak_way: has === 0 ? -1 : 1 - peak,
    cleanup_last_peak_way: last === undefined ? -1 : 1 - last.from,
    cleanup_peak_spread: has < 2 ? -1 : peakSpread,
    cleanup_above_peak: has === 0 ? 0 : clamp((level - peak) / (peakSpread + 0.01), -20, 20),
    cleanup_peak_z: has < 2 ? -1 : clamp((1 - peak) / (peakSpread + 0.003), -5, 60),
    cleanup_usual_top_way:
      has < 2 || Number.isNaN(usualRise) ? -1 : clamp(1 - level - usualRise * Math.max(0, period - since), -3, 1),
    cleanup_next_top_way: has < 2 ? -1 : clamp(1 - top, -3, 1),
    cleanup_until_way: has < 2 || rise <= 0 ? -1 : clamp(way / rise / Math.max(0.1, untilNext), 0, 30),
    cleanup_peak_reach: has < 2 ? -11 : reach(peakSlope * 24, Math.max(LEAST_WAY, 1 - last!.from)),
  };
}

/** What the past says if it comes again: the last day, the last week, the time between two cleanups. */
function replays({ calm, policy, days }: Shape, way: number) {
  const result: Record<string, number> = {};
  for (const [name, hours] of [
    ['day', 24],
    ['week', 168],
    ['cleanup', policy.period],
  ] as const) {
    for (const drift of [true, false]) {
      const again = replay(calm, hours, drift);
      const key = `replay_${name}${drift ? '' : '_level'}`;
      result[key] = again === null ? -21 : clamp((again.highest - 1) / way, -20, 20);
      result[`${key}_days`] = again?.days ?? NEVER;
    }
  }
  // Daily peaks as if each were drawn by itself.
  const peaks = days.peaks.slice(0, 28);
  const spread = deviation(peaks);
  const z = clamp((1 - mean(peaks)) / (spread + 1e-4), -10, 60);
  return { ...result, peaks_z: z, peaks_chance: 1 - normalBelow(z) ** FORTNIGHT };
}

function bends({ bend, lateBend, calm }: Shape, way: number) {
  const n = calm.length;
  const of = (prefix: string, { at, before, after, left }: Shape['bend']) => ({
    [`${prefix}_age`]: (n - at) / 24,
    [`${prefix}_left`]: left,
    [`${prefix}_reach`]: reach(after.slope * 24, way),
    [`${prefix}_before`]: reach(before.slope * 24, way),
    [`${prefix}_jump`]: after.end - after.slope * (n - 1 - at) - before.end,
    [`${prefix}_noise`]: Math.sqrt(after.error / Math.max(1, after.count)) / way,
    [`${prefix}_sure`]: clamp(
      (after.slope * (n - at)) / (Math.sqrt(after.error / Math.max(1, after.count)) + 1e-4),
      -50,
      50,
    ),
  });
  return { ...of('bend', bend), ...of('late', lateBend) };
}

function curves({ curve, lateCurve }: Shape, way: number) {
  return {
    curve_bow: clamp((curve.bow * FORTNIGHT ** 2) / way, -40, 40),
    curve_end: reach(curve.endSlope, way),
    curve_left: curve.left,
    curve_plateau: clamp(curve.plateau - 1, -2, 3),
    curve_14: clamp((curve.endSlope * FORTNIGHT + curve.bow * FORTNIGHT ** 2) / way, -40, 60),
    late_curve_bow: clamp((lateCurve.bow * FORTNIGHT ** 2) / way, -40, 40),
    late_curve_end: reach(lateCurve.endSlope, way),
    late_curve_plateau: clamp(lateCurve.plateau - 1, -2, 3),
  };
}

/** How often the past rose as far as the threshold is now, within a day up to two weeks. */
function pasts({ pastRises, calm }: Shape, way: number) {
  const result: Record<string, number> = {};
  for (const { days, greatest, share } of pastRises) {
    result[`past_${days}_greatest`] = clamp(greatest / way, 0, 20);
    result[`past_${days}_share`] = share;
  }
  let up = 0;
  let down = 0;
  for (let i = Math.max(1, calm.length - 336); i < calm.length; i += 1) {
    const step = calm[i]! - calm[i - 1]!;
    if (step > 0) up += step;
    else down -= step;
  }
  return { ...result, one_way: (up - down) / (up + down + 1e-6) };
}

function noises({ steps, calm, lines, days }: Shape) {
  const n = calm.length;
  const typical = median(steps);
  const largest = steps.length === 0 ? 0 : Math.max(...steps);
  const line = lines.fit(n - 72, n);
  return {
    noise_step: deviation(steps),
    noise_typical: typical,
    noise_burst: clamp(largest / (typical + 1e-4), 0, 200),
    noise_3d: Math.sqrt(line.error / Math.max(1, line.count)),
    noise_still: steps.filter((step) => step < 1e-6).length / Math.max(1, steps.length),
    noise_days: deviation(days.means.slice(0, 14)),
    noise_memory: clamp(deviation(days.rises) / (deviation(steps) + 1e-5), 0, 60),
  };
}
