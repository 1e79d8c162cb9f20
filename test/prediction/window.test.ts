import { describe, expect, it } from 'vitest';
import type { Prediction } from '../../src/prediction/prediction.ts';
import { consecutiveInWindow, inWindow } from '../../src/prediction/window.ts';

const conditions = { min_days_until_critical: 3, max_days_until_critical: 14, min_confidence: 0.7, min_consecutive: 1 };
const noBounds = { ...conditions, min_days_until_critical: null, max_days_until_critical: null };
const prediction = (days_until_critical: number | null, confidence = 0.9): Prediction => ({
  prediction_type: 'disk_exhaustion',
  resource: '/',
  host: null,
  days_until_critical,
  confidence,
  observed_at: 0,
  source: 'api',
  labels: {},
});

describe('inWindow', () => {
  it.each([
    [3, 0.7, true],
    [14, 0.7, true],
    [2.999, 0.7, false],
    [14.001, 0.7, false],
    [8, 0.699, false],
    [null, 0.9, false],
    [Number.NaN, 0.9, false],
    [8, Number.NaN, false],
  ])('%s days at %s: %s', (days, confidence, expected) => {
    expect(inWindow(prediction(days, confidence), conditions)).toBe(expected);
  });

  it('knows windows that are open at an end, or have no days', () => {
    expect(inWindow(prediction(1_000), { ...conditions, max_days_until_critical: null })).toBe(true);
    expect(inWindow(prediction(null), { ...conditions, max_days_until_critical: null })).toBe(false);
    expect(inWindow(prediction(0), { ...conditions, min_days_until_critical: null })).toBe(true);
    expect(inWindow(prediction(null), noBounds)).toBe(true);
    expect(inWindow(prediction(null, 0.5), noBounds)).toBe(false);
  });
});

describe('consecutiveInWindow', () => {
  it.each([
    [[], 0],
    [[8, 8, 8], 3],
    [[8, 8, 20, 8], 2],
    [[20, 8, 8], 0],
    [[8, null, 8], 1],
  ])('%j: %i', (days, expected) => {
    expect(
      consecutiveInWindow(
        days.map((day) => prediction(day)),
        conditions,
      ),
    ).toBe(expected);
  });
});
