import type { Random } from './random.ts';

/** A node of a tree: where to look, and what to add at its end. */
export type Node =
  | { readonly feature: number; readonly below: number; readonly low: Node; readonly high: Node }
  | { readonly value: number };

/** Rows of numbers, sorted into few bins a column. */
export interface Table {
  readonly columns: readonly Uint8Array[];
  /** `edges[c][b]`: a value below it lies in bin b or lower. */
  readonly edges: readonly (readonly number[])[];
  readonly rows: number;
}

export interface BoostOptions {
  readonly trees: number;
  readonly leaves: number;
  readonly rate: number;
  /** Least sum of the second derivatives in a leaf. */
  readonly leastWeight: number;
  /** How strongly a leaf is drawn to 0. */
  readonly calm: number;
  readonly random: Random;
  /** First and second derivative of the loss at a prediction, by row. */
  readonly slope: (row: number, prediction: number) => readonly [number, number];
  /** Rows that count. */
  readonly rows: Int32Array;
  /** Start of each row's prediction. */
  readonly start: Float64Array;
}

const BINS = 48;

/** Columns by quantiles; the edges are short numbers, as they are written down. */
export function sortIntoBins(columns: readonly Float64Array[]): Table {
  const edges = columns.map((column) => {
    const sorted = column.toSorted();
    const found = new Set<number>();
    for (let b = 1; b < BINS; b += 1) found.add(short(sorted[Math.floor((b / BINS) * sorted.length)]!));
    return [...found].sort((a, b) => a - b);
  });
  return {
    edges,
    rows: columns[0]!.length,
    columns: columns.map((column, c) => Uint8Array.from(column, (value) => binOf(edges[c]!, value))),
  };
}

export function short(value: number): number {
  return Number(value.toPrecision(3));
}

function binOf(edges: readonly number[], value: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value < edges[middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Trees whose sum lowers the loss step by step (Friedman's gradient boosting, best leaf first). */
export function boost(table: Table, options: BoostOptions): Node[] {
  const { rows, random, rate, slope } = options;
  const predictions = options.start.slice();
  const first = new Float64Array(table.rows);
  const second = new Float64Array(table.rows);
  const trees: Node[] = [];
  for (let t = 0; t < options.trees; t += 1) {
    for (const row of rows) [first[row], second[row]] = slope(row, predictions[row]!) as [number, number];
    const sample = rows.filter(() => random.chance(0.7));
    const features = table.columns.map((_, c) => c).filter(() => random.chance(0.4));
    const tree = growTree(table, sample, features, first, second, options);
    trees.push(scaled(tree, rate));
    const binned = indexed(table, trees.at(-1)!);
    for (const row of rows) predictions[row] = predictions[row]! + binned(row);
  }
  return trees;
}

interface Leaf {
  readonly rows: Int32Array;
  readonly value: number;
  readonly split: Split | null;
}
interface Split {
  readonly gain: number;
  readonly feature: number;
  readonly bin: number;
}
interface Growing {
  leaf: Leaf;
  branch: { readonly feature: number; readonly bin: number; readonly low: Growing; readonly high: Growing } | null;
}

function growTree(
  table: Table,
  rows: Int32Array,
  features: readonly number[],
  first: Float64Array,
  second: Float64Array,
  options: BoostOptions,
): Node {
  const leafOf = (part: Int32Array): Leaf => bestSplit(table, part, features, first, second, options);
  const root: Growing = { leaf: leafOf(rows), branch: null };
  const open = [root];
  for (let leaves = 1; leaves < options.leaves; leaves += 1) {
    open.sort((a, b) => (b.leaf.split?.gain ?? 0) - (a.leaf.split?.gain ?? 0));
    const best = open.shift();
    if (best === undefined || best.leaf.split === null) break;
    const { feature, bin } = best.leaf.split;
    const column = table.columns[feature]!;
    const low: Growing = { leaf: leafOf(best.leaf.rows.filter((row) => column[row]! <= bin)), branch: null };
    const high: Growing = { leaf: leafOf(best.leaf.rows.filter((row) => column[row]! > bin)), branch: null };
    best.branch = { feature, bin, low, high };
    open.push(low, high);
  }
  const finish = ({ leaf, branch }: Growing): Node =>
    branch === null
      ? { value: leaf.value }
      : {
          feature: branch.feature,
          below: table.edges[branch.feature]![branch.bin]!,
          low: finish(branch.low),
          high: finish(branch.high),
        };
  return finish(root);
}

const GRADIENTS = new Float64Array(BINS + 1);
const WEIGHTS = new Float64Array(BINS + 1);

function bestSplit(
  table: Table,
  rows: Int32Array,
  features: readonly number[],
  first: Float64Array,
  second: Float64Array,
  { leastWeight, calm }: BoostOptions,
): Leaf {
  let gradient = 0;
  let weight = 0;
  for (const row of rows) {
    gradient += first[row]!;
    weight += second[row]!;
  }
  const score = (g: number, h: number) => (g * g) / (h + calm);
  const whole = score(gradient, weight);
  let split: Split | null = null;
  let gain = 1e-6;
  for (const feature of features) {
    const column = table.columns[feature]!;
    GRADIENTS.fill(0);
    WEIGHTS.fill(0);
    for (let i = 0; i < rows.length; i += 1) {
      const row = rows[i]!;
      const bin = column[row]!;
      GRADIENTS[bin] = GRADIENTS[bin]! + first[row]!;
      WEIGHTS[bin] = WEIGHTS[bin]! + second[row]!;
    }
    let lowGradient = 0;
    let lowWeight = 0;
    for (let bin = 0; bin < table.edges[feature]!.length; bin += 1) {
      lowGradient += GRADIENTS[bin]!;
      lowWeight += WEIGHTS[bin]!;
      if (lowWeight < leastWeight || weight - lowWeight < leastWeight) continue;
      const found = score(lowGradient, lowWeight) + score(gradient - lowGradient, weight - lowWeight) - whole;
      if (found > gain) {
        gain = found;
        split = { gain, feature, bin };
      }
    }
  }
  return { rows, value: -gradient / (weight + calm), split };
}

function scaled(node: Node, rate: number): Node {
  if ('value' in node) return { value: short(node.value * rate) };
  return { ...node, low: scaled(node.low, rate), high: scaled(node.high, rate) };
}

/** Reads a tree on binned rows. */
function indexed(table: Table, node: Node): (row: number) => number {
  if ('value' in node) return () => node.value;
  const column = table.columns[node.feature]!;
  const bin = table.edges[node.feature]!.indexOf(node.below);
  const [low, high] = [indexed(table, node.low), indexed(table, node.high)];
  return (row) => (column[row]! <= bin ? low(row) : high(row));
}
