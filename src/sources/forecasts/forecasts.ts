import type { ForecastConfig, LocalResource, PrometheusResource } from '../../config/config.ts';
import { type Calibration, UNCORRECTED } from '../../forecast/calibration.ts';
import type { Logger } from '../../logger.ts';
import type { Forecasted, ForecastPass, Unforecast } from '../../prediction/forecasted.ts';
import type { Prediction } from '../../prediction/prediction.ts';
import type { PredictionFeed } from '../prediction-feed.ts';
import { createSharedTurns } from '../turns.ts';
import { createForecastSource, type ForecastSource, type ForecastStore } from './forecast-source.ts';
import { createLocal, LOCAL_SOURCE, type LocalOptions, type SampleStore } from './local.ts';

export interface ForecastsOptions {
  /** Null: nothing is forecast. */
  readonly config: ForecastConfig | null;
  readonly measure: LocalOptions['measure'];
  /** Forecasts what Prometheus says to an expression. Never rejects. */
  readonly range: (
    task: {
      readonly source: string;
      readonly resource: PrometheusResource;
      readonly lookback: number;
      readonly now: number;
      readonly calibration: Calibration;
    },
    signal: AbortSignal,
  ) => Promise<ForecastPass>;
  readonly samples: SampleStore;
  readonly store: ForecastStore;
  /** How the forecasts of each type are corrected; asked at each pass. */
  readonly calibrations: () => Promise<ReadonlyMap<string, Calibration>>;
  readonly now: () => number;
  readonly logger: Logger;
  /** A pass ended. */
  readonly onChange: () => void;
}

/** The built-in forecaster over the service's own measurements and over Prometheus. No method rejects. */
export interface Forecasts extends PredictionFeed {
  /** What is known from earlier passes. */
  load(): Promise<void>;
  /** Loads, then measures and forecasts by itself, at once and again and again. */
  start(): Promise<void>;
  /** Takes a sample, and makes the passes that are due; all of them with `force`. */
  passOnce(force?: boolean): Promise<void>;
  /** Other settings from now on. */
  configure(config: ForecastConfig | null): Promise<void>;
  /** The forecast that a prediction comes from; null where it is none of ours. */
  of(prediction: Prediction): Forecasted | null;
  all(): readonly Forecasted[];
  none(): readonly Unforecast[];
  /** How the last pass of each source went, by source; those without one in this process are left out. */
  lastPasses(): ReadonlyMap<string, ForecastPass>;
  close(): Promise<void>;
}

export function createForecasts(options: ForecastsOptions): Forecasts {
  const { now, logger, onChange } = options;
  const local = createLocal(options);
  const ending = new AbortController();
  let config = options.config;
  let sources = sourcesOf(config);
  let timers: readonly NodeJS.Timeout[] = [];
  let underWay: Promise<unknown> = Promise.resolve();
  let merged: ReadonlyMap<string, Prediction> | null = null;
  let calibrations: ReadonlyMap<string, Calibration> = new Map();

  function sourcesOf(settings: ForecastConfig | null): readonly ForecastSource[] {
    if (settings === null) return [];
    const { every, lookback, sample_every, resources } = settings;
    const common = { every, store: options.store, onChange: changed, now, logger };
    const own = localOf(settings);
    const asked = resources.filter((resource) => resource.source === 'prometheus');
    return [
      ...(own.length === 0
        ? []
        : [
            createForecastSource({
              ...common,
              source: LOCAL_SOURCE,
              step: sample_every,
              pass: () => local.pass(own, lookback, calibrations),
            }),
          ]),
      ...asked.map((resource) => {
        const source = `forecast:prometheus:${resource.name}`;
        return createForecastSource({
          ...common,
          source,
          step: resource.step,
          pass() {
            const calibration = calibrations.get(resource.prediction_type) ?? UNCORRECTED;
            return options.range({ source, resource, lookback, now: now(), calibration }, ending.signal);
          },
        });
      }),
    ];
  }

  async function sample(): Promise<void> {
    const own = localOf(config);
    if (own.length === 0) return;
    try {
      await local.sample(own);
    } catch (error) {
      logger.warn({ err: error }, 'what was measured on this machine could not be kept');
    }
  }

  /** What cannot be read now leaves the corrections as they are. */
  async function calibrate(): Promise<void> {
    try {
      calibrations = await options.calibrations();
    } catch (error) {
      logger.warn({ err: error }, 'how earlier forecasts did could not be read: forecasts are corrected as before');
    }
  }

  /** One source after the other: a pass over Prometheus takes a core for itself. */
  async function pass(which: readonly ForecastSource[]): Promise<void> {
    for (const source of which) {
      if (ending.signal.aborted) return;
      await source.refresh();
    }
  }

  function changed(): void {
    merged = null;
    onChange();
  }

  const passInTurn = createSharedTurns(async (force) => {
    await sample();
    await calibrate();
    await pass(sources.filter((source) => force || source.isDue()));
  });

  function passes(force: boolean): Promise<void> {
    const work = passInTurn(force);
    underWay = work;
    return work;
  }

  async function load(): Promise<void> {
    await Promise.all(sources.map((source) => source.load()));
    changed();
  }

  function schedule(): void {
    for (const timer of timers) clearInterval(timer);
    timers = [];
    if (config === null || config.resources.length === 0 || ending.signal.aborted) return;
    timers = [
      setInterval(() => void sample(), config.sample_every).unref(),
      setInterval(() => void passes(true), config.every).unref(),
    ];
  }

  return {
    load,
    async start() {
      await load();
      void passes(true);
      schedule();
    },
    passOnce: (force = false) => passes(force),
    async configure(next) {
      if (JSON.stringify(next) === JSON.stringify(config)) return;
      config = next;
      sources = sourcesOf(next);
      await load();
      if (timers.length === 0 && next === null) return;
      schedule();
      void passes(true);
    },

    of: (prediction) => sources.find(({ source }) => source === prediction.source)?.find(prediction) ?? null,
    all: () => sources.flatMap((source) => [...source.made().values()]),
    none: () => sources.flatMap((source) => source.none()),
    lastPasses: () =>
      new Map(
        sources.flatMap((source) => {
          const last = source.lastPass();
          return last === null ? [] : [[source.source, last] as const];
        }),
      ),

    predictions() {
      merged ??= mergedOf(sources);
      return merged;
    },
    states: () => sources,
    async close() {
      ending.abort();
      for (const timer of timers) clearInterval(timer);
      await underWay.catch(() => {});
    },
  };
}

function localOf(config: ForecastConfig | null): readonly LocalResource[] {
  return config?.resources.filter((resource) => resource.source === 'local') ?? [];
}

/** Of two sources that speak of the same, the one with the newer samples counts. */
function mergedOf(sources: readonly ForecastSource[]): ReadonlyMap<string, Prediction> {
  const merged = new Map<string, Prediction>();
  for (const source of sources) {
    for (const [key, { prediction }] of source.made()) {
      const known = merged.get(key);
      if (known === undefined || prediction.observed_at > known.observed_at) merged.set(key, prediction);
    }
  }
  return merged;
}
