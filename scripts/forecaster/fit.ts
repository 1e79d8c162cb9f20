import { BASE_RATE } from '../../src/forecast/forecast.ts';
import { type ModelText, startOfDays } from '../../src/forecast/model.ts';
import { type ForestText, readForest } from '../../src/forecast/trees.ts';
import { boost, type Node, short } from './boost.ts';
import { createRandom } from './random.ts';
import type { Label, Rows } from './rows.ts';

export interface FitOptions {
  /** Trees of the forest for 14 days; the others have fewer. */
  readonly trees: number;
  readonly leaves: number;
  readonly rate: number;
  /** How much a case of a wild class counts beside one of a named class. */
  readonly wildWeight: number;
  /** Classes that are left out. */
  readonly without: readonly string[];
  /** Only the forests that scores need: 14 days and days. */
  readonly onlyScored?: boolean;
}

/** The least probability at which an alarm is given: chosen where misses and false alarms are both bearable. */
const ALARM_AT = 0.43;
/** Crossings farther than this teach the days nothing. */
const FARTHEST = 30;
/** Where the loss of an error in the logarithm of days turns from square to linear. */
const LINEAR_FROM = 0.15;

/**
 * Fits every forest of the model on `rows`, and how sure it may be on `others`, which it has not seen. The same rows and
 * options always give the same model.
 */
export function fitModel(rows: Rows, others: Rows, options: FitOptions): ModelText {
  const within = (days: number, share: number): ForestText => {
    if (options.onlyScored && days !== 14) return { start: 0, scale: 1, trees: [] };
    const forest = fitWithin(rows, days, { ...options, trees: Math.ceil(options.trees * share) });
    return calibrate(forest, others, days, options);
  };
  return {
    alarm_at: ALARM_AT,
    within_1d: within(1, 0.2),
    within_3d: within(3, 0.3),
    within_7d: within(7, 0.3),
    within_14d: within(14, 1),
    within_45d: within(45, 0.2),
    days: fitDays(rows, { ...options, trees: Math.ceil(options.trees * 0.6) }),
  };
}

const crosses = ({ truth }: Label, days: number): boolean => truth !== null && truth <= days;

function usable(
  { labels }: Rows,
  { without }: Pick<FitOptions, 'without'>,
  isUsable: (label: Label) => boolean,
): Int32Array {
  return Int32Array.from(labels.keys()).filter((row) => {
    const label = labels[row]!;
    return !without.includes(label.className) && isUsable(label);
  });
}

function weightOf({ className }: Label, { wildWeight }: Pick<FitOptions, 'wildWeight'>): number {
  return className.startsWith('wild') ? wildWeight : 1;
}

function fitWithin(all: Rows, days: number, options: FitOptions): ForestText {
  const { labels, table } = all;
  const rows = usable(all, options, (label) => crosses(label, days) || label.known >= days);
  const weights = labels.map((label) => weightOf(label, options));
  let yes = 0;
  let total = 0;
  for (const row of rows) {
    total += weights[row]!;
    if (crosses(labels[row]!, days)) yes += weights[row]!;
  }
  const start = short(Math.log((yes + 1) / (total - yes + 1)));
  const trees = boost(table, {
    ...options,
    rows,
    start: new Float64Array(table.rows).fill(start),
    leastWeight: 8,
    calm: 4,
    random: createRandom(`within ${days}`),
    slope: (row, prediction) => {
      const chance = 1 / (1 + Math.exp(-prediction));
      const weight = weights[row]!;
      return [
        weight * (chance - (crosses(labels[row]!, days) ? 1 : 0)),
        weight * Math.max(1e-3, chance * (1 - chance)),
      ];
    },
  });
  return { start, scale: 1, trees: trees.map((tree) => inWords(tree, all.names)) };
}

/** How much a held-out case of a wild class counts beside one of a named class when it is settled how sure to be. */
const CALIBRATING_WILD_WEIGHT = 0.05;

/**
 * Platt's scaling: the line through the log-odds that fits best (Newton's method) on series that were not fitted on, if
 * as many of them cross within 14 days as of those that one is asked about.
 */
export function calibrate(
  forest: ForestText,
  others: Rows,
  days: number,
  options: Pick<FitOptions, 'without'>,
): ForestText {
  const weights = weightsAtBaseRate(others);
  const odds = sayOf(others, forest);
  const rows = usable(others, options, (label) => crosses(label, days) || label.known >= days);
  // From nothing: Newton's method gets lost where it starts out too sure.
  let scale = 0;
  let shift = 0;
  for (let step = 0; step < 30; step += 1) {
    let [g0, g1, h00, h01, h11] = [0, 0, 1, 0, 1];
    for (const row of rows) {
      const label = others.labels[row]!;
      const x = odds[row]!;
      const weight = weights[row]!;
      const chance = 1 / (1 + Math.exp(-(scale * x + shift)));
      const off = weight * (chance - (crosses(label, days) ? 1 : 0));
      const curve = weight * chance * (1 - chance);
      g0 += off;
      g1 += off * x;
      h00 += curve;
      h01 += curve * x;
      h11 += curve * x * x;
    }
    const determinant = h00 * h11 - h01 * h01;
    shift -= (h11 * g0 - h01 * g1) / determinant;
    scale -= (h00 * g1 - h01 * g0) / determinant;
  }
  return { ...forest, start: short(shift + scale * forest.start), scale: short(scale * forest.scale) };
}

function weightsAtBaseRate({ labels }: Rows): number[] {
  const weights = labels.map((label) => weightOf(label, { wildWeight: CALIBRATING_WILD_WEIGHT }));
  const sumOf = (isCounted: (label: Label) => boolean): number =>
    weights.reduce((sum, weight, row) => sum + (isCounted(labels[row]!) ? weight : 0), 0);
  const crossing = sumOf((label) => crosses(label, 14));
  const factor = ((BASE_RATE / (1 - BASE_RATE)) * (sumOf(() => true) - crossing)) / (crossing + 1e-9);
  return weights.map((weight, row) => (crosses(labels[row]!, 14) ? weight * factor : weight));
}

function fitDays(all: Rows, options: FitOptions): ForestText {
  const { labels, table, names, columns } = all;
  const rows = usable(all, options, (label) => crosses(label, FARTHEST));
  const typical = columns[names.indexOf('days_typical')]!;
  const trees = boost(table, {
    ...options,
    rows,
    start: typical.map((days) => Math.log(startOfDays(days))),
    leastWeight: 1,
    calm: 1,
    random: createRandom('days'),
    slope: (row, prediction) => {
      const weight = weightOf(labels[row]!, options) * LINEAR_FROM;
      const off = prediction - Math.log(Math.max(0.25, labels[row]!.truth!));
      return [weight * Math.max(-1, Math.min(1, off / LINEAR_FROM)), weight];
    },
  });
  return { start: 0, scale: 1, trees: trees.map((tree) => inWords(tree, names)) };
}

function inWords(node: Node, names: readonly string[]): string {
  if ('value' in node) return String(node.value);
  return `${names[node.feature]}<${node.below} ${inWords(node.low, names)} ${inWords(node.high, names)}`;
}

/** What a forest says of every row. */
function sayOf({ names, columns, labels }: Rows, text: ForestText): Float64Array {
  const forest = readForest(text);
  return Float64Array.from(labels, (_, row) =>
    forest(Object.fromEntries(names.map((name, c) => [name, columns[c]![row]!]))),
  );
}
