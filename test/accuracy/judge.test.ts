import { describe, expect, test } from 'vitest';
import { type Evidence, judgeForecast } from '../../src/accuracy/judge.ts';
import type { OpenForecast } from '../../src/accuracy/record.ts';
import { readWindow } from '../../src/accuracy/window-evidence.ts';
import { DAY, HOUR, NOW } from '../support/decision.ts';
import { openForecast } from '../support/scores.ts';

const CLOSED = NOW + 14 * DAY;

/** What becomes of it an hour, or so much, after its window closed. */
const judged = (changes: Partial<OpenForecast>, evidence: Evidence, after = HOUR) =>
  judgeForecast(openForecast(changes), evidence, { now: CLOSED + after, stale_after: 26 * HOUR });
const fate = (...args: Parameters<typeof judged>) => judged(...args)?.fate ?? 'not yet';

/** Samples every hour from two days before the forecast to the end of its window; null: none was taken. */
function samples(value: (hour: number) => number | null): [number, number][] {
  return Array.from({ length: 48 + 14 * 24 + 1 }, (_, i) => i - 48).flatMap((hour): [number, number][] => {
    const measured = value(hour);
    return measured === null ? [] : [[NOW + hour * HOUR, measured]];
  });
}
const seen = (value: (hour: number) => number | null) => readWindow(samples(value), openForecast());
const flat = (hour: number, level = 0.6) => level + hour * 0.00001;

describe('by samples', () => {
  test.each([
    ['it stays below the threshold', (hour: number) => flat(hour), 'did_not'],
    ['it is critical for two hours, again and again', (h: number) => ((h + 48) % 24 < 2 ? 0.95 : flat(h)), 'did_not'],
    ['it is critical from the tenth day on', (hour: number) => (hour < 240 ? flat(hour) : 0.91), 'came_true'],
    ['it is critical for three hours once', (h: number) => (h >= 100 && h < 103 ? 0.9 : flat(h)), 'came_true'],
    ['it was critical before and is not any more', (hour: number) => (hour < -3 ? 0.95 : 0.6), 'did_not'],
    ['a third of the hours is missing', (hour: number) => (hour % 3 === 0 ? null : flat(hour)), 'unknown'],
    ['nothing is there of half a day', (h: number) => (h > 50 && h < 62 ? null : flat(h)), 'unknown'],
    ['it ends a day before its window', (hour: number) => (hour > 13 * 24 ? null : flat(hour)), 'unknown'],
    [
      'an hour among three critical ones is missing',
      (h: number) => (h === 100 ? null : h > 98 && h < 102 ? 0.9 : 0.89),
      'unknown',
    ],
    ['it is critical and the rest is missing', (h: number) => (h > 30 ? null : h > 20 ? 0.95 : flat(h)), 'came_true'],
    ['nothing at all was measured', () => null, 'unknown'],
    ['every value is no number', () => Number.NaN, 'unknown'],
    ['somebody cleans up', (h: number) => (h < 120 ? 0.8 + h * 0.0005 : 0.4 + h * 0.0005), 'cut_short'],
    [
      'it is critical, then somebody cleans up',
      (h: number) => (h < 100 ? flat(h, 0.8) : h < 110 ? 0.92 : 0.4),
      'came_true',
    ],
    ['somebody cleans up, then it is critical', (h: number) => (h < 100 ? 0.8 : h < 250 ? 0.4 : 0.95), 'cut_short'],
  ] as const)('%s: %s', (_what, value, expected) => {
    expect(fate({}, seen(value))).toBe(expected);
  });

  test('a cleanup that is a habit is what the forecast should have known', () => {
    const weekly = (hour: number) => 0.6 + ((((hour + 48) % 168) + 168) % 168) * 0.001;
    expect(fate({ past_cleanups: 1 }, seen(weekly))).toBe('cut_short');
    expect(fate({ past_cleanups: 2 }, seen(weekly))).toBe('did_not');
  });

  test('the crossing is the first of the three hours, or the forecast itself', () => {
    const at = (from: number) => seen((hour) => (hour < from ? 0.6 : 0.95)).critical_at;
    expect(at(100)).toBe(NOW - (NOW % HOUR) + 100 * HOUR);
    expect(at(-30)).toBe(NOW);
    expect(
      judged(
        {},
        seen((hour) => (hour < 100 ? 0.6 : 0.95)),
      )!.message,
    ).toMatch(/^critical after 4\.1\d* days$/);
  });

  test('samples in any order and step, several an hour: the median of an hour counts', () => {
    const often = samples((hour) => flat(hour)).flatMap(([at, value]) =>
      [0, 10, 20, 30, 40].map((minute): [number, number] => [at + minute * 60_000, minute === 20 ? 5 : value]),
    );
    const evidence = readWindow(often.reverse(), openForecast());
    expect(evidence).toMatchObject({ critical_at: null, covered: true, doubtful: false });
  });
});

describe('by what was said later', () => {
  test.each([
    ['it was said to be critical', { critical_at: NOW + 3 * DAY }, 'came_true'],
    ['it spoke to the end, and never of that', { seen_at: CLOSED + HOUR, silence: 25 * HOUR }, 'did_not'],
    ['it was silent for two days in between', { seen_at: CLOSED + HOUR, silence: 48 * HOUR }, 'unknown'],
    ['it has been silent for two days', { seen_at: CLOSED - 48 * HOUR }, 'not yet'],
    ['a playbook ran', { first_run_at: NOW + DAY, seen_at: CLOSED }, 'cut_short'],
    ['a playbook ran, then it was critical', { first_run_at: NOW + DAY, critical_at: NOW + 2 * DAY }, 'cut_short'],
    ['it was critical, then a playbook ran', { first_run_at: NOW + 2 * DAY, critical_at: NOW + DAY }, 'came_true'],
  ] as const)('%s: %s', (_what, changes, expected) => {
    expect(fate(changes, 'none')).toBe(expected);
  });

  test('a silence to the end is waited for, as long as predictions are fresh, and is unknown then', () => {
    const silent = { seen_at: CLOSED - HOUR };
    expect([26, 27].map((hours) => fate(silent, 'none', hours * HOUR))).toEqual(['not yet', 'unknown']);
  });
});

test('nothing is judged before its window closed and its last hour is over, whatever is known', () => {
  const known: Evidence[] = ['none', 'later', seen(() => 0.95)];
  const about = { critical_at: NOW + DAY, first_run_at: NOW + 1, seen_at: CLOSED };
  for (const evidence of known) expect(fate(about, evidence, HOUR - 1)).toBe('not yet');
});

test('samples that cannot be had are waited for for a week', () => {
  const week = 7 * DAY;
  expect(fate({}, 'later', week - 1)).toBe('not yet');
  expect(fate({}, 'later', week)).toBe('unknown');
  expect(fate({ first_run_at: NOW + 1 }, 'later', week)).toBe('cut_short');
  expect(fate({ critical_at: NOW + 1 }, 'later', week)).toBe('came_true');
});

test('days beyond 14 come true where it is not critical within 14', () => {
  const far = { days_until_critical: 20 };
  expect(
    fate(
      far,
      seen((hour) => flat(hour)),
    ),
  ).toBe('came_true');
  expect(
    judged(
      far,
      seen(() => 0.95),
    ),
  ).toMatchObject({ fate: 'did_not', critical_at: NOW });
});
