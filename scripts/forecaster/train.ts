import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCases } from './cases.ts';
import { type FitOptions, fitModel } from './fit.ts';
import { readRows } from './rows.ts';

/**
 * Fits the trees of the forecaster on generated series and writes src/forecast/model.json; with `--check` it writes
 * nothing and exits 1 when the file differs. Takes about two minutes.
 *
 * Usage: node scripts/forecaster/train.ts [--check]
 */
const TRAINING = { seed: 'train-3', perClass: 380, perWild: 2000, rethreshold: 0.15 };
const HELD_OUT = { seed: 'held out', perClass: 30, perWild: 100 };
const OPTIONS: FitOptions = { trees: 260, leaves: 16, rate: 0.08, wildWeight: 0.35, without: [] };

const file = join(import.meta.dirname, '../../src/forecast/model.json');
const model = fitModel(readRows(makeCases(TRAINING)), readRows(makeCases(HELD_OUT)), OPTIONS);
const text = `${JSON.stringify(model, null, 2)}\n`;
if (!process.argv.includes('--check')) {
  writeFileSync(file, text);
  console.log(`wrote ${file}, ${text.length} characters`);
} else if (readFileSync(file, 'utf8') === text) {
  console.log('the model is what the script makes');
} else {
  console.error(`${file} is not what the script makes: run it without --check`);
  process.exitCode = 1;
}
