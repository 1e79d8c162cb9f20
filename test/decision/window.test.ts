import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decide } from '../../src/decision/decide.ts';
import { permittingFacts, permittingInput, permittingMapping, permittingPrediction } from '../support/decision.ts';

const anyNumber = fc.oneof(
  fc.double(),
  fc.double({ min: 0, max: 30 }),
  fc.double({ min: 0, max: 1 }),
  fc.constantFrom(Number.NaN, Infinity, -Infinity, 0, -0, 1, 7, 10, 0.7, Number.MIN_VALUE, Number.MAX_VALUE, 95),
);
const bound = fc.oneof(fc.constant(null), fc.double({ min: 0, max: 30, noNaN: true }));

const reasonFor = (
  prediction: { readonly days_until_critical: number | null; readonly confidence: number },
  conditions: Parameters<typeof permittingMapping>[0],
) =>
  decide(
    permittingInput({ prediction: permittingPrediction(prediction), mapping: permittingMapping(conditions) }),
    permittingFacts(),
  ).reason;

test('the window and the confidence decide as their definition says, at any number', () => {
  const predictions = fc.record({
    days_until_critical: fc.oneof(fc.constant(null), anyNumber),
    confidence: anyNumber,
  });
  const conditions = fc.record({
    min_days_until_critical: bound,
    max_days_until_critical: bound,
    min_confidence: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(predictions, conditions, (prediction, limits) => {
      const { days_until_critical: days, confidence } = prediction;
      const { min_days_until_critical: min, max_days_until_critical: max, min_confidence } = limits;
      const usable = (days === null || (Number.isFinite(days) && days >= 0)) && confidence >= 0 && confidence <= 1;
      const bounded = min !== null || max !== null;
      const expected = !usable
        ? 'no_prediction'
        : days !== null && min !== null && days < min
          ? 'too_urgent'
          : bounded && (days === null || (max !== null && days > max))
            ? 'not_urgent_yet'
            : confidence < min_confidence
              ? 'low_confidence'
              : 'approved';
      expect(reasonFor(prediction, { conditions: limits })).toBe(expected);
    }),
    { numRuns: 2000 },
  );
});

test.each([Number.NaN, Infinity, -Infinity, -0.01, 1.01, 95])('confidence %s is no prediction', (confidence) => {
  expect(reasonFor({ days_until_critical: 8, confidence }, { conditions: { min_confidence: 0 } })).toBe(
    'no_prediction',
  );
});

test.each([Number.NaN, Infinity, -Infinity, -1])('%s days are no prediction, also without day bounds', (days) => {
  const conditions = { min_days_until_critical: null, max_days_until_critical: null };
  expect(reasonFor({ days_until_critical: days, confidence: 1 }, { conditions })).toBe('no_prediction');
});

test('conditions that are not numbers refuse', () => {
  const good = { days_until_critical: 8, confidence: 0.9 };
  expect(reasonFor(good, { conditions: { min_days_until_critical: Number.NaN } })).toBe('too_urgent');
  expect(reasonFor(good, { conditions: { max_days_until_critical: Number.NaN } })).toBe('not_urgent_yet');
  expect(reasonFor(good, { conditions: { min_confidence: Number.NaN } })).toBe('low_confidence');
  expect(reasonFor(good, { conditions: { min_consecutive: Number.NaN } })).toBe('not_persistent');
});
