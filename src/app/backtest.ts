import { setImmediate } from 'node:timers/promises';
import { cutsOf, forecastAt, type PastForecast, type PastSpan, spanOf } from '../accuracy/past.ts';
import { type PastScore, scorePast } from '../accuracy/score-past.ts';
import type { Config, LocalResource } from '../config/config.ts';
import type { Logger } from '../logger.ts';
import { backtestRange } from '../prometheus/range/backtest-range.ts';
import type { BacktestEnd } from '../prometheus/range/backtest-thread.ts';
import { LOCAL_SOURCE, type SampleStore, seriesOf } from '../sources/forecasts/local.ts';
import { openLedger } from './ledger.ts';

export interface BacktestQuestion {
  /** Milliseconds. */
  readonly since: number;
  readonly every: number;
  readonly type: string | null;
  readonly resource: string | null;
  /** So many series of an entry at most. */
  readonly maxSeries: number;
  readonly onProgress: (source: string, series: number) => void;
}

/** One entry of `forecast.resources`; those of this machine are one for each prediction type. */
export interface BacktestGroup extends BacktestEnd {
  readonly source: string;
  readonly prediction_type: string;
  readonly score: PastScore;
}

export interface Backtest {
  readonly span: PastSpan;
  readonly groups: readonly BacktestGroup[];
  readonly total: PastScore;
}

interface Tested extends Omit<BacktestGroup, 'score'> {
  readonly forecasts: readonly PastForecast[];
}

/**
 * Makes the forecasts that the configured ones would have been over the past, and judges them. What goes wrong with one
 * entry stands in its group. Asks one after the other, Prometheus in a thread of its own.
 */
export async function backtest(config: Config, question: BacktestQuestion, logger: Logger): Promise<Backtest> {
  const { resources, lookback } = config.forecast!;
  const span = spanOf(Date.now(), question.since, question.every, lookback);
  const asked = resources.filter(({ prediction_type }) => question.type === null || prediction_type === question.type);
  const local = asked.filter((resource) => resource.source === 'local');
  const tested: Tested[] = local.length === 0 ? [] : await overLocal(config, local, span, question, logger);
  for (const resource of asked) {
    if (resource.source !== 'prometheus') continue;
    const source = `forecast:prometheus:${resource.name}`;
    const { resource: only, maxSeries, onProgress } = question;
    let done = 0;
    const task = { url: config.prometheus?.url ?? '', resource, span, only, maxSeries };
    const answer = await backtestRange(task, () => {
      done += 1;
      onProgress(source, done);
    });
    tested.push({ source, prediction_type: resource.prediction_type, ...answer });
  }
  return {
    span,
    groups: tested.map(({ forecasts, ...group }) => ({ ...group, score: scorePast(forecasts) })),
    total: scorePast(tested.flatMap(({ forecasts }) => forecasts)),
  };
}

async function overLocal(
  config: Config,
  resources: readonly LocalResource[],
  span: PastSpan,
  { resource: only, onProgress }: BacktestQuestion,
  logger: Logger,
): Promise<Tested[]> {
  const ledger = await openLedger(config, logger);
  try {
    const tested: Tested[] = [];
    for (const [prediction_type, all] of Map.groupBy(resources, (resource) => resource.prediction_type)) {
      const own = all.filter(({ resource }) => only === null || resource === only);
      const forecasts: PastForecast[] = [];
      let oldest = Number.POSITIVE_INFINITY;
      for (const [at, resource] of own.entries()) {
        const past = await ledger.samples.since(seriesOf(resource), span.from - span.lookback);
        oldest = Math.min(oldest, past[0]?.[0] ?? oldest);
        for (const one of await overSamples(past, resource.critical, span)) forecasts.push(one);
        onProgress(LOCAL_SOURCE, at + 1);
      }
      const count = { taken: own.length, series: own.length, problems: [], problem_count: 0, error: null };
      const reach = Number.isFinite(oldest) ? oldest : null;
      tested.push({ source: LOCAL_SOURCE, prediction_type, ...count, oldest: reach, forecasts });
    }
    return tested;
  } finally {
    await ledger.close();
  }
}

async function overSamples(
  past: Awaited<ReturnType<SampleStore['since']>>,
  critical: number,
  span: PastSpan,
): Promise<readonly PastForecast[]> {
  const samples = past.map(([at, value]) => [at / 1000, value] as const);
  const forecasts: PastForecast[] = [];
  for (const cut of cutsOf(span)) {
    forecasts.push(forecastAt(samples, critical, cut, span));
    await setImmediate();
  }
  return forecasts;
}
