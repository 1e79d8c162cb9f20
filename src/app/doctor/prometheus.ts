import { parse } from 'yaml';
import { isObject, own } from '../../alert/problem.ts';
import type { Asked, ExpectedRule, PrometheusFacts } from '../../doctor/facts.ts';
import type { Labels } from '../../doctor/matcher.ts';
import { expressionsToFormat } from '../../doctor/rules.ts';
import { parseDuration } from '../../mapping/duration.ts';
import type { Target } from '../../prediction/prediction.ts';
import { createPrometheusState, type PrometheusState } from '../../prometheus/prometheus-state.ts';

/** So many predictions are looked at. */
const MOST_TARGETS = 100;

const INSTANCES = 'process_start_time_seconds and on (job, instance) forestall_build_info';
const EXPORTED = ['prediction_type', 'resource', 'host', 'source'].map((name) => `exported_${name}`);
const PREDICTIONS = `count by (prediction_type, resource, host, ${EXPORTED.join(', ')}) (prediction_days_until_critical)`;

export interface PrometheusExamined {
  readonly facts: PrometheusFacts;
  /** What it knows predictions about. */
  readonly targets: readonly Target[];
}

/** Asks a Prometheus all that the findings need: everything at once, then its own writing of what differs. */
export async function examinePrometheus(
  options: { readonly url: string; readonly timeout: number },
  expected: readonly ExpectedRule[],
): Promise<PrometheusExamined> {
  const state = createPrometheusState(options);
  const [version, rules, targets, instances, predictions, alertmanagers, config, clock, reloaded] = await Promise.all([
    state.version(),
    state.rules(),
    state.targets(parseDuration),
    state.vector(INSTANCES),
    state.vector(`topk(${MOST_TARGETS}, ${PREDICTIONS})`),
    state.alertmanagers(),
    state.config(),
    clockOf(state),
    state.reloaded(),
  ]);
  const series = mapAsked(predictions, (samples) => samples.map(({ labels }) => labels));
  return {
    targets: series.ok ? series.value.map(targetOf) : [],
    facts: {
      url: state.url,
      version,
      rules,
      formatted: await formattedBy(state, rules.ok ? expressionsToFormat(expected, rules.value) : []),
      targets,
      instances: mapAsked(instances, (samples) => samples.map(({ labels, value }) => ({ labels, start: value }))),
      predictions: series,
      alertmanagers,
      settings: mapAsked(config, settingsIn),
      reloaded,
      ...clock,
    },
  };
}

function targetOf(labels: Labels): Target {
  return {
    prediction_type: labels['prediction_type'] ?? '',
    resource: labels['resource'] ?? '',
    host: labels['host'] ?? null,
  };
}

async function formattedBy(
  state: PrometheusState,
  expressions: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const answers = await Promise.all(expressions.map(async (expr) => [expr, await state.format(expr)] as const));
  return new Map(answers.flatMap(([expr, text]) => (text === null ? [] : [[expr, text] as const])));
}

async function clockOf(state: PrometheusState): Promise<Pick<PrometheusFacts, 'time' | 'clock_ahead'>> {
  const before = Date.now();
  const time = await state.time();
  if (!time.ok) return { time: null, clock_ahead: null };
  return { time: time.value, clock_ahead: aheadOf(time.value, before, Date.now()) };
}

/** How far another clock is ahead; 0 while its time lies between question and answer. */
export function aheadOf(time: number, before: number, after: number): number {
  return time > after ? time - after : time < before ? time - before : 0;
}

function settingsIn(yaml: string): { readonly external_labels: Labels; readonly relabels_alerts: boolean } {
  const document: unknown = parse(yaml, { logLevel: 'silent' });
  const section = (value: unknown, key: string): unknown => (isObject(value) ? own(value, key) : undefined);
  const labels = section(section(document, 'global'), 'external_labels');
  const relabelling = section(section(document, 'alerting'), 'alert_relabel_configs');
  return {
    external_labels: isObject(labels) ? Object.fromEntries(Object.entries(labels).map(([k, v]) => [k, String(v)])) : {},
    relabels_alerts: Array.isArray(relabelling) && relabelling.length > 0,
  };
}

function mapAsked<T, U>(asked: Asked<T>, change: (value: T) => U): Asked<U> {
  return asked.ok ? { ok: true, value: change(asked.value) } : asked;
}
