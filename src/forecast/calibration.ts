/** How stated probabilities are corrected: `logit(corrected) = slope · logit(stated) + shift`. Plain data. */
export interface Calibration {
  readonly slope: number;
  readonly shift: number;
  /** Forecasts that it was fitted on. */
  readonly forecasts: number;
}

/** A probability that was stated, and whether what it spoke of came. */
export interface WeightedOutcome {
  readonly probability: number;
  readonly came: boolean;
  /** How much of an observation of its own it is, above 0, at most 1. */
  readonly weight: number;
}

export const UNCORRECTED: Calibration = { slope: 1, shift: 0, forecasts: 0 };

/** Nobody knows more surely than this, whatever the correction. */
const SUREST = 0.99;
/** How far slope and shift are believed to lie from none before anything is known: standard deviations. */
const SLOPE_SPREAD = 0.25;
const SHIFT_SPREAD = 0.5;
/** What no data push beyond: a slope above 0 keeps the order of probabilities. */
const SLOPES = [0.3, 2.5] as const;
const SHIFTS = [-2.5, 2.5] as const;
const STEPS = 60;
const CLOSE_ENOUGH = 1e-10;

/**
 * The most likely correction (Platt's scaling) under the belief that none is needed: with no outcomes it is none, with few
 * it is close to none. The same outcomes, in any order, make the same correction but for rounding.
 */
export function fitCalibration(outcomes: readonly WeightedOutcome[]): Calibration {
  if (outcomes.length === 0) return UNCORRECTED;
  const points = outcomes.map(({ probability, came, weight }) => {
    return { x: logit(probability), y: came ? 1 : 0, weight };
  });
  let [slope, shift] = climb(points, [1, 0], [true, true]);
  const held = clamp(slope, SLOPES);
  if (held !== slope) [slope, shift] = climb(points, [held, 0], [false, true]);
  return { slope, shift: clamp(shift, SHIFTS), forecasts: outcomes.length };
}

export function corrected(probability: number, { slope, shift }: Calibration): number {
  if (slope === 1 && shift === 0) return probability;
  const value = 1 / (1 + Math.exp(-(slope * logit(probability) + shift)));
  return clamp(value, [1 - SUREST, SUREST]);
}

type Point = { readonly x: number; readonly y: number; readonly weight: number };

/** Newton's steps up the concave log-posterior, halved where they would go down; only along what is `free`. */
function climb(
  points: readonly Point[],
  start: readonly [number, number],
  free: readonly [boolean, boolean],
): readonly [slope: number, shift: number] {
  let [a, b] = start;
  let height = posterior(points, a, b);
  for (let step = 0; step < STEPS; step += 1) {
    let [da, db] = [(1 - a) / SLOPE_SPREAD ** 2, -b / SHIFT_SPREAD ** 2];
    let [aa, ab, bb] = [1 / SLOPE_SPREAD ** 2, 0, 1 / SHIFT_SPREAD ** 2];
    for (const { x, y, weight } of points) {
      const p = 1 / (1 + Math.exp(-(a * x + b)));
      const [off, bend] = [weight * (y - p), weight * p * (1 - p)];
      da += off * x;
      db += off;
      aa += bend * x * x;
      ab += bend * x;
      bb += bend;
    }
    if (!free[0]) [da, aa, ab] = [0, 1, 0];
    if (!free[1]) [db, bb, ab] = [0, 1, 0];
    const determinant = aa * bb - ab * ab;
    let [stepA, stepB] = [(bb * da - ab * db) / determinant, (aa * db - ab * da) / determinant];
    let next = posterior(points, a + stepA, b + stepB);
    for (let half = 0; next < height && half < STEPS; half += 1) {
      [stepA, stepB] = [stepA / 2, stepB / 2];
      next = posterior(points, a + stepA, b + stepB);
    }
    if (!(next >= height)) break;
    [a, b, height] = [a + stepA, b + stepB, next];
    if (Math.abs(stepA) + Math.abs(stepB) < CLOSE_ENOUGH) break;
  }
  return [a, b];
}

function posterior(points: readonly Point[], a: number, b: number): number {
  let sum = -((a - 1) ** 2) / (2 * SLOPE_SPREAD ** 2) - b ** 2 / (2 * SHIFT_SPREAD ** 2);
  for (const { x, y, weight } of points) {
    const z = a * x + b;
    sum -= weight * (Math.max(0, z) - y * z + Math.log1p(Math.exp(-Math.abs(z))));
  }
  return sum;
}

function logit(probability: number): number {
  const p = clamp(probability, [1 - SUREST, SUREST]);
  return Math.log(p / (1 - p));
}

function clamp(value: number, [least, most]: readonly [number, number]): number {
  return Math.max(least, Math.min(most, value));
}
