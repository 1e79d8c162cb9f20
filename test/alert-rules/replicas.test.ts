import { parser } from '@prometheus-io/lezer-promql';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { asSent, expressions as ofDashboard } from '../support/dashboard.ts';
import { type ExposedFamily, readExposition } from '../support/exposition.ts';
import { startLivingService } from '../support/living.ts';
import { COUNTED_BY_PROCESS, DOCUMENTED, ofTheProcess, TOLD_BY_PROCESS } from '../support/metrics-page.ts';
import type { RunningProgram } from '../support/program.ts';
import { hasPrometheus, query, startPrometheus } from '../support/prometheus.ts';
import { type PastSeries, writeHistory } from '../support/prometheus-history.ts';
import { alertsOf } from '../support/rules.ts';
import { tempDir } from '../support/temp.ts';

vi.setConfig({ hookTimeout: 180_000, testTimeout: 60_000 });

const CONFIG = 'global: { scrape_interval: 1m }\n';
/** Prometheus' own words of a target and of its alerts. */
const OF_PROMETHEUS = ['up', 'ALERTS'];

/** What the shipped mapping is about. */
const TARGETS: readonly Readonly<Record<string, string>>[] = [
  { prediction_type: 'disk_exhaustion', resource: '/', source: 'file:x' },
  { prediction_type: 'memory_exhaustion', resource: 'system_memory', source: 'file:x' },
  { prediction_type: 'service_drift', resource: 'web', source: 'file:x', host: 'nas' },
];

const shipped: readonly (readonly [where: string, expr: string])[] = [
  ...['remediation', 'predictions'].flatMap((file) =>
    alertsOf(`alert-rules/${file}.rules.yml`).map(({ alert, expr }) => [alert, expr] as const),
  ),
  ...ofDashboard.map(([where, expr]) => [`dashboard: ${where}`, asSent(expr)] as const),
];

/** A node of a parsed expression, by its place. */
interface Part {
  readonly text: string;
  /** `count(…) > 0` asks whether there is anything: not how much. */
  readonly existence: boolean;
}

