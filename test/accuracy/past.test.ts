import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lineForecast } from '../../src/accuracy/line.ts';
import { cutsOf, forecastAt, type PastForecast, type PastSpan, spanOf } from '../../src/accuracy/past.ts';
import { scorePast } from '../../src/accuracy/score-past.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const UNTIL = Date.UTC(2026, 5, 1);
const SPAN = spanOf(UNTIL, 40 * DAY, DAY, 14 * DAY);
const CUT = UNTIL - 20 * DAY;

/** Hourly from 40 days before the cut to the end; hours count from the cut. */
function series(value: (hour: number) => number | null): readonly (readonly [number, number])[] {
  const samples: (readonly [number, number])[] = [];
  for (let hour = -960; hour <= 480; hour += 1) {
    const here = value(hour);
    if (here !== null) samples.push([(CUT + hour * HOUR) / 1000, here]);
  }
  return samples;
}
const at = (value: (hour: number) => number | null, cut = CUT, span: PastSpan = SPAN): PastForecast =>
  forecastAt(series(value), 0.9, cut, span);

test('every forecast of the span is of a window that is over, the last one just so', () => {
  const cuts = [...cutsOf(SPAN)];
  expect(cuts).toHaveLength(27);
  expect(cuts.at(-1)).toBe(UNTIL - 14 * DAY);
  expect(cuts[0]).toBe(UNTIL - 40 * DAY);
  fc.assert(
    fc.property(
      fc.integer({ min: 15 * 24, max: 366 * 24 }),
      fc.integer({ min: 1, max: 720 }),
      fc.integer({ min: 0, max: HOUR - 1 }),
      (since, every, after) => {
        const now = UNTIL + after;
        const own = [...cutsOf(spanOf(now, since * HOUR, every * HOUR, DAY))];
        expect(own.length).toBeGreaterThan(0);
        for (const cut of own) {
          expect(cut % HOUR).toBe(0);
          expect(cut + 14 * DAY).toBeLessThanOrEqual(now);
          expect(cut).toBeGreaterThanOrEqual(UNTIL - since * HOUR);
        }
      },
    ),
  );
});

describe('what came of it', () => {
  test('a rise to the threshold is found with its days, by both', () => {
    const rise = 0.06 / 120;
    const made = at((hour) => 0.84 + rise * hour);
    expect(made).toMatchObject({ kind: 'scored', cut_short: false, short: false });
    if (made.kind !== 'scored') return;
    expect(made.ours.truth).toBeCloseTo(5, 1);
    expect(made.ours.days).toBeGreaterThan(3.5);
    expect(made.ours.days).toBeLessThan(6.5);
    expect(made.line).toMatchObject({ truth: made.ours.truth, within: 1, confidence: 1 });
    expect(made.line.days).toBeCloseTo(5, 1);
  });

  test('the future is not seen: whatever comes after the cut, the forecast is the same', () => {
    const past = (hour: number) => 0.7 + 0.0004 * hour;
    const [calm, full] = [at((hour) => past(Math.min(hour, 0))), at((hour) => (hour > 6 ? 1 : past(hour)))];
    if (calm.kind !== 'scored' || full.kind !== 'scored') throw new Error('both are to be judged');
    expect(full.ours).toEqual({ ...calm.ours, truth: full.ours.truth });
    expect([calm.ours.truth, full.ours.truth]).toEqual([null, 7 / 24]);
  });

  test('two hours are no crossing, three are; one after the fortnight is none within it', () => {
    const lasting = (from: number, hours: number) => at((hour) => (hour >= from && hour < from + hours ? 0.95 : 0.5));
    const truth = (made: PastForecast) => (made.kind === 'scored' ? made.ours.truth : made.kind);
    expect(truth(lasting(48, 2))).toBeNull();
    expect(truth(lasting(48, 3))).toBe(2);
    expect(truth(lasting(17 * 24, 5))).toBe(17);
  });

  test('what was critical already, what could not be made and what cannot be told is not scored', () => {
    expect(at(() => 0.95)).toEqual({ kind: 'already critical' });
    expect(at((hour) => (hour < 10 ? null : 0.5))).toEqual({ kind: 'no forecast' });
    expect(at((hour) => (hour < -100 ? 0.5 : null))).toEqual({ kind: 'no forecast' });
    expect(at((hour) => (hour > 0 && hour < 240 ? null : 0.5))).toEqual({ kind: 'unknown' });
    // A crossing that was seen counts, whatever is missing besides.
    expect(at((hour) => (hour > 100 && hour < 240 ? null : hour > 50 ? 0.95 : 0.5))).toMatchObject({ kind: 'scored' });
  });

  test('an alarm that a steep fall ended is told, and counts as false', () => {
    const made = at((hour) => (hour < 72 ? 0.85 + 0.0004 * hour : 0.4));
    expect(made).toMatchObject({ kind: 'scored', cut_short: true, ours: { truth: null } });
    const { ours, cut_short } = scorePast([made]);
    expect([ours.falseAlarms, cut_short]).toEqual([1, 1]);
  });

  test('it sees the look-back and nothing before it', () => {
    const early = (hour: number) => (hour < -340 ? 0.2 : 0.5);
    const flat = at(early);
    expect(flat).toEqual(at((hour) => (hour < -340 ? null : early(hour))));
    expect(at((hour) => (hour < -160 ? null : 0.5))).toMatchObject({ short: true });
  });
});

