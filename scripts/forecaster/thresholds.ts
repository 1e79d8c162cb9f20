import { calmed } from '../../src/forecast/series.ts';
import { drawDays, type Path, type World } from './paths.ts';

/** Where a path is cut, and the threshold that the forecast is about. */
export interface Place {
  readonly cut: number;
  readonly threshold: number;
}

const LONGEST = 60 * 24;
/** At least this much has to be known after a cut. */
const KNOWN = 15 * 24;
const EARLIEST = 4 * 24;

/**
 * Draws a threshold for a path that has none, as people come to theirs: about the highest that it ever reaches (then the
 * cut is drawn anew, from before that); what it reaches some days from the cut; or some way above what it was, however far
 * that is.
 */
export function drawPlace(world: World, path: Path, cut: number, capacity: 'highest' | 'soon'): Place | null {
  const { random } = world;
  const calm = calmed(path);
  const share = random.share();
  if (share < (capacity === 'highest' ? 0.65 : 0.15)) return byHighest(world, calm);
  return share < 0.82 ? byFuture(world, calm, cut) : byPast(world, calm, cut);
}

/** A capacity that fits the whole of it, and a moment before that is reached for the first time. */
function byHighest({ random }: World, calm: Path): Place | null {
  const threshold = Math.max(...calm) * random.between(0.8, 1.06);
  const first = calm.findIndex((value) => value >= threshold);
  const latest = Math.min(first === -1 ? calm.length : first - 1, calm.length - KNOWN);
  return latest <= EARLIEST ? null : { cut: random.whole(EARLIEST, latest), threshold };
}

function byFuture(world: World, calm: Path, cut: number): Place | null {
  const until = cut + Math.round(drawDays(world) * 24);
  const peak = Math.max(...calm.subarray(Math.max(0, cut - LONGEST), cut + 1));
  const threshold = Math.max(...calm.subarray(cut, Math.min(calm.length, until))) - 1e-6;
  return threshold > peak ? { cut, threshold } : byPast(world, calm, cut);
}

function byPast({ random }: World, calm: Path, cut: number): Place {
  const past = calm.subarray(Math.max(0, cut - LONGEST), cut + 1);
  const now = past.at(-1)!;
  const peak = Math.max(...past);
  const range = peak - Math.min(...past);
  const rate = Math.abs(now - past[Math.max(0, past.length - 169)]!) / Math.min(7, past.length / 24);
  const drawn = random.pick([
    () => now + rate * random.logBetween(0.8, 80),
    () => now + range * random.logBetween(0.05, 2),
    () => peak + range * random.logBetween(0.01, 1),
  ])();
  return { cut, threshold: Math.max(0.02, now + 0.002, drawn) };
}
