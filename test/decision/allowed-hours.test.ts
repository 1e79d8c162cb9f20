import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide } from '../../src/decision/decide.ts';
import { hoursOpenAt, isWithin, minuteOfDay } from '../../src/decision/local-time.ts';
import {
  DAY,
  MINUTE,
  permittingFacts,
  permittingInput,
  permittingMapping,
  permittingPolicy,
  permittingPrediction,
} from '../support/decision.ts';

const OSLO = 'Europe/Oslo';
const NEW_YORK = 'America/New_York';

function minutes(text: string): number {
  const [hour, minute] = text.split(':').map(Number);
  return hour! * 60 + minute!;
}

function decideAt(at: string | number, window: string, time_zone: string) {
  const now = typeof at === 'number' ? at : Date.parse(at);
  const [from, to] = window.split('-').map(minutes);
  return decide(
    permittingInput({
      now,
      alert: null,
      trigger: 'api',
      prediction: permittingPrediction({ observed_at: now }),
      mapping: permittingMapping({ action: { allowed_hours: { from: from!, to: to!, text: window } } }),
      policy: permittingPolicy({ time_zone }),
    }),
    permittingFacts({ runs: [], all_runs: [] }),
  );
}

describe.each([
  ['01:00-05:00', OSLO, '2026-01-15T00:00:00Z', true, '01:00 winter, the first minute'],
  ['01:00-05:00', OSLO, '2026-01-14T23:59:59.999Z', false, '00:59'],
  ['01:00-05:00', OSLO, '2026-07-14T23:00:00Z', true, '01:00 summer'],
  ['01:00-05:00', OSLO, '2026-07-15T03:00:00Z', false, '05:00 summer, the end is not included'],
  ['22:00-06:00', OSLO, '2026-07-15T20:00:00Z', true, '22:00, over midnight'],
  ['22:00-06:00', OSLO, '2026-07-15T22:30:00Z', true, '00:30, over midnight'],
  ['22:00-06:00', OSLO, '2026-07-15T04:00:00Z', false, '06:00, over midnight'],
  ['00:00-24:00', OSLO, '2026-07-15T21:59:59Z', true, 'the whole day'],
  ['05:00-05:00', OSLO, '2026-07-15T03:00:00Z', false, 'from = to is never'],
  ['02:00-03:00', OSLO, '2026-10-25T00:30:00Z', true, '02:30, the first time'],
  ['02:00-03:00', OSLO, '2026-10-25T01:30:00Z', true, '02:30, the second time'],
  ['02:00-03:00', NEW_YORK, '2026-03-08T07:00:00Z', false, '03:00, as 02:00 to 03:00 did not come'],
  ['01:00-02:00', NEW_YORK, '2026-11-01T06:30:00Z', true, '01:30, the second time'],
  ['00:00-00:01', 'UTC', '2028-02-29T00:00:30Z', true, 'on a leap day'],
  ['23:00-23:59', 'Asia/Kathmandu', '2026-07-15T17:15:00Z', true, 'a zone of 5 h 45 min'],
] as const)('%s in %s at %s', (window, zone, at, inside, why) => {
  test(`${inside ? 'inside' : 'outside'}: ${why}`, () => {
    expect(decideAt(at, window, zone).reason).toBe(inside ? 'approved' : 'outside_hours');
  });
});

describe('the next opening', () => {
  test.each([
    ['01:00-05:00', OSLO, '2026-01-15T10:17:23Z', '2026-01-16T00:00:00.000Z', 'tomorrow'],
    ['01:00-05:00', OSLO, '2026-03-28T10:00:00Z', '2026-03-29T00:00:00.000Z', 'an hour before the clocks go forward'],
    ['04:00-05:00', OSLO, '2026-03-28T10:00:00Z', '2026-03-29T02:00:00.000Z', 'an hour after the clocks went forward'],
    ['02:30-04:00', OSLO, '2026-03-28T10:00:00Z', '2026-03-29T01:00:00.000Z', '02:30 does not come: from 03:00'],
    ['02:00-03:00', OSLO, '2026-03-28T10:00:00Z', '2026-03-30T00:00:00.000Z', 'skipped wholly: the day after'],
    ['02:00-03:00', NEW_YORK, '2026-03-07T12:00:00Z', '2026-03-09T06:00:00.000Z', 'skipped wholly: the day after'],
    ['02:00-02:30', OSLO, '2026-10-25T00:45:00Z', '2026-10-25T01:00:00.000Z', '02:00 comes a second time'],
    ['01:30-02:30', OSLO, '2026-10-25T00:45:00Z', '2026-10-25T01:00:00.000Z', 'the clock jumps back into the hours'],
    ['03:00-04:00', OSLO, '2026-10-24T12:00:00Z', '2026-10-25T02:00:00.000Z', 'after the hour that comes twice'],
    ['00:00-01:00', 'UTC', '2028-02-28T12:00:00Z', '2028-02-29T00:00:00.000Z', 'the leap day'],
  ])('%s in %s at %s is %s: %s', (window, zone, at, opens) => {
    const draft = decideAt(at, window, zone);
    expect(draft.reason).toBe('outside_hours');
    expect(new Date(draft.next_attempt_at!).toISOString()).toBe(opens);
  });

  test('hours that never open have no next attempt', () => {
    expect(decideAt('2026-07-15T03:00:00Z', '05:00-05:00', OSLO).next_attempt_at).toBeNull();
  });
});

const zone = fc.constantFrom('UTC', OSLO, NEW_YORK, 'Australia/Lord_Howe', 'Africa/Casablanca', 'Asia/Kathmandu');
const YEAR_2026 = Date.parse('2026-01-01T00:00:00Z');
const changes = [
  '2026-03-29T01:00Z',
  '2026-10-25T01:00Z',
  '2026-03-08T07:00Z',
  '2026-11-01T06:00Z',
  '2026-04-04T15:00Z',
];
const someInstant = fc.oneof(
  fc.integer({ min: YEAR_2026, max: YEAR_2026 + 1000 * DAY }),
  fc
    .tuple(fc.constantFrom(...changes), fc.integer({ min: -30 * 60, max: 6 * 60 }))
    .map(([change, by]) => Date.parse(change) + by * MINUTE),
);
const someHours = fc.record({ from: fc.integer({ min: 0, max: 1439 }), to: fc.integer({ min: 0, max: 1440 }) });

test('the next opening is the first minute within the hours, as looking at every minute finds it', () => {
  fc.assert(
    fc.property(zone, someInstant, someHours, (timeZone, now, hours) => {
      fc.pre(!isWithin(hours, minuteOfDay(now, timeZone)));
      let first: number | null = null;
      const start = Math.floor(now / MINUTE) * MINUTE;
      for (let at = start + MINUTE; first === null && at <= start + 3 * DAY; at += MINUTE) {
        if (isWithin(hours, minuteOfDay(at, timeZone))) first = at;
      }
      expect(hoursOpenAt(hours, now, timeZone)).toBe(first);
    }),
    { numRuns: 250 },
  );
});

test('the clock on the wall is the one of an independent formatter', () => {
  fc.assert(
    fc.property(zone, someInstant, (timeZone, now) => {
      const text = new Date(now).toLocaleString('sv-SE', { timeZone });
      expect(minuteOfDay(now, timeZone)).toBe(minutes(text.slice(11, 16)));
    }),
    { numRuns: 500 },
  );
});

test('an unknown time zone is an error, never a pass', () => {
  expect(() => decideAt('2026-07-15T03:00:00Z', '01:00-05:00', 'Europe/Olso')).toThrow(RangeError);
});
