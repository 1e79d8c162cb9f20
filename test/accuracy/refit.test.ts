import { expect, test } from 'vitest';
import type { ForecastOnRecord } from '../../src/accuracy/record.ts';
import { refit } from '../../src/accuracy/refit.ts';
import { DAY, NOW } from '../support/decision.ts';
import { onRecord } from '../support/scores.ts';

const wrong = (changes: Partial<ForecastOnRecord> = {}) => onRecord({ fate: 'did_not', ...changes });
const disks = (records: readonly ForecastOnRecord[]) => refit(records).get('disk_exhaustion');

test('by type, from those of our own that were compared with what happened', () => {
  const fits = refit([wrong(), onRecord({ prediction_type: 'memory_exhaustion' })]);
  expect([...fits.keys()]).toEqual(['disk_exhaustion', 'memory_exhaustion']);
  expect(fits.get('disk_exhaustion')!.shift).toBeLessThan(0);
  expect(fits.get('memory_exhaustion')!.shift).toBeGreaterThan(0);
  for (const fate of ['cut_short', 'unknown', null] as const) expect(disks([onRecord({ fate })])).toBeUndefined();
  expect(disks([wrong({ source: 'file:/a', raw_within_14d: null })])).toBeUndefined();
});

test('it is fitted on what was stated before corrections: no correction feeds on itself', () => {
  expect(disks([wrong({ confidence: 0.3 })])).toEqual(disks([wrong({ confidence: 0.87 })]));
  expect(disks([wrong({ raw_within_14d: 0.3 })])).not.toEqual(disks([wrong({ raw_within_14d: 0.87 })]));
});

test('a fortnight of one alarm is one observation, as many resources are many', () => {
  const begin = Math.floor(NOW / (14 * DAY)) * 14 * DAY;
  const daily = Array.from({ length: 13 }, (_, day) => wrong({ observed_at: begin + day * DAY }));
  expect(disks(daily)!.shift).toBeCloseTo(disks([wrong()])!.shift, 9);
  const many = daily.map((one, at) => ({ ...one, resource: `/${at}` }));
  expect(disks(many)!.shift).toBeLessThan(3 * disks(daily)!.shift);
});
