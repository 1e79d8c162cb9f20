import { expect, test } from 'vitest';
import { accuracyOf } from '../../src/accuracy/accuracy.ts';
import { notedForecast } from '../../src/accuracy/note.ts';
import { mostCounted, PROOF_PERIOD, proofOf } from '../../src/accuracy/proof.ts';
import type { ForecastOnRecord } from '../../src/accuracy/record.ts';
import { DAY, NOW, permittingMapping, permittingPrediction } from '../support/decision.ts';
import { someForecast } from '../support/forecasted.ts';
import { noted, onRecord } from '../support/scores.ts';

const DEMAND = { min_precision: 0.7, min_scored: 3 };
const asked = { since: NOW - 90 * DAY, until: NOW + 30 * DAY };

test('scores by type, source and resource, from those that were compared with what happened', () => {
  const records: ForecastOnRecord[] = [
    onRecord({ confidence: 0.9 }),
    onRecord({ confidence: 0.8, fate: 'did_not' }),
    onRecord({ confidence: 0.8, fate: 'did_not', actionable: false }),
    onRecord({ fate: 'cut_short' }),
    onRecord({ fate: 'unknown' }),
    onRecord({ fate: null, observed_at: NOW + DAY }),
    onRecord({ fate: null }),
    onRecord({ resource: '/', host: null, source: 'api', confidence: 0.6, days_until_critical: 5 }),
    onRecord({ prediction_type: 'memory_exhaustion', days_until_critical: 20, confidence: 0.7, actionable: false }),
  ];
  const { all, types, sources, resources, next_closes_at } = accuracyOf(records, asked, DEMAND);
  expect(all).toMatchObject({ scored: 5, came_true: 3, cut_short: 1, unknown: 1, open: 2, actionable: 3 });
  expect(next_closes_at).toBe(NOW + 14 * DAY);
  expect(types.map(({ prediction_type }) => prediction_type)).toEqual(['disk_exhaustion', 'memory_exhaustion']);
  const [disks, memory] = types;
  // (0.1² + 0.8² + 0.8² + 0.4²) / 4
  expect(disks!.brier_score).toBeCloseTo(0.3625);
  expect(disks!.absolute_error_days).toBeCloseTo((0.2 + 3) / 2);
  expect(disks!.precision).toBeCloseTo(2 / 3);
  // Of the bins .6, .8 and .9, with one, two and one in them.
  expect(disks!.calibration_error).toBeCloseTo((0.4 + 2 * 0.8 + 0.1) / 4);
  expect(disks!.calibration).toEqual([
    { from: 0.6, to: 0.7, forecasts: 1, stated: 0.6, came_true: 1 },
    { from: 0.8, to: 0.9, forecasts: 2, stated: 0.8, came_true: 0 },
    { from: 0.9, to: 1, forecasts: 1, stated: 0.9, came_true: 1 },
  ]);
  // Days beyond 14 have no crossing to be compared with, and are no claim that an action rests on.
  expect(memory).toMatchObject({ scored: 1, absolute_error_days: null, precision: null, actionable: 0 });
  expect(sources.map(({ source, prediction_type, proof }) => [source, prediction_type, proof])).toEqual([
    ['api', 'disk_exhaustion', { scored: 1, came_true: 1 }],
    ['forecast:local', 'disk_exhaustion', { scored: 2, came_true: 1 }],
    ['forecast:local', 'memory_exhaustion', { scored: 0, came_true: 0 }],
  ]);
  expect(resources.map(({ resource, host, scored }) => [resource, host, scored])).toEqual([
    ['/', null, 1],
    ['/srv', 'nas', 3],
    ['/srv', 'nas', 1],
  ]);
});

test('nothing on record: no number anywhere', () => {
  expect(accuracyOf([], asked, DEMAND)).toEqual({
    ...asked,
    all: {
      scored: 0,
      came_true: 0,
      cut_short: 0,
      unknown: 0,
      open: 0,
      absolute_error_days: null,
      brier_score: null,
      calibration_error: null,
      actionable: 0,
      precision: null,
    },
    next_closes_at: null,
    types: [],
    sources: [],
    resources: [],
  });
});

test('a period, a type and a resource narrow the scores; what the gate asks stays as it is', () => {
  const records = [
    onRecord({ observed_at: NOW - 60 * DAY, fate: 'did_not' }),
    onRecord({ observed_at: NOW - 61 * DAY, fate: 'did_not' }),
    onRecord({ observed_at: NOW - 20 * DAY }),
    onRecord({ observed_at: NOW - 20 * DAY, resource: '/' }),
    onRecord({ observed_at: NOW - 20 * DAY, prediction_type: 'inode_exhaustion' }),
  ];
  const ask = (more: object) => accuracyOf(records, { since: NOW - 10 * DAY, until: NOW, ...more }, DEMAND);
  const disks = ask({ prediction_type: 'disk_exhaustion', resource: '/srv' });
  expect(disks.all.scored).toBe(1);
  expect(disks.sources[0]).toMatchObject({ scored: 1, precision: 1, standing: 'unproven' });
  expect(disks.sources[0]!.proof).toEqual({ scored: 4, came_true: 2 });
  expect(ask({}).all.scored).toBe(3);
  expect(ask({ resource: '/none' }).all.scored).toBe(0);
});

test('proof: the newest of 90 days', () => {
  const judged = (closes_at: number, came_true: boolean) => ({ closes_at, came_true });
  const edge = NOW - PROOF_PERIOD;
  expect(proofOf([judged(edge, true), judged(edge + 1, true), judged(NOW, false)], DEMAND, NOW)).toEqual({
    scored: 2,
    came_true: 1,
  });
  const many = Array.from({ length: 1_200 }, (_, i) => judged(NOW - i, i < 900));
  expect(proofOf(many.toReversed(), DEMAND, NOW)).toEqual({ scored: 1_000, came_true: 900 });
  expect(mostCounted({ ...DEMAND, min_scored: 5_000 })).toBe(5_000);
});

test('written down is what could have led to an action', () => {
  const note = (days: number | null, conditions = {}, confidence = 0.87) =>
    notedForecast(
      permittingPrediction({ days_until_critical: days, confidence, observed_at: NOW }),
      permittingMapping({ conditions }),
      null,
    );
  expect(note(8.2)).toEqual({
    ...noted(),
    source: 'file:/srv/predictions.json',
    raw_within_14d: null,
    critical: null,
    past_cleanups: null,
  });
  // Outside of the window, or too unsure: it says within 14 days, and is scored, but nobody would have acted on it.
  expect(note(2)).toMatchObject({ actionable: false });
  expect(note(8.2, {}, 0.5)).toMatchObject({ actionable: false });
  // Within the window, but no claim that it is critical within 14 days.
  expect(note(20, { max_days_until_critical: 30 })).toMatchObject({ actionable: false });
  expect(note(20)).toBeNull();
  expect(note(null)).toBeNull();
  // That it is critical now is a measurement.
  expect(note(0, { min_days_until_critical: 0 })).toBeNull();
  // A mapping that does not look at days says nothing about becoming critical.
  expect(note(8.2, { min_days_until_critical: null, max_days_until_critical: null })).toBeNull();
  const own = someForecast();
  expect(notedForecast({ ...own.prediction, days_until_critical: 8 }, permittingMapping(), own)).toMatchObject({
    raw_within_14d: own.raw_within_14d,
    critical: own.critical,
    past_cleanups: own.cleanups.length,
  });
});
