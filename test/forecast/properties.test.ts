import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { forecast } from '../../src/forecast/forecast.ts';
import type { Sample } from '../../src/forecast/series.ts';
import { forecastOf, NOW } from './series-of.ts';

/** Pieces of lines with cycles, noise and drops, an hour apart up to now. */
const series: fc.Arbitrary<Sample[]> = fc
  .record({
    pieces: fc.array(
      fc.record({
        hours: fc.integer({ min: 3, max: 300 }),
        rise: fc.double({ min: -0.01, max: 0.01, noNaN: true }),
        jump: fc.constantFrom(0, 0, 0.1, -0.2),
      }),
      { minLength: 1, maxLength: 6 },
    ),
    noise: fc.constantFrom(0, 0.001, 0.02),
    cycle: fc.constantFrom(0, 0.01, 0.1),
  })
  .map(({ pieces, noise, cycle }) => {
    let level = 0.4;
    const values = pieces.flatMap(({ hours, rise, jump }) => {
      level += jump;
      return Array.from({ length: hours }, () => {
        level = Math.max(0, Math.min(1, level + rise));
        return level;
      });
    });
    return values.map((value, i): Sample => {
      const moved = value + cycle * Math.sin((i * Math.PI) / 12) + noise * Math.sin(i * 12.9898);
      return [NOW - (values.length - 1 - i) * 3600, Math.round(moved * 1e6) / 1e6];
    });
  })
  .filter((samples) => samples.length >= 4);

const anything = fc.array(
  fc.tuple(
    fc.oneof(fc.integer({ min: NOW - 10_000_000, max: NOW + 100_000 }), fc.double()),
    fc.oneof(fc.double({ min: 0, max: 1 }), fc.double()),
  ),
  { maxLength: 200 },
);

const numbersIn = (value: unknown): number[] =>
  typeof value === 'number'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(numbersIn)
      : [];

describe('whatever comes in', () => {
  test('it never throws, and every number that comes out is finite', () => {
    fc.assert(
      fc.property(anything, fc.oneof(fc.constant(0.9), fc.double()), (samples, threshold) => {
        const result = forecast(samples, threshold, NOW);
        expect(numbersIn(result).filter((value) => !Number.isFinite(value))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('probabilities are such, and a longer horizon has no lower one', () => {
    fc.assert(
      fc.property(series, (samples) => {
        const { p_within_1d, p_within_3d, p_within_7d, p_within_14d, confidence, days_until_critical } =
          forecastOf(samples);
        const chances = [0, p_within_1d, p_within_3d, p_within_7d, p_within_14d, 1];
        expect(chances).toEqual(chances.toSorted((a, b) => a - b));
        const isAlarm = days_until_critical !== null && days_until_critical <= 14;
        expect(confidence).toBeCloseTo(isAlarm ? p_within_14d : 1 - p_within_14d, 12);
        expect(days_until_critical ?? 0).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 60 },
    );
  });

  test('the fan opens', () => {
    fc.assert(
      fc.property(series, (samples) => {
        const { fan } = forecastOf(samples);
        for (const { low, middle, high } of fan)
          expect([low, middle, high]).toEqual([low, middle, high].toSorted((a, b) => a - b));
      }),
      { numRuns: 40 },
    );
  });
});

describe('what does not matter', () => {
  const same = (one: ReturnType<typeof forecastOf>, other: ReturnType<typeof forecast>) => {
    if (other.kind === 'no forecast') throw new Error(other.reason);
    expect(other.days_until_critical).toBe(one.days_until_critical);
    expect(other.p_within_14d).toBeCloseTo(one.p_within_14d, 10);
    expect(other.p_within_3d).toBeCloseTo(one.p_within_3d, 10);
    expect(other.reasons).toEqual(one.reasons);
  };

  test('the order of the samples, and samples that come twice', () => {
    fc.assert(
      fc.property(
        series.chain((samples) =>
          fc.tuple(fc.constant(samples), fc.shuffledSubarray(samples, { minLength: samples.length })),
        ),
        ([samples, shuffled]) => same(forecastOf(samples), forecast([...shuffled, ...samples.slice(0, 20)], 0.9, NOW)),
      ),
      { numRuns: 40 },
    );
  });

  test('the unit: value and threshold times the same', () => {
    fc.assert(
      fc.property(series, fc.constantFrom(2 ** 30, 100, 1024 * 1000, 0.001), (samples, factor) => {
        const scaled = samples.map(([time, value]): Sample => [time, value * factor]);
        same(forecastOf(samples), forecast(scaled, 0.9 * factor, NOW));
      }),
      { numRuns: 40 },
    );
  });

  test('when: all times moved by the same', () => {
    fc.assert(
      fc.property(series, fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }), (samples, by) => {
        const moved = samples.map(([time, value]): Sample => [time + by, value]);
        same(forecastOf(samples), forecast(moved, 0.9, NOW + by));
      }),
      { numRuns: 40 },
    );
  });

  test('spikes and glitches of an hour', () => {
    fc.assert(
      fc.property(series, fc.constantFrom(0, 1.5), (samples, glitch) => {
        // A flat series, so that what lies under a glitch is known.
        const flat = samples.map(([time], i): Sample => [time, i % 50 === 25 ? glitch : 0.5]);
        same(forecastOf(samples.map(([time]): Sample => [time, 0.5])), forecast(flat, 0.9, NOW));
      }),
      { numRuns: 20 },
    );
  });
});
