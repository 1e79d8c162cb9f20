import type { Features } from './features.ts';

/**
 * Trees as text, each in the order in which it is read: `way_peak<0.12` asks, its two answers follow (below first), a
 * number ends. `level<0.9 -0.2 range<0.1 0 0.15` says -0.2 below .9, else 0 or .15.
 */
export interface ForestText {
  /** The sum of what the trees say, times `scale`, is added to this. */
  readonly start: number;
  readonly scale: number;
  readonly trees: readonly string[];
}

/** Adds up what the trees say of a series. */
export type Forest = (features: Features) => number;

interface Branch {
  /** Place in the list of features that the forest asks for. */
  readonly feature: number;
  readonly below: number;
  readonly low: Tree;
  readonly high: Tree;
}
type Tree = Branch | number;

/** The text is read with the first series: what starts without a forecast to make neither waits for it nor holds it. */
export function readForest({ start, scale, trees }: ForestText): Forest {
  let grown: Grown | null = null;
  return (features) => {
    grown ??= grow(trees);
    const values = grown.names.map((name) => features[name]!);
    let sum = 0;
    for (const root of grown.roots) sum += follow(root, values);
    return start + scale * sum;
  };
}

interface Grown {
  readonly roots: readonly Tree[];
  /** The features that they ask for. */
  readonly names: readonly string[];
}

function grow(trees: readonly string[]): Grown {
  const places = new Map<string, number>();
  const roots = trees.map((text) => readTree(text.split(' ').values(), places));
  return { roots, names: [...places.keys()] };
}

function readTree(words: Iterator<string>, places: Map<string, number>): Tree {
  const word = words.next().value as string;
  const [name, below] = word.split('<') as [string, string | undefined];
  if (below === undefined) return Number(word);
  if (!places.has(name)) places.set(name, places.size);
  const low = readTree(words, places);
  return { feature: places.get(name)!, below: Number(below), low, high: readTree(words, places) };
}

function follow(root: Tree, values: readonly number[]): number {
  let tree = root;
  while (typeof tree !== 'number') tree = values[tree.feature]! < tree.below ? tree.low : tree.high;
  return tree;
}
