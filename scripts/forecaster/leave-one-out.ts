import { readModel } from '../../src/forecast/model.ts';
import { score } from '../../src/forecast/scoring.ts';
import { makeCases, NAMED } from './cases.ts';
import { type FitOptions, fitModel } from './fit.ts';
import { readRows } from './rows.ts';
import type { ScoredCase } from './score.ts';
import { scoreCases } from './score-cases.ts';
import { scoreTable } from './table.ts';

/**
 * Fits a smaller model without each named class in turn, and prints how well that foresees the class. Ten minutes.
 *
 * Usage: node scripts/forecaster/leave-one-out.ts [CLASS…]
 */
const OPTIONS: FitOptions = {
  trees: 130,
  leaves: 16,
  rate: 0.14,
  wildWeight: 0.35,
  without: [],
  onlyScored: true,
};

const rows = readRows(makeCases({ seed: 'train', perClass: 110, perWild: 700, rethreshold: 0.2 }));
const others = readRows(makeCases({ seed: 'held out', perClass: 30, perWild: 100 }));
const cases = [...makeCases({ seed: 'left out', perClass: 12 })];
const classes = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(NAMED);
const all: ScoredCase[] = [];
const table = classes.map((name) => {
  const model = readModel(fitModel(rows, others, { ...OPTIONS, without: [name] }));
  const scored = scoreCases(
    cases.filter(({ className }) => className === name),
    model,
  );
  all.push(...scored);
  return [name, score(scored)] as const;
});
console.log(scoreTable([...table, ['all', score(all)]]));
