import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MOST_POINTS, slicesOf } from '../../../src/prometheus/range/slices.ts';

test('a fortnight by the hour is one request, by the minute two', () => {
  expect(slicesOf(1_000_000_000, 14 * 86_400, 3600)).toEqual([
    { start: 1_000_000_000 - 14 * 86_400, end: 1_000_000_000 },
  ]);
  expect(slicesOf(1_000_000_000, 14 * 86_400, 60)).toHaveLength(2);
});

test('every point is asked for once, and no request has too many', () => {
  fc.assert(
    fc.property(fc.integer({ min: 3600, max: 5_184_000 }), fc.integer({ min: 60, max: 86_400 }), (lookback, step) => {
      const points: number[] = [];
      for (const { start, end } of slicesOf(2_000_000_000, lookback, step)) {
        expect((end - start) / step + 1).toBeLessThanOrEqual(MOST_POINTS);
        for (let at = start; at <= end; at += step) points.push(at);
      }
      expect(points).toHaveLength(Math.floor(lookback / step) + 1);
      expect(points.at(-1)).toBe(2_000_000_000);
      for (let i = 1; i < points.length; i += 1) expect(points[i]! - points[i - 1]!).toBe(step);
    }),
    { numRuns: 50 },
  );
});
