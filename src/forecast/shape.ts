import { type CleanupPolicy, readPolicy } from './cleanups.ts';
import { type Curve, fitCurve } from './curve.ts';
import { type Cycle, type Days, readCycle, readDays } from './days.ts';
import { type Bend, createLines, findBend, type Lines } from './lines.ts';
import type { Series } from './series.ts';
import { median } from './statistics.ts';

/** How far the series rose within some days from anywhere in its past. */
export interface PastRise {
  readonly days: number;
  readonly greatest: number;
  /** Share of the starts from which it rose as far as the threshold is now. */
  readonly share: number;
}

/** Everything that is measured on a series once. */
export interface Shape {
  readonly series: Series;
  readonly calm: Float64Array;
  readonly sorted: Float64Array;
  /** Where it stands: the median of the last three hours. */
  readonly level: number;
  readonly lines: Lines;
  readonly days: Days;
  readonly cycle: Cycle;
  readonly policy: CleanupPolicy;
  /** The best two lines over the last thirty days. */
  readonly bend: Bend;
  /** The best two lines over what came after `bend`, or over the last three days if that is longer. */
  readonly lateBend: Bend;
  readonly curve: Curve;
  /** Of what came after the last cleanup. */
  readonly lateCurve: Curve;
  readonly pastRises: readonly PastRise[];
  /** Absolute differences from hour to hour, the last fourteen days. */
  readonly steps: Float64Array;
}

export function readShape(series: Series): Shape {
  const { calm, measured } = series;
  const n = calm.length;
  const lines = createLines(calm, measured);
  const policy = readPolicy(calm, lines);
  const bend = findBend(lines, Math.max(0, n - 720), n);
  const level = median(calm.subarray(n - 3));
  const steps = new Float64Array(Math.min(336, n - 1));
  for (let i = 0; i < steps.length; i += 1) {
    steps[i] = Math.abs(calm[n - steps.length + i]! - calm[n - steps.length + i - 1]!);
  }
  return {
    series,
    calm,
    sorted: Float64Array.from(calm).sort(),
    level,
    lines,
    days: readDays(calm),
    cycle: readCycle(calm),
    policy,
    bend,
    lateBend: findBend(lines, Math.max(0, Math.min(bend.at, n - 72)), n, 3),
    curve: fitCurve(calm, measured, 0),
    lateCurve: fitCurve(calm, measured, policy.cleanups.at(-1)?.at ?? Math.max(0, n - 240)),
    pastRises: [1, 3, 7, 14].map((days) => readPastRise(calm, 1 - level, days)),
    steps,
  };
}

/** Starts every three hours; from the last ones there is less past to rise in. */
function readPastRise(calm: Float64Array, way: number, days: number): PastRise {
  const n = calm.length;
  const highest = highestAhead(calm, days * 24);
  let greatest = 0;
  let far = 0;
  let count = 0;
  for (let i = Math.max(0, n - 1 - 60 * 24); i < n - 12; i += 3) {
    const rise = highest[i]! - calm[i]!;
    if (rise > greatest) greatest = rise;
    if (rise >= way) far += 1;
    count += 1;
  }
  return { days, greatest, share: count === 0 ? 0 : far / count };
}

/** Greatest value from each hour up to `hours` later: blocks of that length, seen from both of their ends. */
function highestAhead(values: Float64Array, hours: number): Float64Array {
  const n = values.length;
  const fromStart = new Float64Array(n);
  const fromEnd = new Float64Array(n);
  for (let i = 0; i < n; i += 1) {
    fromStart[i] = i % hours === 0 ? values[i]! : Math.max(fromStart[i - 1]!, values[i]!);
  }
  for (let i = n - 1; i >= 0; i -= 1) {
    fromEnd[i] = i === n - 1 || (i + 1) % hours === 0 ? values[i]! : Math.max(fromEnd[i + 1]!, values[i]!);
  }
  return fromEnd.map((highest, i) => Math.max(highest, fromStart[Math.min(n - 1, i + hours - 1)]!));
}
