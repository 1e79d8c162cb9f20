/** The thread that asks Prometheus for a past, and forecasts and judges at each cut of it. */
import { parentPort, workerData } from 'node:worker_threads';
import { cutsOf, forecastAt, type PastForecast, type PastSpan } from '../../accuracy/past.ts';
import type { Sample } from '../../forecast/series.ts';
import { MOST_TOLD } from '../../prediction/forecasted.ts';
import { type CollectedSeries, collect, type RangeTask } from './collect.ts';

export interface BacktestTask extends Pick<RangeTask, 'url' | 'resource'> {
  readonly span: PastSpan;
  /** Only series of this resource; null: all. */
  readonly only: string | null;
  /** So many series at most; of more, as many spread over all. */
  readonly maxSeries: number;
}

export interface BacktestEnd {
  /** Series that were forecast, and that there are. */
  readonly taken: number;
  readonly series: number;
  /** The oldest sample, epoch milliseconds; null without any. */
  readonly oldest: number | null;
  readonly problems: readonly string[];
  readonly problem_count: number;
  /** Why there is nothing of it. */
  readonly error: string | null;
}

/** What came of each series, then how it went. */
export type FromBacktest =
  | { readonly kind: 'series'; readonly forecasts: readonly PastForecast[] }
  | { readonly kind: 'end'; readonly end: BacktestEnd };

const port = parentPort!;
const say = (message: FromBacktest) => port.postMessage(message);

async function work({ url, resource, span, only, maxSeries }: BacktestTask): Promise<BacktestEnd> {
  const lookback = span.until - span.from + span.lookback;
  const { series, problems } = await collect({ url, resource, lookback, now: span.until });
  const wanted = series.filter(({ target }) => only === null || target.resource === only);
  const taken = spread(wanted, maxSeries);
  let oldest = Number.POSITIVE_INFINITY;
  for (const one of taken) {
    const samples = samplesOf(one);
    oldest = Math.min(oldest, samples[0]?.[0] ?? oldest);
    say({
      kind: 'series',
      forecasts: [...cutsOf(span)].map((cut) => forecastAt(samples, resource.critical, cut, span)),
    });
  }
  return {
    taken: taken.length,
    series: wanted.length,
    oldest: Number.isFinite(oldest) ? oldest * 1000 : null,
    problems: problems.slice(0, MOST_TOLD),
    problem_count: problems.length,
    error: null,
  };
}

function spread<T>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, i) => all[Math.floor((i * all.length) / most)]!);
}

function samplesOf({ parts }: CollectedSeries): readonly Sample[] {
  return parts.flatMap(({ times, values }) => Array.from(times, (time, i) => [time, values[i]!] as const));
}

const NOTHING = { taken: 0, series: 0, oldest: null, problems: [], problem_count: 0 };

const end = await work(workerData as BacktestTask).catch((error: unknown) => ({
  ...NOTHING,
  error: error instanceof Error ? error.message : String(error),
}));
say({ kind: 'end', end });
port.close();
