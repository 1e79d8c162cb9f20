/**
 * The thread that asks Prometheus for series and forecasts them: ten thousand of them take most of a minute, which the
 * service spends answering.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { Calibration } from '../../forecast/calibration.ts';
import { forecastSeries } from '../../prediction/forecast-series.ts';
import { type Forecasted, type ForecastPass, MOST_TOLD, type Unforecast } from '../../prediction/forecasted.ts';
import { type CollectedSeries, collect, type RangeTask } from './collect.ts';

export interface ThreadTask extends RangeTask {
  readonly source: string;
  readonly calibration: Calibration;
}

/** Outcomes in pieces, then how the pass went. */
export type FromThread =
  | { readonly kind: 'outcomes'; readonly outcomes: readonly (Forecasted | Unforecast)[] }
  | { readonly kind: 'end'; readonly pass: Omit<ForecastPass, 'made' | 'none'> };

/** So many outcomes go in one message: each is some milliseconds of work here, and a moment of the service's own thread. */
const IN_MESSAGE = 200;
/** What is older is of no use to a forecast. */
const LONGEST_LOOKBACK = 60 * 86_400_000;

const port = parentPort!;
const say = (message: FromThread) => port.postMessage(message);

async function work(task: ThreadTask): Promise<void> {
  const end = { problems: [], problem_count: 0, dropped_samples: 0, error: null };
  try {
    const { series, problems } = await collect({ ...task, lookback: Math.min(task.lookback, LONGEST_LOOKBACK) });
    for (let from = 0; from < series.length; from += IN_MESSAGE) {
      const outcomes = series.slice(from, from + IN_MESSAGE).map((one) => forecastOf(one, task));
      say({ kind: 'outcomes', outcomes });
    }
    const dropped_samples = series.flatMap(({ parts }) => parts).reduce((sum, { dropped }) => sum + dropped, 0);
    const told = problems.slice(0, MOST_TOLD);
    say({ kind: 'end', pass: { ...end, problems: told, problem_count: problems.length, dropped_samples } });
  } catch (error) {
    say({ kind: 'end', pass: { ...end, error: error instanceof Error ? error.message : String(error) } });
  }
}

function forecastOf(
  { target, parts }: CollectedSeries,
  { source, resource, now, calibration }: ThreadTask,
): Forecasted | Unforecast {
  const samples: (readonly [number, number])[] = [];
  for (const { times, values } of parts) {
    for (let i = 0; i < times.length; i += 1) samples.push([times[i]!, values[i]!]);
  }
  return forecastSeries({ target, source, critical: resource.critical, samples }, now, calibration);
}

await work(workerData as ThreadTask);
port.close();
