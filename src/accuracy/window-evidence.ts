import { findCleanups } from '../forecast/cleanups.ts';
import { calmed } from '../forecast/series.ts';
import type { NotedForecast } from './record.ts';

const HOUR = 3_600_000;
/** So much of the past before the window is looked at: falls are told from the usual ups and downs. */
export const BEFORE = 48 * HOUR;
/** Three hours in a row at or above the threshold are critical, as for the forecaster. */
const IN_A_ROW = 3;
/** Fewer measured hours, or more missing ones in a row, do not show that nothing happened. */
const LEAST_MEASURED = 0.9;
const LONGEST_GAP = 6;

/** What the samples of a forecast's window show. Instants are epoch milliseconds. */
export interface WindowEvidence {
  /** Begin of the first three hours in a row at or above the threshold; the forecast's own time if it was so then. */
  readonly critical_at: number | null;
  /** It may have been critical in hours that were not measured. */
  readonly doubtful: boolean;
  /** When it first fell far more steeply than it usually moves. */
  readonly fell_at: number | null;
  /** Enough was measured to say that nothing else happened. */
  readonly covered: boolean;
}

/** Reads samples in any order; those outside of the window and the two days before it are left out. */
export function readWindow(
  samples: readonly (readonly [at: number, value: number])[],
  { observed_at, closes_at, critical }: Pick<NotedForecast, 'observed_at' | 'closes_at' | 'critical'>,
): WindowEvidence {
  const begin = Math.floor((observed_at - BEFORE) / HOUR);
  const from = Math.floor(observed_at / HOUR) - begin;
  const shares = hourly(samples, begin, Math.floor((closes_at - 1) / HOUR), critical ?? Number.NaN);
  const row = firstRow(shares, from);
  const hours = shares.slice(from);
  const measured = hours.filter((share) => share !== null).length;
  return {
    critical_at: row === null ? null : Math.max(observed_at, (begin + row) * HOUR),
    doubtful: row === null && mayHaveBeen(shares, from),
    fell_at: firstFall(shares, from, begin),
    covered: measured >= LEAST_MEASURED * hours.length && longestGap(hours) <= LONGEST_GAP,
  };
}

/** The median share of the threshold in each hour of the clock; null where nothing was measured. */
function hourly(
  samples: readonly (readonly [number, number])[],
  first: number,
  last: number,
  critical: number,
): readonly (number | null)[] {
  const groups: number[][] = Array.from({ length: last - first + 1 }, () => []);
  for (const [at, value] of samples) {
    const share = value / critical;
    if (Number.isFinite(share)) groups[Math.floor(at / HOUR) - first]?.push(share);
  }
  return groups.map((group) => {
    if (group.length === 0) return null;
    const sorted = group.toSorted((a, b) => a - b);
    const half = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
  });
}

/** Where the first three critical hours begin that end in the window; null: there are none. */
function firstRow(shares: readonly (number | null)[], from: number): number | null {
  let length = 0;
  for (const [at, share] of shares.entries()) {
    length = share !== null && share >= 1 ? length + 1 : 0;
    if (length >= IN_A_ROW && at >= from) return at - IN_A_ROW + 1;
  }
  return null;
}

/** Whether there would be three if the hours that were not measured had been critical, some of them measured as such. */
function mayHaveBeen(shares: readonly (number | null)[], from: number): boolean {
  let length = 0;
  let seen = false;
  for (const [at, share] of shares.entries()) {
    const maybe = share === null || share >= 1;
    length = maybe ? length + 1 : 0;
    seen = maybe && (seen || share !== null);
    if (seen && length >= IN_A_ROW && at >= from) return true;
  }
  return false;
}

function longestGap(hours: readonly (number | null)[]): number {
  let longest = 0;
  let length = 0;
  for (const share of hours) {
    length = share === null ? length + 1 : 0;
    longest = Math.max(longest, length);
  }
  return longest;
}

/** A fall that began before the window is none of it. */
function firstFall(shares: readonly (number | null)[], from: number, begin: number): number | null {
  const known = shares.flatMap((share, at) => (share === null ? [] : [{ at, share }]));
  const [start, end] = [known[0]?.at, known.at(-1)?.at];
  if (start === undefined || end === undefined || end - start < IN_A_ROW) return null;
  const filled = new Float64Array(end - start + 1);
  for (const [i, { at, share }] of known.entries()) {
    const next = known[i + 1] ?? { at: at + 1, share };
    for (let hour = at; hour < next.at; hour += 1) {
      filled[hour - start] = share + ((next.share - share) * (hour - at)) / (next.at - at);
    }
  }
  const fall = findCleanups(calmed(filled)).find(({ at }) => at + start - 2 >= from);
  return fall === undefined ? null : (fall.at + start + begin) * HOUR;
}
