import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readTime } from '../../src/alert/time.ts';

test.each<[string, number]>([
  ['2026-11-22T18:13:38Z', Date.UTC(2026, 10, 22, 18, 13, 38)],
  ['2026-11-22T18:13:38.089240179Z', Date.UTC(2026, 10, 22, 18, 13, 38, 89)],
  ['2026-11-22T18:13:38.5Z', Date.UTC(2026, 10, 22, 18, 13, 38, 500)],
  ['2018-11-04T22:43:58.283995108+01:00', Date.UTC(2018, 10, 4, 21, 43, 58, 283)],
  ['2018-03-07T06:33:21.873077559-05:00', Date.UTC(2018, 2, 7, 11, 33, 21, 873)],
  ['2026-01-01T00:15:00+05:45', Date.UTC(2025, 11, 31, 18, 30)],
  ['2024-02-29t00:00:00z', Date.UTC(2024, 1, 29)],
  ['0001-01-01T00:00:00Z', -62135596800000],
])('%s', (text, expected) => {
  expect(readTime(text)).toBe(expected);
});

test.each([
  '',
  'not-a-valid-timestamp',
  '2026-11-22',
  '2026-11-22T18:13:38',
  '2026-11-22 18:13:38Z',
  '2026-05-27 15:36:00.112013015 +0000 UTC m=+8560.285724134',
  '2026-11-22T18:13:38.Z',
  '2026-13-01T00:00:00Z',
  '2026-00-01T00:00:00Z',
  '2026-02-29T00:00:00Z',
  '1900-02-29T00:00:00Z',
  '2026-04-31T00:00:00Z',
  '2026-01-01T24:00:00Z',
  '2026-01-01T00:60:00Z',
  '2026-01-01T00:00:60Z',
  '2026-01-01T00:00:00+24:00',
  '2026-01-01T00:00:00+0100',
  '2026-01-01T00:00:00Z\n',
  '12026-01-01T00:00:00Z',
  '1763834018',
])('%j is no time', (text) => {
  expect(readTime(text)).toBeNull();
});

test('property: reads what Date writes', () => {
  const dates = fc.date({
    min: new Date('0000-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59Z'),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(dates, (date) => {
      expect(readTime(date.toISOString())).toBe(date.getTime());
    }),
  );
});
