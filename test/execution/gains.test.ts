import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  daysGained,
  gainInWords,
  maskedUntil,
  newlyMasked,
  trendInWords,
  type VerifiedRun,
} from '../../src/execution/gains.ts';
import { DAY, HOUR, NOW } from '../support/decision.ts';

const run = (day: number, days_after: number | null, days_before: number | null = 8): VerifiedRun => ({
  execution_id: `x${day}`,
  started_at: NOW + day * DAY,
  outcome: days_after === null || days_after > 8 ? 'effective' : 'ineffective',
  days_before,
  days_after,
});

describe('the gain of a run', () => {
  it.each([
    [19.44, 8, 'bought 11.4 days'],
    [8, 8, 'bought 0.0 days'],
    [7.5, 8, 'lost 0.5 days'],
    [null, 8, 'no crossing any more'],
    [12, null, null],
  ])('%s after %s', (after, before, words) => {
    expect(gainInWords(run(0, after, before))).toBe(words);
  });

  it('is no number where a side is none', () => {
    expect([daysGained(run(0, null)), daysGained(run(0, 9, null)), daysGained(run(0, 9))]).toEqual([null, null, 1]);
    expect(gainInWords({ days_before: 8, days_after: null, outcome: 'ineffective' })).toBeNull();
  });
});

describe('the trend', () => {
  it.each([
    [[], ''],
    [[run(3, 19.4)], 'bought 11.4 days'],
    [[run(3, 19.4), run(2, 20.1)], 'bought 11.4 days; the last two bought 12.1, 11.4'],
    [[run(3, 19.4), run(2, 20.1), run(1, 22), run(0, 99)], 'bought 11.4 days; the last three bought 14.0, 12.1, 11.4'],
    [[run(3, 19.4), run(2, null), run(1, 22)], 'bought 11.4 days; the last two bought 14.0, 11.4'],
    [[run(3, null), run(2, 20), run(1, 22)], 'no crossing any more; those before bought 14.0, 12.0'],
    [[run(3, 7.5), run(2, 20)], 'lost 0.5 days; the last two bought 12.0, -0.5'],
    [[run(3, 9, null)], ''],
  ])('%#: %j', (runs, words) => {
    expect(trendInWords(runs)).toBe(words);
  });
});

describe('what is masked', () => {
  it('is told with the runs of the 30 days up to the newest, whatever the clock shows now', () => {
    const runs = [run(40, 20), run(39.9, 20), run(10.1, 20), run(9.9, 20)];
    expect(newlyMasked(runs, null)).toEqual({ reasons: ['returns'], runs: runs.slice(0, 3), min_days_gained: null });
    expect(newlyMasked([run(40, 20), run(30, 20), run(10, 20)], null)).toBeNull();
  });

  it('is both, where a run shows both', () => {
    const runs = [run(2, 9), run(1, 20), run(0, 20)];
    expect(newlyMasked(runs, 5)).toMatchObject({ reasons: ['returns', 'gain'], min_days_gained: 5 });
    expect(newlyMasked(runs, 1)?.reasons).toEqual(['returns']);
    expect(newlyMasked([run(0, 9)], 5)?.reasons).toEqual(['gain']);
    expect(newlyMasked([run(0, null)], 5)).toBeNull();
    expect(newlyMasked([], 5)).toBeNull();
  });

  it('is told once as long as it lasts, and again after it was over', () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 25 * 24 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(gaps, (hours) => {
        let at = NOW;
        let wasMasked = false;
        let runs: VerifiedRun[] = [];
        for (const gap of hours) {
          at += gap * HOUR;
          runs = [{ ...run(0, 20), started_at: at }, ...runs].slice(0, 50);
          const masked = runs.filter(({ started_at }) => started_at > at - 30 * DAY).length >= 3;
          expect(newlyMasked(runs, null)?.reasons ?? []).toEqual(masked && !wasMasked ? ['returns'] : []);
          wasMasked = masked;
        }
      }),
    );
  });
});

describe('how long it is masked', () => {
  it.each([
    [[run(18, 20), run(9, 20), run(0, 20)], null, 30],
    [[run(29, 20), run(20, 20), run(9, 20), run(0, 20)], null, 39],
    [[run(40, 20), run(9, 20), run(0, 20)], null, null],
    [[run(18, 9)], 2, 48],
    [[run(18, 9), run(9, 20), run(0, 20)], 2, 48],
    [[run(18, null), run(9, 9)], 2, null],
    [[], 2, null],
  ])('%#: until day %3$s', (runs, min, day) => {
    expect(maskedUntil(runs, min)).toBe(day === null ? null : NOW + day * DAY);
  });
});
