import { describe, expect, test } from 'vitest';
import { boost, sortIntoBins } from '../../scripts/forecaster/boost.ts';
import { makeCases, NAMED } from '../../scripts/forecaster/cases.ts';
import { calibrate, fitModel } from '../../scripts/forecaster/fit.ts';
import { createRandom } from '../../scripts/forecaster/random.ts';
import { readRows } from '../../scripts/forecaster/rows.ts';
import { forecast } from '../../src/forecast/forecast.ts';
import { MODEL, readModel } from '../../src/forecast/model.ts';
import { STRUCTURAL } from '../../src/forecast/structural.ts';
import { readForest } from '../../src/forecast/trees.ts';
import { forecastOf, hourly, lineOf, NOW, THRESHOLD } from './series-of.ts';

const OPTIONS = { trees: 12, leaves: 6, rate: 0.3, wildWeight: 0.5, without: [] };
const training = () => readRows(makeCases({ seed: 'tiny', perClass: 3, perWild: 3, rethreshold: 0.2 }));

test('the same rows and options make the same model, to the last digit', () => {
  const others = readRows(makeCases({ seed: 'tiny others', perClass: 1 }));
  const [once, again] = [training(), training()].map((rows) => JSON.stringify(fitModel(rows, others, OPTIONS)));
  expect(again).toBe(once);
  const without = fitModel(training(), others, { ...OPTIONS, without: ['linear_fill'], onlyScored: true });
  expect(without.within_14d.trees).toHaveLength(12);
  expect(without.within_1d.trees).toEqual([]);
  expect(JSON.stringify(without)).not.toBe(once);
});

test('even a tiny model tells a rise from a flat line', () => {
  const rows = training();
  const model = readModel(fitModel(rows, rows, OPTIONS));
  const meanOf = (className: string): number => {
    const chances = rows.labels.flatMap((label, row) =>
      label.className === className
        ? [model.within(Object.fromEntries(rows.names.map((name, c) => [name, rows.columns[c]![row]!]))).day14]
        : [],
    );
    return chances.reduce((sum, chance) => sum + chance, 0) / chances.length;
  };
  expect(meanOf('flat_noise_never')).toBeLessThan(0.15);
  expect(meanOf('short_history_fill')).toBeGreaterThan(0.5);
});

test('who is too sure is made less sure, and the base rate is kept', () => {
  const rows = training();
  const level = rows.columns[rows.names.indexOf('days_typical')]!;
  const middle = [...level].sort((a, b) => a - b)[Math.floor(level.length / 2)];
  const boasting = { start: 0, scale: 1, trees: [`days_typical<${middle} 9 -9`] };
  const { scale, start } = calibrate(boasting, rows, 14, { without: [] });
  expect(scale).toBeGreaterThan(0.02);
  expect(scale).toBeLessThan(0.3);
  expect(Math.abs(start)).toBeLessThan(3);
  expect(calibrate({ ...boasting, scale: scale, start }, rows, 14, { without: [] }).scale).toBeCloseTo(scale, 2);
});

test('boosting finds a step, and what two columns make together', () => {
  const random = createRandom('columns');
  const columns = [0, 1, 2].map(() => Float64Array.from({ length: 2000 }, () => random.share()));
  const target = Float64Array.from({ length: 2000 }, (_, row) =>
    columns[0]![row]! < 0.3 !== columns[1]![row]! < 0.6 ? 1 : -1,
  );
  const table = sortIntoBins(columns);
  const trees = boost(table, {
    trees: 40,
    leaves: 6,
    rate: 0.3,
    leastWeight: 5,
    calm: 1,
    random: createRandom('trees'),
    rows: Int32Array.from(target.keys()),
    start: new Float64Array(2000),
    slope: (row, prediction) => [prediction - target[row]!, 1],
  });
  const inWords = (node: (typeof trees)[number]): string =>
    'value' in node ? String(node.value) : `c${node.feature}<${node.below} ${inWords(node.low)} ${inWords(node.high)}`;
  const forest = readForest({ start: 0, scale: 1, trees: trees.map(inWords) });
  const off = target.map((wanted, row) => {
    const [c0, c1, c2] = columns.map((column) => column[row]!);
    return Math.abs(wanted - forest({ c0: c0!, c1: c1!, c2: c2! }));
  });
  expect(off.filter((distance) => distance > 0.6).length).toBeLessThan(100);
});

describe('generated cases', () => {
  test('the same seed makes the same cases, another one others', () => {
    const of = (seed: string) => JSON.stringify([...makeCases({ seed, perClass: 1, perWild: 1 })]);
    expect(of('a')).toBe(of('a'));
    expect(of('a')).not.toBe(of('b'));
  });

  test('33 named classes: fills cross, nevers never do', () => {
    expect(Object.keys(NAMED)).toHaveLength(33);
    for (const { className, truth, samples, now, threshold } of makeCases({ seed: 'c', perClass: 3 })) {
      if (className.endsWith('_never')) expect([className, truth]).toEqual([className, null]);
      if (/_fill$|_leak$|_cross$/.test(className)) expect([className, truth]).not.toEqual([className, null]);
      expect(threshold).toBe(0.9);
      expect(samples.every(([time, value]) => time <= now && value >= 0)).toBe(true);
    }
  });
});

describe('without trees', () => {
  const features = { days_week: 5, days_bend: 6, days_cleanup: 40, days_typical: 6, days_soon: 2, level: 0.8 };

  test('the candidates vote, beside the base rate', () => {
    expect(STRUCTURAL.within(features)).toEqual({ day1: 0.12, day3: 0.12, day7: 0.52, day14: 0.52, day45: 0.72 });
    expect(STRUCTURAL.days(features, 6)).toBe(6);
    const rising = hourly(30, lineOf(0.78, 0.015));
    expect(forecast(rising, THRESHOLD, NOW, STRUCTURAL)).toMatchObject({ kind: 'forecast' });
    expect(forecastOf(rising, NOW, STRUCTURAL).days_until_critical).toBeCloseTo(8, 0);
    expect(
      forecastOf(
        hourly(30, () => 0.5),
        NOW,
        STRUCTURAL,
      ).days_until_critical,
    ).toBeNull();
  });

  test('they stand in where a feature is no number', () => {
    const broken = { ...features, level: Number.NaN };
    expect(MODEL.within(broken)).toEqual(STRUCTURAL.within(broken));
    expect(MODEL.days(broken, Number.NaN)).toBe(14);
  });
});

test('trees are read as they are written', () => {
  const forest = readForest({ start: 1, scale: 2, trees: ['a<0.5 -1 b<3 0.25 1.5', '0.125'] });
  expect(forest({ a: 0.4, b: 9 })).toBe(1 + 2 * (-1 + 0.125));
  expect(forest({ a: 0.5, b: 2.9 })).toBe(1 + 2 * (0.25 + 0.125));
  expect(forest({ a: 0.5, b: 3 })).toBe(1 + 2 * (1.5 + 0.125));
});
