const FIRST = 1000;
const LONGEST = 600_000;

/** How long to wait after the attempt with this number (0 is the first): 1 s, doubled each time, up to 10 min. */
export function backoff(attempts: number): number {
  const doublings = Number.isFinite(attempts) ? Math.max(0, Math.floor(attempts)) : 0;
  return Math.min(LONGEST, FIRST * 2 ** Math.min(doublings, 20));
}
