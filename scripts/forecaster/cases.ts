import { HOUR, type Sample } from '../../src/forecast/series.ts';
import { FILLS } from './fills.ts';
import { NEVERS } from './nevers.ts';
import { OTHERS } from './others.ts';
import { type Made, type MakeClass, type Path, THRESHOLD, type World } from './paths.ts';
import { createRandom, type Random } from './random.ts';
import { drawPlace, type Place } from './thresholds.ts';
import { WILD } from './wild.ts';

/** A forecast to be made, and what came of it. */
export interface Case {
  readonly className: string;
  readonly samples: readonly Sample[];
  readonly threshold: number;
  readonly now: number;
  /** Days until three hours in a row were critical; null: never, as far as is known. */
  readonly truth: number | null;
  /** Days after `now` that are known. */
  readonly known: number;
}

const FUTURE = 60;
const LONGEST = 60 * 24;

export const NAMED: Readonly<Record<string, MakeClass>> = { ...FILLS, ...NEVERS, ...OTHERS };

interface Options {
  /** Texts, so that no other generator's numbers meet them. */
  readonly seed: string;
  readonly perClass: number;
  /** How many paths of each wild class; default none. */
  readonly perWild?: number;
  /** Share of the cases of named classes that get another threshold than theirs; default none. */
  readonly rethreshold?: number;
}

/** The same options always make the same cases. */
export function* makeCases({ seed, perClass, perWild = 0, rethreshold = 0 }: Options): Generator<Case> {
  const share = (name: string) => (name in WILD ? 1 : rethreshold);
  const counts = [...Object.entries(NAMED).map((named) => [...named, perClass] as const)].concat(
    Object.entries(WILD).map((wild) => [...wild, perWild] as const),
  );
  for (const [name, make, count] of counts) {
    for (let at = 0; at < count; at += 1) {
      yield* casesOf(name, make, createRandom(`${seed}/${name}/${at}`), share(name));
    }
  }
}

function* casesOf(className: string, make: MakeClass, random: Random, rethreshold: number): Generator<Case> {
  const days = random.whole(14, 60);
  const start = 1_700_000_400 - (1_700_000_400 % HOUR) + random.whole(0, 24 * 28) * HOUR;
  const world: World = {
    random,
    days,
    hours: (days + FUTURE) * 24 + 1,
    hourOfDay: Math.floor(start / HOUR) % 24,
    weekday: (Math.floor(start / 86_400) + 3) % 7,
  };
  const made = make(world);
  const path = made.path.map(measurable);
  const seen = (made.seen ?? made.path).map(measurable);
  for (const { cut, threshold } of drawPlaces(made, world, path, className, rethreshold)) {
    if (cut < 6 || cut >= path.length - 15 * 24) continue;
    if (isCritical(path, cut, threshold)) continue;
    const crossing = findCrossing(path, cut, threshold);
    const least = className in WILD && random.chance(0.12) ? random.logBetween(0.25, 4) : null;
    const samples = measure(random, seen, cut, made, start, least);
    if (samples.length < 4) continue;
    yield {
      className,
      samples,
      threshold,
      now: start + cut * HOUR,
      truth: crossing === null ? null : (crossing - cut) / 24,
      known: (path.length - 1 - cut) / 24,
    };
  }
}

const measurable = (value: number): number => Math.round(Math.max(0, Math.min(4, value)) * 1e6) / 1e6;

function drawCuts({ cuts, leastDays = 4, anyCut = false }: Made, { random, days }: World, className: string): number[] {
  if (cuts !== undefined) return cuts.map(Math.round);
  const least = leastDays * 24;
  const most = anyCut || className.includes('never') ? (days + 10) * 24 : days * 24 - 24;
  const more = most > least + 24 ? [random.whole(least, most), random.whole(least, most)] : [];
  return [days * 24, ...more].map(Math.round);
}

function drawPlaces(made: Made, world: World, path: Path, className: string, rethreshold: number): Place[] {
  return [...new Set(drawCuts(made, world, className))].flatMap((cut) => {
    if (!world.random.chance(rethreshold)) return [{ cut, threshold: THRESHOLD }];
    return drawPlace(world, path, cut, made.capacity ?? 'highest') ?? [];
  });
}

function isCritical(path: Path, cut: number, threshold: number): boolean {
  return path[cut]! >= threshold && path[cut - 1]! >= threshold && path[cut - 2]! >= threshold;
}

/** The first hour after `cut` from which on three in a row are critical. */
function findCrossing(path: Path, cut: number, threshold: number): number | null {
  let run = 0;
  for (let i = cut + 1; i < path.length; i += 1) {
    run = path[i]! >= threshold - 1e-9 ? run + 1 : 0;
    if (run === 3) return i - 2;
  }
  return null;
}

/**
 * What a scraper got of it: a shorter history (of just so many days, where they are given), gaps, a hole, a tail that is
 * missing; whatever the class.
 */
function measure(
  random: Random,
  seen: Path,
  cut: number,
  { missing, leastDays = 4 }: Made,
  start: number,
  history: number | null,
): Sample[] {
  const short = cut - Math.round((history ?? Math.max(leastDays, random.between(4, 60))) * 24);
  const from = Math.max(0, cut - LONGEST, history !== null || random.chance() ? short : 0);
  const gaps = random.chance(0.15) ? random.between(0.03, 0.5) : 0;
  const hole = random.chance(0.08) ? { from: cut - random.whole(30, 400), hours: random.whole(6, 60) } : null;
  const tail = random.chance(0.06) && cut - from > 96 ? random.whole(3, 40) : 0;
  const samples: Sample[] = [];
  for (let i = from; i <= cut - tail; i += 1) {
    if (missing?.[i] === 1 || (gaps > 0 && i < cut - 1 && random.chance(gaps))) continue;
    if (hole !== null && i >= hole.from && i < hole.from + hole.hours) continue;
    samples.push([start + i * HOUR, seen[i]!]);
  }
  return samples;
}
