import { setImmediate } from 'node:timers/promises';
import type { ForecastConfig, LocalResource } from '../../config/config.ts';
import { type Calibration, UNCORRECTED } from '../../forecast/calibration.ts';
import { type Forecasted, type ForecastPass, MOST_TOLD, type Unforecast } from '../../prediction/forecasted.ts';
import { targetKey } from '../../prediction/prediction.ts';

/** The source of predictions that rest on the service's own measurements. */
export const LOCAL_SOURCE = 'forecast:local';

export interface SampleStore {
  add(samples: readonly { readonly series: string; readonly at: number; readonly value: number }[]): Promise<number>;
  since(series: string, from: number): Promise<readonly (readonly [at: number, value: number])[]>;
}

export interface LocalOptions {
  /** Share of something that is in use, 0 to 1; rejects where it cannot be had. */
  readonly measure: (what: LocalResource['measure'], path: string) => Promise<number>;
  readonly samples: SampleStore;
  readonly now: () => number;
}

/** Measures this machine, and forecasts from what was measured. */
export interface Local {
  /** Takes one sample of each resource into the store; rejects where the store cannot be written. */
  sample(resources: readonly LocalResource[]): Promise<void>;
  pass(
    resources: readonly LocalResource[],
    lookback: ForecastConfig['lookback'],
    calibrations: ReadonlyMap<string, Calibration>,
  ): Promise<ForecastPass>;
}

export function createLocal({ measure, samples, now }: LocalOptions): Local {
  /** Why the last measurement failed. */
  const failures = new Map<string, string>();

  async function measured(resource: LocalResource) {
    const series = seriesOf(resource);
    try {
      const value = await measure(resource.measure, resource.resource);
      failures.delete(series);
      return [{ series, at: now(), value }];
    } catch (error) {
      failures.set(series, error instanceof Error ? error.message : String(error));
      return [];
    }
  }

  return {
    async sample(resources) {
      const distinct = [...new Map(resources.map((resource) => [seriesOf(resource), resource])).values()];
      await samples.add((await Promise.all(distinct.map(measured))).flat());
    },

    async pass(resources, lookback, calibrations) {
      const made: Forecasted[] = [];
      const none: Unforecast[] = [];
      const problems: string[] = [];
      const seen = new Set<string>();
      const at = now();
      // Its model is the largest thing there is here, and most services are told their forecasts.
      const { forecastSeries } = await import('../../prediction/forecast-series.ts');
      for (const resource of resources) {
        const { prediction_type, host, critical } = resource;
        const target = { prediction_type, resource: resource.resource, host };
        const failure = failures.get(seriesOf(resource));
        if (failure !== undefined) problems.push(`${prediction_type} of ${resource.resource}: ${failure}`);
        if (seen.has(targetKey(target))) {
          problems.push(`${prediction_type} of ${resource.resource} is configured twice: the first one counts`);
          continue;
        }
        seen.add(targetKey(target));
        const past = await samples.since(seriesOf(resource), at - lookback);
        const series = past.map(([when, value]) => [when / 1000, value] as const);
        const calibration = calibrations.get(prediction_type) ?? UNCORRECTED;
        const outcome = forecastSeries({ target, source: LOCAL_SOURCE, critical, samples: series }, at, calibration);
        if (outcome.kind === 'forecast') made.push(outcome);
        else none.push(outcome);
        await setImmediate();
      }
      const nothing = resources.length > 0 && resources.every((resource) => failures.has(seriesOf(resource)));
      return {
        made,
        none,
        problems: problems.slice(0, MOST_TOLD),
        problem_count: problems.length,
        dropped_samples: 0,
        error: nothing ? `nothing could be measured: ${problems[0]}` : null,
      };
    },
  };
}

/** Under what name the samples of a resource are kept. */
export function seriesOf({ measure, resource }: LocalResource): string {
  return `${measure}:${resource}`;
}
