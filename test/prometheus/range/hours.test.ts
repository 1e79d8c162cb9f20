import { expect, test } from 'vitest';
import { compact } from '../../../src/prometheus/range/hours.ts';

const NOW = 1_000_000_000;

test('an hour keeps its median at the time of its newest sample; what is no number is dropped and counted', () => {
  const { times, values, dropped } = compact(
    [
      [NOW - 7200, '5'],
      [NOW - 3000, '1'],
      [NOW - 2000, 'NaN'],
      [NOW - 1500, '9'],
      [NOW - 1000, '+Inf'],
      [NOW - 500, '2'],
      [NOW, '-Inf'],
    ],
    NOW,
  );
  expect([...times]).toEqual([NOW - 7200, NOW - 500]);
  expect([...values]).toEqual([5, 2]);
  expect(dropped).toBe(3);
});

test('an even number of samples has the mean of the middle two', () => {
  expect([
    ...compact(
      [
        [NOW - 9, '1'],
        [NOW - 8, '4'],
      ],
      NOW,
    ).values,
  ]).toEqual([2.5]);
  expect([...compact([], NOW).values]).toEqual([]);
});
