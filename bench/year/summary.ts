import { createRandom } from '../../scripts/forecaster/random.ts';
import { daysGained } from '../../src/execution/gains.ts';
import type { Run } from './service.ts';
import type { DiskYear } from './year.ts';

export interface YearSummary {
  readonly disks: number;
  readonly without: number;
  readonly with: number;
  readonly least: number;
  /** Share of the incidents that did not come; NaN where there were none. */
  readonly prevented: number;
  /** The same of those that any cleanup could have prevented. */
  readonly preventedOfPossible: number;
  readonly runs: number;
  readonly wasted: number;
  /** As a ledger has them: days until critical a day after the run, less those before it. */
  readonly gained: { readonly mean: number; readonly median: number; readonly count: number };
  /** Verified, and the prediction was without a crossing then. */
  readonly gone: number;
  /** By how much the next incident really moved away, up to 60 days. */
  readonly moved: { readonly mean: number; readonly median: number };
  readonly escalations: number;
  /** Runs after three that all failed or did not help. */
  readonly repeated: number;
}

export function summarize(years: readonly DiskYear[]): YearSummary {
  const runs = years.flatMap((year) => year.runs);
  const gains = runs.flatMap(({ execution }) => daysGained(execution) ?? []);
  const moved = runs.map((run) => run.moved);
  const without = sum(years.map((year) => year.without));
  const still = sum(years.map((year) => year.with));
  const least = sum(years.map((year) => year.least));
  return {
    disks: years.length,
    without,
    with: still,
    least,
    prevented: without === 0 ? Number.NaN : 1 - still / without,
    preventedOfPossible: without === least ? Number.NaN : (without - still) / (without - least),
    runs: runs.length,
    wasted: runs.filter(({ wasted }) => wasted).length,
    gained: { mean: mean(gains), median: median(gains), count: gains.length },
    gone: runs.filter(({ execution }) => execution.outcome === 'effective' && execution.days_after === null).length,
    moved: { mean: mean(moved), median: median(moved) },
    escalations: sum(years.map(({ escalations }) => escalations)),
    repeated: sum(years.map((year) => year.runs.filter((_, at) => isRepeated(year.runs, at)).length)),
  };
}

/** Between which shares 95 of 100 draws of as many disks lie; the draws are always the same. */
export function between(
  years: readonly DiskYear[],
  of: 'prevented' | 'preventedOfPossible',
  draws = 1000,
): readonly [low: number, high: number] {
  const random = createRandom('draws');
  const shares = Array.from({ length: draws }, () => {
    const drawn = years.map(() => random.pick(years));
    const without = sum(drawn.map((year) => year.without));
    const possible = of === 'prevented' ? without : without - sum(drawn.map((year) => year.least));
    return (without - sum(drawn.map((year) => year.with))) / possible;
  }).sort((a, b) => a - b);
  return [shares[Math.floor(draws * 0.025)]!, shares[Math.ceil(draws * 0.975) - 1]!];
}

/** How often each, the most frequent first. */
export function count(texts: readonly string[]): readonly (readonly [text: string, count: number])[] {
  const groups = Map.groupBy(texts, (text) => text);
  return [...groups].map(([text, all]) => [text, all.length] as const).sort((a, b) => b[1] - a[1]);
}

function isRepeated(runs: readonly Run[], at: number): boolean {
  const before = runs.slice(Math.max(0, at - 3), at);
  return (
    before.length === 3 &&
    before.every(({ execution: { state, outcome } }) => state === 'failed' || outcome === 'ineffective')
  );
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
