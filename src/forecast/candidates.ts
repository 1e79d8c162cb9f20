import { medianSlope } from './days.ts';
import type { Shape } from './shape.ts';
import { clamp, median } from './statistics.ts';

/** One way to read the series: when the threshold is reached if it goes on like this. */
export interface Candidate {
  readonly name: string;
  /** Days from now; `NEVER` when it does not. */
  readonly days: number;
}

export const NEVER = 100;
const SOONEST = 0.02;

export interface Candidates {
  readonly all: readonly Candidate[];
  /** The median of those that the forecast starts from, days. */
  readonly typical: number;
  readonly features: Readonly<Record<string, number>>;
}

/** Reads the series as lines over several windows, since a bend, since the last cleanup, and as a curve. */
export function findCandidates(shape: Shape): Candidates {
  const { lines, calm, days, bend, lateBend, policy, curve, cycle, series } = shape;
  const n = calm.length;
  const age = series.age / 24;
  // What repeats every day reaches the threshold with its peak.
  const head = cycle.strength > 0.3 ? cycle.peak : 0;
  const line = (slopeADay: number, end: number): number =>
    slopeADay <= 1e-5 ? NEVER : clamp((1 - head - end) / slopeADay - age, SOONEST, NEVER);
  const window = (hours: number): number => {
    const { slope, end } = lines.fit(n - hours, n);
    return line(slope * 24, end);
  };
  const centre = days.means[0]!;
  const byDays = (count: number): number => {
    const slope = medianSlope(days.means, count);
    return line(slope, centre + slope / 2);
  };
  const since = policy.cleanups.at(-1)?.at ?? 0;
  const sinceLine = lines.fit(since, n);
  const all: Candidate[] = [
    { name: 'day', days: window(24) },
    { name: 'three_days', days: window(72) },
    { name: 'week', days: window(168) },
    { name: 'fortnight', days: window(336) },
    { name: 'all', days: window(n) },
    { name: 'daily_means', days: byDays(8) },
    { name: 'daily_means_long', days: byDays(22) },
    { name: 'bend', days: line(bend.after.slope * 24, bend.after.end) },
    { name: 'late_bend', days: line(lateBend.after.slope * 24, lateBend.after.end) },
    { name: 'cleanup', days: line(sinceLine.slope * 24, sinceLine.end) },
    { name: 'curve', days: curveDays(curve.endSlope, curve.bow, 1 - head - shape.level, age) },
    { name: 'peaks', days: peakDays(policy, n, age) },
  ];
  const of = (name: string): number => all.find((candidate) => candidate.name === name)!.days;
  const typical = median([of('week'), of('bend'), of('cleanup'), of('three_days'), of('fortnight')]);
  return {
    all,
    typical,
    features: {
      ...Object.fromEntries(all.map(({ name, days: until }) => [`days_${name}`, until])),
      days_typical: typical,
      days_soon: all.filter(({ days: until }) => until <= 14).length,
    },
  };
}

/** When `way = slope·d + bow·d²`; a curve that bends down may never get there. */
function curveDays(slope: number, bow: number, way: number, age: number): number {
  if (way <= 0) return SOONEST;
  if (Math.abs(bow) < 1e-7) return slope <= 1e-5 ? NEVER : clamp(way / slope - age, SOONEST, NEVER);
  const root = slope * slope + 4 * bow * way;
  if (root < 0) return NEVER;
  const days = (-slope + Math.sqrt(root)) / (2 * bow);
  return days <= 0 ? NEVER : clamp(days - age, SOONEST, NEVER);
}

/** When the level at which cleanups come reaches the threshold. */
function peakDays({ cleanups, peakSlope }: Shape['policy'], n: number, age: number): number {
  const last = cleanups.at(-1);
  if (last === undefined || cleanups.length < 2 || peakSlope * 24 <= 1e-5) return NEVER;
  return clamp((1 - last.from) / (peakSlope * 24) - (n - 1 - last.at) / 24 - age, SOONEST, NEVER);
}