/** The outermost aggregations, and the selectors that are in none. */
function partsOf(expr: string): { readonly aggregations: readonly Part[]; readonly bare: readonly string[] } {
  const aggregations: Part[] = [];
  const bare: string[] = [];
  parser.parse(expr).iterate({
    enter(node) {
      const text = expr.slice(node.from, node.to);
      if (node.name === 'VectorSelector') bare.push(/^\w+/.exec(text)![0]);
      if (node.name === 'FunctionCall' && /^absent\s*\(/.test(text)) return false;
      if (node.name !== 'AggregateExpr') return;
      const around = node.node.parent;
      const more = around === null ? '' : expr.slice(node.to, around.to);
      aggregations.push({ text, existence: /^count\b/.test(text) && /^\s*>\s*0$/.test(more) });
      return false;
    },
  });
  return { aggregations, bare };
}

const isSame = (one: number, other: number) => one === other || Math.abs(one - other) <= 1e-6 * Math.abs(one);

/** Bounds would make most of it empty, and what is empty is equal. */
const withoutBounds = (text: string) => text.replace(/\s(?:[=!]=|[<>]=?)\s*[\d.]+(?![\w.(])/g, '');

describe.skipIf(!hasPrometheus)('with two replicas scraped instead of one', () => {
  let one: RunningProgram;
  let two: RunningProgram;

  beforeAll(async () => {
    const { metrics, service } = await startLivingService();
    const families = readExposition(await metrics());
    await service.stop();
    one = await prometheusWith(families, ['a']);
    two = await prometheusWith(families, ['a', 'b']);
  });

  /** What differs between one replica and two, in an expression of which nobody is to notice how many there are. */
  async function differences(expr: string): Promise<readonly string[]> {
    const { aggregations, bare } = partsOf(expr);
    const found: string[] = bare
      .filter((metric) => !TOLD_BY_PROCESS.includes(metric) && !OF_PROMETHEUS.includes(metric))
      .map((metric) => `${metric} of each replica`);
    for (const { text, existence } of aggregations) {
      if ((await valuesOf(one, withoutBounds(text))).size === 0)
        found.push(`nothing is there of ${withoutBounds(text)}`);
      for (const asked of new Set([text, withoutBounds(text)])) {
        const [alone, both] = await Promise.all([valuesOf(one, asked), valuesOf(two, asked)]);
        if (existence && both.size === alone.size) continue;
        for (const key of new Set([...alone.keys(), ...both.keys()])) {
          const [before, after] = [alone.get(key) ?? Number.NaN, both.get(key) ?? Number.NaN];
          if (!isSame(before, after)) found.push(`${asked}: ${key} is ${before}, then ${after}`);
        }
      }
    }
    return found;
  }

  it.each(shipped)('%s is the same', async (_where, expr) => {
    expect(await differences(expr)).toEqual([]);
  });

  it.each([
    ['a sum of what all replicas show', 'sum(increase(proactive_remediation_executions_total[1h])) > 0'],
    [
      'the maximum too late',
      'max(sum by (instance, playbook) (prediction_stale)) + sum(proactive_remediation_enabled)',
    ],
    ['a count of predictions', 'count by (source) (prediction_stale == 1) > 3'],
    ['one alert for each replica', 'proactive_remediation_circuit_open == 1'],
    ['a replica by name', 'max by (playbook, instance) (proactive_remediation_escalated)'],
    [
      'the maximum of what each counts for itself',
      'max by (channel) (increase(proactive_remediation_notifications_total[1h]))',
    ],
    ['a bound behind the sum', 'sum by (playbook) (proactive_remediation_awaiting_approval) > 1'],
  ])('finds %s', async (_what, expr) => {
    expect(await differences(expr)).not.toEqual([]);
  });

  it('finds every maximum and minimum of shipped expressions that were a sum', async () => {
    const missed: string[] = [];
    for (const [where, expr] of shipped) {
      const { aggregations } = partsOf(expr);
      for (const { text } of aggregations) {
        const summed = text.replace(/\b(?:max|min)\b(?=\s*(?:by\b|\())/g, 'sum');
        if (summed !== text && (await differences(summed)).length === 0) missed.push(`${where}: ${summed}`);
      }
    }
    expect(missed).toEqual([]);
  });
});

/** Samples of an instant query by their labels. */
async function valuesOf(prometheus: RunningProgram, expr: string): Promise<ReadonlyMap<string, number>> {
  const samples = await query(prometheus, expr);
  return new Map(
    samples.map(({ metric, value }) => [
      JSON.stringify(Object.entries(metric as object).toSorted()),
      Number(value[1].replace('Inf', 'Infinity')),
    ]),
  );
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Ten days, the last three hours of it minute by minute. */
function instants(now: number): readonly number[] {
  const times: number[] = [];
  for (let ago = 10 * DAY; ago > 0; ago -= ago > 2.2 * DAY ? 2 * HOUR : ago > 3 * HOUR ? 10 * MINUTE : MINUTE) {
    times.push(now - ago);
  }
  return [...times, now];
}

/** The family with every series that the shipped rules name, or that only a longer life would have had. */
function inFull(family: ExposedFamily): ExposedFamily {
  const documented = DOCUMENTED.find(({ name }) => name === family.name);
  if (documented === undefined) return family;
  const targets = /^prediction_/.test(family.name) && documented.labels.includes('resource') ? TARGETS : [];
  const samples = [...family.samples, ...targets.map((labels) => ({ name: family.name, labels, value: 1 }))];
  if (samples.length > 0) return { ...family, samples };
  const labels = Object.fromEntries(documented.labels.map((label) => [label, 'some']));
  return { ...family, samples: [{ name: family.name, labels, value: 1 }] };
}

/**
 * A Prometheus that has scraped these families from so many replicas. Gauges are 1 and counters grow, each at a pace of its
 * own; of what processes count for themselves each replica has an equal part.
 */
async function prometheusWith(
  families: readonly ExposedFamily[],
  replicas: readonly string[],
): Promise<RunningProgram> {
  const folder = tempDir();
  const now = Math.floor(Date.now() / 1000);
  const times = instants(now + MINUTE);
  let pace = 0;
  const series: PastSeries[] = [];
  const add = (name: string, labels: Readonly<Record<string, string>>, value: (time: number) => number) => {
    series.push({ name, labels, samples: times.map((time) => [time, value(time)] as const) });
  };
  for (const { name: family, type, samples } of families.map(inFull)) {
    if (/^(?:process|nodejs)_/.test(family)) continue;
    const part = COUNTED_BY_PROCESS.includes(family) ? replicas.length : 1;
    for (const name of new Set(samples.map((sample) => sample.name))) {
      for (const { labels } of samples.filter((sample) => sample.name === name)) {
        pace++;
        const own = pace;
        const grows = (time: number) => (own * (time - now + 11 * DAY)) / DAY / part;
        for (const instance of replicas) {
          add(name, { ...labels, job: 'forestall', instance }, type === 'gauge' ? () => 1 : grows);
        }
      }
    }
  }
  for (const instance of replicas) add('up', { job: 'forestall', instance }, () => 1);
  const given = { job: 'alertmanager', instance: 'alertmanager', integration: 'webhook' };
  add('alertmanager_notifications_failed_total', given, (time) => time - now + 11 * DAY);
  add('ALERTS', { alertstate: 'firing', remediation: 'manual', alertname: 'x' }, () => 1);
  await writeHistory(folder, series);
  return await startPrometheus({ config: CONFIG, folder, args: ['--storage.tsdb.retention.time=30d'] });
}

it('tells what a process says of itself from what the ledger says', () => {
  expect(COUNTED_BY_PROCESS).toContain('proactive_remediation_notifications_total');
  expect(TOLD_BY_PROCESS).toContain('prediction_source_up');
  expect(ofTheProcess('proactive_remediation_executions_total')).toBe(false);
});
