import { expect, test } from 'vitest';
import { makeCases } from '../../scripts/forecaster/cases.ts';
import { scoreClasses } from '../../scripts/forecaster/score.ts';
import { scoreCases } from '../../scripts/forecaster/score-cases.ts';
import { score } from '../../src/forecast/scoring.ts';

const scored = scoreCases(makeCases({ seed: 'not trained on', perClass: 10 }));

test('over all classes of series that it was not trained on', () => {
  const all = score(scored);
  expect(all.cases).toBeGreaterThan(750);
  expect(all.brier).toBeLessThan(0.075);
  expect(all.skill).toBeGreaterThan(0.6);
  expect(all.hits).toBeGreaterThan(0.68);
  expect(all.misses).toBeLessThan(0.22);
  expect(all.falseAlarms).toBeLessThan(0.06);
  expect(all.falseAlarms3).toBeLessThan(0.015);
  expect(all.sureRight).toBeGreaterThan(0.88);
  expect(all.sureRecall).toBeGreaterThan(0.5);
  expect(all.calibration).toBeLessThan(0.08);
});

test('no class that can be foreseen is missed, none that stays below is an alarm', () => {
  const classes = [...scoreClasses(scored)];
  expect(classes).toHaveLength(33);
  const bad = classes.flatMap(([name, { falseAlarms, cases }]) =>
    falseAlarms * cases > 4.5 && falseAlarms > 0.3 ? [`${name}: ${falseAlarms}`] : [],
  );
  expect(bad).toEqual([]);
  for (const name of [
    'linear_fill',
    'daily_cycle_fill',
    'backup_spike_fill',
    'gaps_fill',
    'glitch_fill',
    'stale_tail_fill',
  ]) {
    expect([name, new Map(classes).get(name)!.brier]).toEqual([
      name,
      expect.toSatisfy((brier: number) => brier < 0.15),
    ]);
  }
});

test('a score is what it says', () => {
  const one = (truth: number | null, days: number | null, within: number) => ({
    className: 'a',
    truth,
    days,
    within,
    confidence: days !== null && days <= 14 ? within : 1 - within,
  });
  const { hits, misses, falseAlarms, falseAlarms3, sureRight, sureRecall, brier, calibration } = score([
    one(4, 5, 0.9),
    one(10, 13, 0.9),
    one(8, null, 0.1),
    one(null, 2, 0.5),
    one(null, null, 0.1),
    one(20, 30, 0.1),
  ]);
  expect([hits, misses, falseAlarms, falseAlarms3]).toEqual([1 / 3, 1 / 3, 1 / 2, 1 / 2]);
  expect([sureRight, sureRecall]).toEqual([1, 2 / 3]);
  expect(brier).toBeCloseTo((0.01 + 0.01 + 0.81 + 0.25 + 0.01 + 0.01) / 6, 12);
  expect(calibration).toBeCloseTo((2 * 0.1 + 0.5 + 3 * Math.abs(0.1 - 1 / 3)) / 6, 12);
});
