import { readFeatures } from '../../src/forecast/features.ts';
import { readSeries } from '../../src/forecast/series.ts';
import { readShape } from '../../src/forecast/shape.ts';
import { sortIntoBins, type Table } from './boost.ts';
import type { Case } from './cases.ts';

/** What is known of a row beside its features. */
export interface Label {
  readonly className: string;
  readonly truth: number | null;
  readonly known: number;
}

/** Cases as the trees are fitted on them. */
export interface Rows {
  readonly names: readonly string[];
  readonly labels: readonly Label[];
  readonly columns: readonly Float64Array[];
  readonly table: Table;
}

/** The features of each case that can be forecast. */
export function readRows(cases: Iterable<Case>): Rows {
  const labels: Label[] = [];
  const lists: number[][] = [];
  let names: readonly string[] = [];
  for (const { samples, threshold, now, className, truth, known } of cases) {
    const series = readSeries(samples, threshold, now);
    if (typeof series === 'string') continue;
    const features = readFeatures(readShape(series));
    if (labels.length === 0) names = Object.keys(features);
    lists.push(names.map((name) => features[name]!));
    labels.push({ className, truth, known });
  }
  const columns = names.map((_, c) => Float64Array.from(lists, (list) => list[c]!));
  return { names, labels, columns, table: sortIntoBins(columns) };
}
