import type { Random } from './random.ts';

/** A path's share of capacity, an hour apart. The threshold of the classes is .9. */
export type Path = Float64Array;

/** What a class of series is made from. */
export interface World {
  readonly random: Random;
  /** Days before the usual cut; 60 more come after it. */
  readonly days: number;
  /** Hours of the whole path. */
  readonly hours: number;
  readonly hourOfDay: number;
  /** 0 is Monday. */
  readonly weekday: number;
}

/** A path that was made, and where it may be cut. */
export interface Made {
  readonly path: Path;
  /** What is measured where that is not the path: glitches. */
  readonly seen?: Path;
  readonly missing?: Uint8Array;
  /** Hours at which a forecast is made; drawn where absent. */
  readonly cuts?: readonly number[];
  /** Least days of history that show what the class is about; default 4. */
  readonly leastDays?: number;
  /** True: late cuts are drawn too, as for series that never cross. */
  readonly anyCut?: boolean;
  /** What a threshold that is drawn for it is mostly near to: what it ever reaches at most, or what it reaches soon. */
  readonly capacity?: 'highest' | 'soon';
}

export type MakeClass = (world: World) => Made;

export const THRESHOLD = 0.9;
/** No path that must never be critical goes higher. */
export const BELOW = 0.894;

export function each(hours: number, at: (hour: number) => number): Path {
  return Float64Array.from({ length: hours }, (_, hour) => at(hour));
}

export function add(...paths: readonly Path[]): Path {
  return paths[0]!.map((_, i) => paths.reduce((sum, path) => sum + path[i]!, 0));
}

export function below(path: Path, most = BELOW): Path {
  return path.map((value) => Math.min(value, most));
}

/** Noise that remembers `memory` of its last value. */
export function remembering({ random, hours }: World, size: number, memory: number): Path {
  const fresh = Math.sqrt(1 - memory * memory);
  let value = 0;
  return each(hours, () => {
    value = memory * value + fresh * random.normal();
    return size * value;
  });
}

export function noise(world: World, low = 0.0003, high = 0.005): Path {
  const { random } = world;
  const size = random.logBetween(low, high);
  return remembering(world, size, random.chance(0.3) ? 0 : random.between(0.4, 0.95));
}

export function daily({ random, hours, hourOfDay }: World, size: number): Path {
  const phase = random.between(0, 24);
  const second = random.between(0, 0.4);
  return each(hours, (i) => {
    const angle = (2 * Math.PI * (i + hourOfDay - phase)) / 24;
    return size * (Math.sin(angle) + second * Math.sin(2 * angle));
  });
}

export function ripple(world: World): Path {
  const { random, hours } = world;
  return random.chance() ? daily(world, random.between(0.001, 0.012)) : new Float64Array(hours);
}

export function dayOfWeek({ hourOfDay, weekday }: World, hour: number): number {
  return (weekday + Math.floor((hour + hourOfDay) / 24)) % 7;
}

/** Days from the last cut to the crossing. */
export function drawDays({ random }: World): number {
  return random.chance(0.75) ? random.between(0.6, 13.5) : random.between(15, 45);
}

/** A steady rise over all the history that crosses `until` days after it. */
export function steady({ random, days }: World, until: number): { readonly rise: number; readonly start: number } {
  const rise = (random.between(0.15, 1) * 0.82) / (until + days);
  return { rise, start: THRESHOLD - rise * (until + days) };
}
