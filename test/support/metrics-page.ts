import type { ExposedFamily } from './exposition.ts';
import { ANY_NUMBER, exactly, FROM_ZERO, INSTANT, type Range } from './promql-range.ts';
import { ANY, ANY_OR_NONE, type LabelValue, type Series, type World } from './promql-world.ts';
import { readText } from './source-text.ts';

export interface DocumentedFamily {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly unit: string;
  readonly range: Range;
  readonly meaning: string;
}

const RANGES: Readonly<Record<string, Range>> = {
  any: ANY_NUMBER,
  instant: INSTANT,
  '1': exactly(1),
  '0 or 1': { lo: 0, hi: 1, whole: true },
  '0 to 1': { lo: 0, hi: 1 },
  '0 to +Inf': FROM_ZERO,
};

const page = readText('docs/metrics.md');
const cellsOf = (line: string) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
const codes = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);

/** The families of docs/metrics.md. */
export const DOCUMENTED: readonly DocumentedFamily[] = [
  ...page.matchAll(/^\| `\w+` \| (?:gauge|counter|histogram) \|.*\|$/gm),
].map(([line]) => {
  const [name, type, labels, unit, values, meaning] = cellsOf(line);
  const range = RANGES[values!];
  if (range === undefined) throw new Error(`docs/metrics.md: ${name} has values that no test understands: ${values}`);
  return { name: codes(name!)[0]!, type: type!, labels: codes(labels!), unit: unit!, range, meaning: meaning! };
});

/** The values that a label can have, from docs/metrics.md; null: any. */
export const LABEL_VALUES: ReadonlyMap<string, readonly string[] | null> = new Map(
  page
    .slice(page.indexOf('## Labels'), page.indexOf('## Predictions'))
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [label, values] = cellsOf(line);
      return [codes(label!)[0]!, values === 'any' ? null : codes(values!)] as const;
    }),
);

const bulletOf = (words: string): readonly string[] => {
  const from = page.indexOf(`- **${words}`);
  if (from < 0) throw new Error(`docs/metrics.md: "${words}" is not there`);
  const end = page.indexOf('\n- **', from + 1);
  return codes(page.slice(from, end)).flatMap((name) => {
    const whole = name.replace(/^…/, 'proactive_remediation');
    return DOCUMENTED.some((family) => family.name === whole) ? [whole] : [];
  });
};

/** Families that each process counts for itself, from zero: of several replicas the sum is what happened. */
export const COUNTED_BY_PROCESS = bulletOf('Other counters start at zero with the process');

/** Families in which each process tells of itself alone. */
export const TOLD_BY_PROCESS = bulletOf('What a process says of itself');

/** False: of several replicas on one ledger, each exports the same. */
export const ofTheProcess = (family: string): boolean =>
  /^(?:process|nodejs)_/.test(family) || COUNTED_BY_PROCESS.includes(family) || TOLD_BY_PROCESS.includes(family);

/**
 * What can be on a Prometheus that scrapes Forestall: the documented families, with the label values that a real service
 * exports where a label's values are closed, or where they belong together as verdict and reason do. `jobs`: what it scrapes.
 */
export function worldOf(exposed: readonly ExposedFamily[], jobs: readonly string[]): World {
  const world = new Map<string, readonly Series[]>();
  for (const { name, type, labels, range } of DOCUMENTED) {
    const samples = exposed.find((family) => family.name === name)?.samples ?? [];
    const combinations = new Set(
      samples.map((sample) =>
        JSON.stringify(Object.fromEntries(labels.map((label) => [label, sample.labels[label] ?? '']))),
      ),
    );
    const series = (
      samples.length === 0
        ? [Object.fromEntries(labels.map((label) => [label, '']))]
        : [...combinations].map((text) => JSON.parse(text) as Record<string, string>)
    ).map(
      (one): Series => ({
        labels: {
          job: 'forestall',
          instance: ANY,
          ...Object.fromEntries(labels.map((label) => [label, labelValue(label, one[label]!)])),
        },
        range,
      }),
    );
    if (type !== 'histogram') world.set(name, series);
    else {
      world.set(
        `${name}_bucket`,
        series.map((one) => ({ ...one, labels: { ...one.labels, le: ANY } })),
      );
      world.set(`${name}_sum`, series);
      world.set(`${name}_count`, series);
    }
  }
  world.set(
    'up',
    jobs.map((job) => ({ labels: { job, instance: ANY }, range: RANGES['0 or 1']! })),
  );
  // Of Alertmanager: what it gave up, by the kind of receiver.
  world.set('alertmanager_notifications_failed_total', [
    { labels: { job: 'alertmanager', instance: ANY, integration: ANY }, range: FROM_ZERO },
  ]);
  // Of Prometheus itself: what fires, of whatever rules.
  world.set('ALERTS', [{ labels: { alertname: ANY, alertstate: ANY, remediation: ANY_OR_NONE }, range: exactly(1) }]);
  return world;
}

function labelValue(label: string, exported: string): LabelValue {
  if (label === 'host') return ANY_OR_NONE;
  const isClosed = label === 'reason' || (LABEL_VALUES.get(label) ?? null) !== null;
  return isClosed && exported !== '' ? exported : ANY;
}