test('each kind is counted once', () => {
  const all = [
    ...[...cutsOf(SPAN)].map((cut) => at((hour) => (hour > 100 ? 0.95 : 0.5 + 0.0003 * hour), cut)),
    at(() => 0.95),
    at((hour) => (hour < 10 ? null : 0.5)),
  ];
  const { ours, line, no_forecast, already_critical, unknown } = scorePast(all);
  expect(ours.cases + no_forecast + already_critical + unknown).toBe(all.length);
  expect(line.cases).toBe(ours.cases);
  expect(line.crossings).toBe(ours.crossings);
  expect(ours.crossings).toBeGreaterThan(3);
  expect(no_forecast).toBe(1);
});

describe('a line over seven days', () => {
  const NOW = UNTIL / 1000;
  const line = (value: (hour: number) => number) =>
    Array.from({ length: 400 }, (_, i) => [NOW - (399 - i) * 3600, value(i - 399)] as const);

  test('is that of predict_linear', () => {
    expect(
      lineForecast(
        line((hour) => 0.8 + hour / 2400),
        0.9,
        NOW,
      ),
    ).toMatchObject({ within: 1, confidence: 1 });
    expect(
      lineForecast(
        line((hour) => 0.8 + hour / 2400),
        0.9,
        NOW,
      ).days,
    ).toBeCloseTo(10, 6);
    // What is older than seven days does not count.
    expect(
      lineForecast(
        line((hour) => (hour < -168 ? 0 : 0.8 + hour / 2400)),
        0.9,
        NOW,
      ).days,
    ).toBeCloseTo(10, 6);
    expect(
      lineForecast(
        line((hour) => 0.8 + hour / 9600),
        0.9,
        NOW,
      ),
    ).toMatchObject({
      days: expect.closeTo(40, 6),
      within: 0,
    });
  });

  test('that falls, stands or is above knows no days, or now', () => {
    expect(
      lineForecast(
        line((hour) => 0.8 - hour / 2400),
        0.9,
        NOW,
      ).days,
    ).toBeNull();
    expect(
      lineForecast(
        line(() => 0.8),
        0.9,
        NOW,
      ).days,
    ).toBeNull();
    expect(
      lineForecast(
        line(() => 0.95),
        0.9,
        NOW,
      ),
    ).toEqual({ days: 0, confidence: 1, within: 1 });
    expect(lineForecast([], 0.9, NOW)).toEqual({ days: null, confidence: 1, within: 0 });
    expect(lineForecast([[NOW, Number.NaN]], 0.9, NOW).days).toBeNull();
  });
});
