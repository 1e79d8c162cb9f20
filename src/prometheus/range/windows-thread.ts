/** The thread that asks Prometheus what became of the series that were forecast: as long a past as a forecast's. */
import { parentPort, workerData } from 'node:worker_threads';
import type { OpenForecast } from '../../accuracy/record.ts';
import { BEFORE, readWindow, type WindowEvidence } from '../../accuracy/window-evidence.ts';
import type { PrometheusResource } from '../../config/config.ts';
import { targetKey } from '../../prediction/prediction.ts';
import { collect } from './collect.ts';

export interface WindowsTask {
  readonly url: string;
  readonly resource: PrometheusResource;
  readonly forecasts: readonly OpenForecast[];
}

export type FromWindowsThread =
  | { readonly kind: 'windows'; readonly windows: readonly (readonly [id: number, evidence: WindowEvidence])[] }
  | { readonly kind: 'failed'; readonly error: string };

const HOUR = 3_600_000;

async function work({ url, resource, forecasts }: WindowsTask): Promise<FromWindowsThread> {
  const begin = Math.min(...forecasts.map(({ observed_at }) => observed_at)) - BEFORE;
  const end = Math.max(...forecasts.map(({ closes_at }) => closes_at));
  // Whether three hours in a row were critical shows in hours only, however seldom the forecaster looks.
  const hourly = { ...resource, step: Math.min(resource.step, HOUR) };
  const { series } = await collect({ url, resource: hourly, lookback: end - begin, now: end });
  const found = new Map(series.map(({ target, parts }) => [targetKey(target), parts]));
  return {
    kind: 'windows',
    windows: forecasts.map((forecast) => {
      const parts = found.get(targetKey(forecast)) ?? [];
      const samples = parts.flatMap(({ times, values }) =>
        Array.from(times, (time, at) => [time * 1000, values[at]!] as const),
      );
      return [forecast.id, readWindow(samples, forecast)] as const;
    }),
  };
}

const port = parentPort!;
port.postMessage(
  await work(workerData as WindowsTask).catch((error: unknown): FromWindowsThread => {
    return { kind: 'failed', error: error instanceof Error ? error.message : String(error) };
  }),
);
port.close();
