import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../src/mapping/duration.ts';

it.each([
  ['90s', 90_000],
  ['1h30m', 5_400_000],
  ['26h', 93_600_000],
  ['7d', 604_800_000],
  ['1y1w1d1h1m1s1ms', ((((365 + 7 + 1) * 24 + 1) * 60 + 1) * 60 + 1) * 1000 + 1],
  ['500ms', 500],
  ['0', 0],
  ['0s', 0],
  ['007s', 7000],
])('%s is %i ms', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

it.each([
  '',
  ' ',
  '5',
  '-5m',
  '+5m',
  '1.5h',
  '5 m',
  '5m ',
  '30m1h',
  '1h1h',
  '5M',
  '5min',
  '101y',
  '9'.repeat(70),
  '1m\n',
  '٣m',
])('%j is no duration', (text) => {
  expect(parseDuration(text)).toBeNull();
});

it('what is written is read again', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100 * 365 * 86_400_000 }), (milliseconds) => {
      expect(parseDuration(formatDuration(milliseconds))).toBe(milliseconds);
    }),
  );
});

it('is written without parts that are nothing', () => {
  expect([0, 60_000, 90_000, 93_600_000, 1].map(formatDuration)).toEqual(['0s', '1m', '1m30s', '1d2h', '1ms']);
});
