import type { PrometheusResource } from '../../config/config.ts';
import type { Target } from '../../prediction/prediction.ts';
import { createJsonClient, oneLine, UpstreamError } from '../http.ts';
import { type CompactSeries, compact } from './hours.ts';
import { queryRange, type RangeSeries } from './query-range.ts';
import { slicesOf } from './slices.ts';

/** What is asked of Prometheus for one resource. */
export interface RangeTask {
  /** Base URL of Prometheus. */
  readonly url: string;
  readonly resource: PrometheusResource;
  /** Milliseconds. */
  readonly lookback: number;
  /** Epoch milliseconds. */
  readonly now: number;
}

export interface CollectedSeries {
  readonly target: Target;
  /** One for each request that it was in, oldest first. */
  readonly parts: readonly CompactSeries[];
}

export interface Collected {
  readonly series: readonly CollectedSeries[];
  /** A sentence for each series that cannot be used, and each warning. */
  readonly problems: readonly string[];
}

const TIMEOUT = 120_000;
/** So many hours of all series together are kept: 192 MB. */
const MOST_SAMPLES = 16_000_000;

interface Found {
  readonly target: Target | null;
  readonly parts: CompactSeries[];
}

/**
 * All series of an expression over the look-back, in as many requests as Prometheus's limit of points asks for. What is
 * wrong with one series leaves the others alone. Rejects with `UpstreamError` where a request fails: half of the past is
 * another past.
 */
export async function collect({ url, resource, lookback, now }: RangeTask): Promise<Collected> {
  const client = createJsonClient({ server: 'Prometheus', url, maxBytes: 0 });
  const step = resource.step / 1000;
  const end = Math.floor(now / 1000);
  const found = new Map<string, Found>();
  const taken = new Map<string, string>();
  const problems = new Set<string>();
  let kept = 0;

  function take(series: RangeSeries): boolean {
    const key = nameOf(series.labels);
    let known = found.get(key);
    if (known === undefined) {
      if (found.size >= resource.max_series) {
        const { max_series } = resource;
        problems.add(
          `the expression has more than ${max_series} series, the others are not forecast: narrow it, or raise max_series`,
        );
        return false;
      }
      known = { target: claim(key, series), parts: [] };
      found.set(key, known);
    }
    if (known.target === null) return true;
    const part = compact(series.samples, end);
    kept += part.values.length;
    if (kept > MOST_SAMPLES) {
      throw new UpstreamError(
        `${client.name}: the series have more than ${MOST_SAMPLES} hours together: narrow the query`,
      );
    }
    known.parts.push(part);
    return true;
  }

  /** What the series is about; null where it cannot be told, or another series is about the same. */
  function claim(key: string, { labels }: RangeSeries): Target | null {
    const target = targetOf(resource, labels);
    if (typeof target === 'string') {
      problems.add(`${key}: ${target}`);
      return null;
    }
    const about = JSON.stringify([target.resource, target.host]);
    const other = taken.get(about);
    if (other === undefined) {
      taken.set(about, key);
      return target;
    }
    const { resource: name, host } = target;
    problems.add(
      `${key}: is ${oneLine(name, 100)}${host === null ? '' : ` on ${oneLine(host, 100)}`} like ${other}: aggregate them, or name the labels that tell them apart`,
    );
    return null;
  }

  for (const slice of slicesOf(end, Math.floor(lookback / 1000), step)) {
    const warnings = await queryRange({
      client,
      expr: resource.query,
      slice,
      step,
      timeout: TIMEOUT,
      onSeries: take,
    });
    for (const warning of warnings) problems.add(`${client.name} warns: ${warning}`);
  }
  if (found.size === 0) {
    throw new UpstreamError(`${client.name}: the expression has no series: is the metric exported under this name?`);
  }
  const series = [...found.values()].flatMap(({ target, parts }) => (target === null ? [] : [{ target, parts }]));
  return { series, problems: [...problems] };
}

function targetOf(resource: PrometheusResource, labels: RangeSeries['labels']): Target | string {
  const { prediction_type, resource: from, host_label } = resource;
  const name = 'name' in from ? from.name : (labels[from.label] ?? '');
  if (name === '') return `has no label ${'label' in from ? from.label : ''} that names the resource`;
  const host = labels[host_label] ?? '';
  return { prediction_type, resource: name, host: host === '' ? null : host };
}

/** The series as Prometheus writes it. */
function nameOf({ __name__ = '', ...labels }: RangeSeries['labels']): string {
  const pairs = Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return oneLine(`${__name__}{${pairs.join(', ')}}`, 400);
}
