import { describe, expect, test } from 'vitest';
import { findCleanups, readPolicy } from '../../src/forecast/cleanups.ts';
import { fitCurve } from '../../src/forecast/curve.ts';
import { readCycle } from '../../src/forecast/days.ts';
import { createLines, findBend } from '../../src/forecast/lines.ts';
import { replay } from '../../src/forecast/replay.ts';
import { calmed, inWords, readSeries, type Series } from '../../src/forecast/series.ts';

const path = (hours: number, at: (hour: number) => number): Float64Array =>
  Float64Array.from({ length: hours }, (_, hour) => at(hour));
const everywhere = (hours: number) => new Uint8Array(hours).fill(1);

describe('samples become hours', () => {
  const HOUR = 3600;
  const read = (samples: [number, number][], now = 100 * HOUR): Series => {
    const series = readSeries(samples, 2, now);
    if (typeof series === 'string') throw new Error(series);
    return series;
  };

  test('counted back from now; gaps are straight lines, the median stands for an hour', () => {
    const series = read([
      [93 * HOUR, 1],
      [94 * HOUR, 1],
      [98 * HOUR, 1.4],
      [97 * HOUR + 60, 1.2],
      [97 * HOUR + 120, 9],
      [96 * HOUR, 1.2],
    ]);
    expect(Array.from(series.values, (value) => value.toFixed(6)).map(Number)).toEqual([
      0.5, 0.5, 0.55, 0.6, 0.65, 0.7,
    ]);
    expect([...series.measured]).toEqual([1, 1, 0, 1, 0, 1]);
    expect(series.age).toBe(2);
  });

  test('what is older than sixty days is left out', () => {
    const samples = [...Array(70 * 24).keys()].map((hour): [number, number] => [hour * HOUR, 1]);
    expect(read(samples, 70 * 24 * HOUR - HOUR).values).toHaveLength(60 * 24 + 1);
  });

  test('hours in words', () => {
    expect([0.2, 1, 9, 47, 48, 168].map(inWords)).toEqual([
      'less than an hour',
      '1 hour',
      '9 hours',
      '47 hours',
      '2 days',
      '7 days',
    ]);
  });
});

test.each([
  ['one hour up', [1, 1, 1, 5, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1]],
  ['two hours down, an hour up at the end', [4, 4, 4, 0, 0, 4, 4, 4, 9], [4, 4, 4, 4, 4, 4, 4, 4, 4]],
  ['an hour down, just before the end', [4, 4, 4, 4, 0, 4, 4], [4, 4, 4, 4, 4, 4, 4]],
  ['three hours up stay', [1, 1, 1, 5, 5, 5, 1, 1, 1], [1, 1, 1, 5, 5, 5, 1, 1, 1]],
  ['a rise stays, but for its ends', [1, 2, 3, 4, 5, 6, 7], [3, 3, 3, 4, 5, 5, 5]],
  ['few values stay', [1, 2], [1, 2]],
])('calm: %s', (_what, before, after) => {
  expect([...calmed(Float64Array.from(before))]).toEqual(after);
});

describe('lines', () => {
  test('a part of a series, measured hours only', () => {
    const values = path(50, (hour) => (hour === 30 ? 99 : 2 * hour + 1));
    const measured = everywhere(50);
    measured[30] = 0;
    const { slope, end, error, count } = createLines(values, measured).fit(20, 45);
    expect(slope).toBeCloseTo(2, 9);
    expect(end).toBeCloseTo(89, 9);
    expect(error).toBeCloseTo(0, 6);
    expect(count).toBe(24);
  });

  test('the best place for a bend', () => {
    const values = path(400, (hour) => (hour < 300 ? 0.001 * hour : 0.3 + 0.01 * (hour - 300)));
    const { at, before, after, left } = findBend(createLines(values, everywhere(400)), 0, 400);
    expect(Math.abs(at - 300)).toBeLessThan(6);
    expect(before.slope).toBeCloseTo(0.001, 3);
    expect(after.slope).toBeCloseTo(0.01, 3);
    expect(left).toBeLessThan(0.02);
  });
});

describe('cleanups', () => {
  const saw = path(400, (hour) => 0.4 + (0.3 * (hour % 100)) / 100);

  test('where it fell, from where and to where', () => {
    expect(findCleanups(saw).map(({ at }) => at)).toEqual([100, 200, 300]);
    expect(findCleanups(saw)[0]!.from).toBeCloseTo(0.697, 2);
    expect(findCleanups(saw)[0]!.to).toBeCloseTo(0.4, 2);
  });

  test('what they have in common', () => {
    const policy = readPolicy(saw, createLines(saw, everywhere(400)));
    expect(policy).toMatchObject({ period: 100, irregularity: 0, since: 99 });
    expect(policy.peak).toBeCloseTo(0.697, 2);
    expect(policy.usualRise).toBeCloseTo(0.003, 4);
  });

  test.each([
    ['a wave', path(500, (hour) => 0.5 + 0.2 * Math.sin((hour * Math.PI) / 12))],
    ['noise', path(500, (hour) => 0.5 + 0.05 * Math.sin(hour * hour))],
    ['a slow fall', path(500, (hour) => 0.9 - hour / 1000)],
    ['a line', path(500, () => 0.5)],
  ])('%s has none', (_what, values) => {
    expect(findCleanups(values)).toEqual([]);
  });
});

describe('shapes', () => {
  test('a parabola', () => {
    // 0.2 + 0.01·d + 0.001·d² after d days.
    const values = path(480, (hour) => 0.2 + 0.01 * (hour / 24) + 0.001 * (hour / 24) ** 2);
    const { bow, endSlope, left } = fitCurve(values, everywhere(480), 0);
    expect(bow).toBeCloseTo(0.001, 6);
    expect(endSlope).toBeCloseTo(0.01 + (2 * 0.001 * 479) / 24, 6);
    expect(left).toBeCloseTo(0, 6);
  });

  test('where a slowing rise levels off', () => {
    const values = path(960, (hour) => 0.8 - 0.5 * Math.exp(-hour / 250));
    expect(fitCurve(values, everywhere(960), 0).plateau).toBeCloseTo(0.8, 1);
    expect(
      fitCurve(
        path(960, (hour) => hour / 1000),
        everywhere(960),
        0,
      ).plateau,
    ).toBe(3);
  });

  test('what repeats every day, beside a rise', () => {
    const values = path(480, (hour) => hour / 2000 + 0.1 * Math.sin((hour * Math.PI) / 12));
    const { peak, range, strength, profile } = readCycle(values);
    expect(peak).toBeCloseTo(0.1, 2);
    expect(range).toBeCloseTo(0.2, 2);
    expect(strength).toBeGreaterThan(0.95);
    expect(profile[0]).toBeCloseTo(0.1 * Math.sin((479 * Math.PI) / 12), 2);
  });

  test('the past once more', () => {
    const values = path(200, (hour) => 0.4 + 0.001 * hour + 0.1 * Math.sin((hour * Math.PI) / 12));
    const again = replay(values, 24, true)!;
    // 0.024 more a day, from a peak at 0.69 on its last day.
    expect(again.highest).toBeCloseTo(0.4 + 0.001 * (199 + 336) + 0.1, 1);
    expect(again.days).toBeGreaterThan(12);
    expect(replay(values, 24, false)!.days).toBeNull();
    expect(replay(values, 300, true)).toBeNull();
    expect(replay(values, Number.NaN, true)).toBeNull();
  });
});
