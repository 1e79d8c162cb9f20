import { median } from './statistics.ts';

/** One measurement; seconds since 1970 and a value in the unit of the threshold. */
export type Sample = readonly [unixSeconds: number, value: number];

/** Hourly usage as a share of the threshold (1 is critical), without gaps: what is missing is a straight line. */
export interface Series {
  /** Oldest first, an hour apart; the last one is the hour of the newest sample. */
  readonly values: Float64Array;
  /** 1 where the hour was measured, 0 where it is filled. */
  readonly measured: Uint8Array;
  /** `values` with spikes and glitches of up to two hours removed. */
  readonly calm: Float64Array;
  /** How old the newest sample is, hours. */
  readonly age: number;
}

export const HOUR = 3600;
/** Older samples say nothing more about the next two weeks. */
const LONGEST = 60 * 24;
/** Fewer measured hours are no series. */
const FEWEST = 4;
/** A newest sample older than this says nothing about now, hours. */
const OLDEST = 72;
/** Thresholds are no higher, so that every number of a forecast can be written. */
const HIGHEST = 1e300;
/** A single hour that is off by so much of the threshold from both of its neighbours is an error of the exporter. */
const GLITCH = 0.1;
/** A share of the threshold beyond this is as good as this: an error of the exporter must not drown everything else. */
const FARTHEST = 4;

/**
 * Reads samples in any order and step into hours counted back from `now`. Values that are not finite and samples after
 * `now` are left out; several samples of an hour count with their median. A string says why there is nothing to forecast.
 */
export function readSeries(samples: readonly Sample[], threshold: number, now: number): Series | string {
  if (!(threshold > 0 && threshold <= HIGHEST)) return 'the threshold is not above 0, or beyond all measure';
  const back = Float64Array.from(samples, ([time, value]) => hoursBack(time, value / threshold, now));
  let newest = Infinity;
  for (const hours of back) if (hours < newest) newest = hours;
  if (newest === Infinity) return 'no sample is usable';
  if (newest > OLDEST) return `the last sample is ${inWords(newest)} old`;
  let oldest = newest;
  for (const hours of back) if (hours > oldest && hours <= newest + LONGEST) oldest = hours;
  const values = new Float64Array(oldest - newest + 1);
  const measured = new Uint8Array(values.length);
  const several = new Map<number, number[]>();
  for (const [i, [, value]] of samples.entries()) {
    const at = oldest - back[i]!;
    // A sample that does not count lies at no hour.
    if (!(at >= 0)) continue;
    const share = rounded(value / threshold);
    if (measured[at] === 0) values[at] = share;
    else if (several.has(at)) several.get(at)!.push(share);
    else several.set(at, [values[at]!, share]);
    measured[at] = 1;
  }
  for (const [at, group] of several) values[at] = median(group);
  const count = measured.reduce((sum, one) => sum + one, 0);
  if (count < FEWEST)
    return `only ${count === 1 ? '1 hour was' : `${count} hours were`} measured, ${FEWEST} are needed`;
  fillGaps(values, measured);
  return { values, measured, calm: calmed(values), age: newest };
}

/** Whole hours before `now`; infinite for what does not count. */
function hoursBack(time: number, share: number, now: number): number {
  const hours = Math.floor((now - time) / HOUR);
  return Number.isFinite(share) && hours >= 0 ? hours : Infinity;
}

/** In reach, and rounded, so that the unit of the values does not show in the last digit. */
function rounded(share: number): number {
  return Math.round(Math.max(-FARTHEST, Math.min(FARTHEST, share)) * 1e7) / 1e7;
}

function fillGaps(values: Float64Array, measured: Uint8Array): void {
  let last = 0;
  for (let i = 1; i < values.length; i += 1) {
    if (measured[i] === 0) continue;
    const step = (values[i]! - values[last]!) / (i - last);
    for (let k = last + 1; k < i; k += 1) values[k] = values[last]! + step * (k - last);
    last = i;
  }
}

/**
 * Takes out single hours that are far off, then opens and closes over three hours: what rises or falls for fewer than three
 * hours in a row is gone, everything else stays where it is. The first and the last two hours are as low or high as their
 * third one.
 */
export function calmed(values: Float64Array): Float64Array {
  if (values.length < 3) return values;
  const opened = slide(slide(withoutGlitches(values), Math.min, Infinity, 0), Math.max, -Infinity, 2);
  return slide(slide(opened, Math.max, -Infinity, 0), Math.min, Infinity, 2);
}

/** Without this, the two hours behind a glitch would be a spike if they are the last ones. */
function withoutGlitches(values: Float64Array): Float64Array {
  return values.map((value, i) => {
    if (i === 0 || i === values.length - 1) return value;
    const [before, after] = [values[i - 1]!, values[i + 1]!];
    const off = Math.min(Math.abs(value - before), Math.abs(value - after));
    const isGlitch = off > GLITCH && value > before === value > after && Math.abs(before - after) < off / 4;
    return isGlitch ? (before + after) / 2 : value;
  });
}

/** `pick` over three neighbours: those from i on (`back` 0, windows that are whole only), or those up to i (`back` 2). */
function slide(
  values: Float64Array,
  pick: (a: number, b: number) => number,
  start: number,
  back: number,
): Float64Array {
  const windows = back === 0 ? values.length - 2 : values.length + 2;
  const result = new Float64Array(windows);
  for (let i = 0; i < windows; i += 1) {
    let best = start;
    for (let k = i - back; k < i - back + 3; k += 1) {
      if (k >= 0 && k < values.length) best = pick(best, values[k]!);
    }
    result[i] = best;
  }
  return result;
}

/** `9 hours`, `3 days`; whole numbers of the greatest unit that makes at least two. */
export function inWords(hours: number): string {
  if (hours >= 48) return `${Math.round(hours / 24)} days`;
  if (hours >= 2) return `${Math.round(hours)} hours`;
  return hours >= 1 ? '1 hour' : 'less than an hour';
}
