import type { Logger } from '../../logger.ts';
import type { Forecasted, ForecastPass, Unforecast } from '../../prediction/forecasted.ts';
import { type Prediction, type Target, targetKey } from '../../prediction/prediction.ts';
import type { SourceState } from '../prediction-feed.ts';
import type { SourceHealth } from '../source-health.ts';
import { reviveForecasted } from './stored-forecast.ts';

export interface ForecastStore {
  replace(
    source: string,
    at: number,
    entries: readonly { readonly target: string; readonly body: string }[],
  ): Promise<void>;
  of(source: string): Promise<readonly { readonly at: number; readonly target: string; readonly body: string }[]>;
}

export interface ForecastSourceOptions {
  readonly source: string;
  /** Milliseconds between two passes. */
  readonly every: number;
  /** Milliseconds between two samples that a pass sees. */
  readonly step: number;
  /** Never rejects but for the store of samples. */
  readonly pass: () => Promise<ForecastPass>;
  readonly store: ForecastStore;
  /** It says something else now. */
  readonly onChange: () => void;
  readonly now: () => number;
  readonly logger: Logger;
}

/** One source of forecasts and what its last pass made; a pass that fails leaves what was known to grow stale. */
export interface ForecastSource extends SourceState {
  readonly source: string;
  /** What the store knows of earlier passes. Never rejects. */
  load(): Promise<void>;
  /** Never rejects. */
  refresh(): Promise<void>;
  /** Whether the last pass that is known is older than the interval. */
  isDue(): boolean;
  made(): ReadonlyMap<string, Forecasted>;
  none(): readonly Unforecast[];
  find(target: Target): Forecasted | null;
  /** Of the last pass; null before the first one of this process. */
  lastPass(): ForecastPass | null;
}

/** So many intervals without a pass, or without a newer sample, are silence: it is told before the third has passed. */
const PATIENCE = 2.5;

export function createForecastSource(options: ForecastSourceOptions): ForecastSource {
  const { source, every, step, store, now, logger } = options;
  const begun = now();
  let made: ReadonlyMap<string, Forecasted> = new Map();
  let last: ForecastPass | null = null;
  let health: SourceHealth = {
    source,
    up: false,
    last_success: null,
    dated_at: null,
    problem: 'has not been forecast yet',
    problems: 0,
  };

  function becomes(next: Pick<SourceHealth, 'up' | 'last_success' | 'problem' | 'problems'>): void {
    const changed = next.up !== health.up || next.problem !== health.problem;
    health = { ...health, ...next, dated_at: newest(made) };
    if (!changed) return;
    const fields = { source, problem: next.problem };
    if (!next.up) logger.warn(fields, `forecasts are not to be had: ${source}: ${next.problem}`);
    else if (next.problem !== null) logger.warn(fields, `forecasts have problems: ${source}: ${next.problem}`);
    else logger.info(fields, `forecasts are made: ${source}: ${made.size}`);
  }

  return {
    source,
    quiet_after: PATIENCE * Math.max(every, step),
    async load() {
      try {
        const rows = await store.of(source);
        const known = rows.flatMap(({ body }) => reviveForecasted(body) ?? []);
        if (known.length === 0) return;
        made = byTarget(known);
        health = { ...health, up: true, last_success: rows[0]?.at ?? null, problem: null, dated_at: newest(made) };
      } catch (error) {
        logger.warn({ err: error, source }, 'earlier forecasts could not be read: they are made anew');
      }
    },

    async refresh() {
      const at = now();
      try {
        last = await options.pass();
      } catch (error) {
        last = { ...NOTHING, error: error instanceof Error ? error.message : String(error) };
      }
      if (last.error !== null) return becomes({ ...health, up: false, problem: last.error, problems: 1 });
      made = byTarget(last.made);
      // Before it says that it is up: nobody shall see it without what it says.
      options.onChange();
      becomes({
        up: true,
        last_success: at,
        problem: last.problems[0] ?? null,
        problems: last.problem_count + last.none.length,
      });
      try {
        const entries = [...made].map(([target, forecasted]) => ({ target, body: JSON.stringify(forecasted) }));
        await store.replace(source, at, entries);
      } catch (error) {
        logger.warn({ err: error, source }, 'forecasts could not be kept: a restart makes them anew');
      }
    },

    isDue() {
      const since = now() - (health.last_success ?? -Infinity);
      // A pass that lies ahead was made by a clock that has been put back since.
      return !(since >= 0 && since < every);
    },
    made: () => made,
    predictions: () => new Map([...made].map(([key, { prediction }]): [string, Prediction] => [key, prediction])),
    none: () => last?.none ?? [],
    find: (target) => made.get(targetKey(target)) ?? null,
    lastPass: () => last,

    health() {
      const silence = now() - (health.last_success ?? begun);
      if (!health.up || silence <= PATIENCE * every) return health;
      const hours = Math.round(silence / 360_000) / 10;
      return { ...health, up: false, problem: `has not been forecast for ${hours} hours` };
    },
  };
}

const NOTHING = { made: [], none: [], problems: [], problem_count: 0, dropped_samples: 0 };

function byTarget(all: readonly Forecasted[]): ReadonlyMap<string, Forecasted> {
  return new Map(all.map((forecasted) => [targetKey(forecasted.prediction), forecasted]));
}

function newest(made: ReadonlyMap<string, Forecasted>): number | null {
  let at: number | null = null;
  for (const { prediction } of made.values()) at = Math.max(at ?? prediction.observed_at, prediction.observed_at);
  return at;
}
