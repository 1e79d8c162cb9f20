import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { corrected, fitCalibration, UNCORRECTED, type WeightedOutcome } from '../../src/forecast/calibration.ts';
import { brier } from '../../src/forecast/scoring.ts';

const outcome = fc.record({
  probability: fc.double({ min: 0, max: 1, noNaN: true }),
  came: fc.boolean(),
  weight: fc.double({ min: 0.01, max: 1, noNaN: true }),
});
const someOutcomes = fc.array(outcome, { maxLength: 200 });
const probability = fc.double({ min: 0, max: 1, noNaN: true });

/** Numbers from 0 to 1 that are the same each time. */
function numbersOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

/** Forecasters whose true chances lie this far from what they state. */
function world(seed: number, count: number, slope: number, shift: number): WeightedOutcome[] {
  const next = numbersOf(seed);
  return Array.from({ length: count }, () => {
    const stated = 0.05 + 0.9 * next();
    const chance = sigmoid(slope * Math.log(stated / (1 - stated)) + shift);
    return { probability: stated, came: next() < chance, weight: 1 };
  });
}

test('nothing known: nothing is corrected, to the last bit', () => {
  expect(fitCalibration([])).toEqual(UNCORRECTED);
  fc.assert(
    fc.property(probability, (stated) => {
      expect(corrected(stated, fitCalibration([]))).toBe(stated);
    }),
  );
});

test('whatever happened, the order of probabilities stays, and none is sure', () => {
  fc.assert(
    fc.property(someOutcomes, probability, probability, (outcomes, one, other) => {
      const calibration = fitCalibration(outcomes);
      expect(calibration.slope).toBeGreaterThan(0);
      const [low, high] = [Math.min(one, other), Math.max(one, other)].map((p) => corrected(p, calibration));
      expect(low!).toBeLessThanOrEqual(high!);
      if (outcomes.length === 0) return;
      expect(low!).toBeGreaterThanOrEqual(0.01 - 1e-12);
      expect(high!).toBeLessThanOrEqual(0.99 + 1e-12);
    }),
  );
});

test('the order in which forecasts are judged makes no difference', () => {
  fc.assert(
    fc.property(someOutcomes, (outcomes) => {
      const [one, other] = [fitCalibration(outcomes), fitCalibration(outcomes.toReversed())];
      expect(other.slope).toBeCloseTo(one.slope, 6);
      expect(other.shift).toBeCloseTo(one.shift, 6);
    }),
  );
});

test('few change little, more change more, all alike change no more than is bounded', () => {
  const wrong = (count: number) =>
    fitCalibration(Array.from({ length: count }, () => ({ probability: 0.9, came: false, weight: 1 })));
  const becomes = [1, 5, 20, 100, 10_000].map((count) => corrected(0.9, wrong(count)));
  expect(becomes).toEqual(becomes.toSorted((a, b) => b - a));
  expect(becomes[0]).toBeGreaterThan(0.7);
  expect(becomes[2]).toBeLessThan(0.5);
  expect(becomes.at(-1)).toBeGreaterThanOrEqual(0.01);
});

describe('forecasts that were not made for the fit are better by it', () => {
  test.each([
    ['too sure', 0.5, 0],
    ['too timid', 1.8, 0],
    ['too gloomy', 1, -1.2],
    ['too gloomy and too sure', 0.6, -0.8],
  ])('%s', (_what, slope, shift) => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const calibration = fitCalibration(world(seed, 300, slope, shift));
      const later = world(seed + 1_000, 4_000, slope, shift);
      const before = brier(later);
      const after = brier(later.map((one) => ({ ...one, probability: corrected(one.probability, calibration) })));
      expect(after).toBeLessThan(before - 0.003);
    }
  });

  test('those that were right lose next to nothing', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const calibration = fitCalibration(world(seed, 60, 1, 0));
      const later = world(seed + 1_000, 4_000, 1, 0);
      const after = brier(later.map((one) => ({ ...one, probability: corrected(one.probability, calibration) })));
      expect(after).toBeLessThan(brier(later) + 0.006);
    }
  });
});
