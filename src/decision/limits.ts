import { atTime, inWords } from './words.ts';

export const DAY = 86_400_000;
export const WEEK = 7 * DAY;

/**
 * When a limit of `most` runs per trailing `per` milliseconds opens: null when it is open now, Infinity when it never does
 * (`most` is 0). `starts` are newest first and at least `most` long where so many exist. A start in the future (the clock
 * jumped back) counts like any other.
 */
export function windowOpensAt(starts: readonly number[], most: number, per: number, now: number): number | null {
  if (!(most > 0)) return Infinity;
  const oldestThatCounts = starts[most - 1];
  if (oldestThatCounts === undefined) return null;
  const opensAt = oldestThatCounts + per;
  return now >= opensAt ? null : opensAt;
}

/** How many of `starts` the trailing window holds. */
export function inWindow(starts: readonly number[], per: number, now: number): number {
  return starts.filter((at) => at > now - per).length;
}

/** The sentence of a limit that is reached. `whose` runs are counted: a playbook, or `all playbooks`. */
export function limitReached(whose: string, most: number, per: number, opensAt: number): string {
  const allowed = `${whose}: ${most} of ${most} runs in ${inWords(per)}`;
  return opensAt === Infinity
    ? `${allowed}; the limit allows none`
    : `${allowed}; the next is possible at ${atTime(opensAt)}`;
}
