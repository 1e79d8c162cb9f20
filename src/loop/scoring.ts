import { type Evidence, judgeForecast, SETTLED } from '../accuracy/judge.ts';
import { notedForecast } from '../accuracy/note.ts';
import type { ForecastVerdict, Heard, NotedForecast, OpenForecast } from '../accuracy/record.ts';
import type { Config } from '../config/config.ts';
import type { ReadSource } from '../execution/judgement.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Logger } from '../logger.ts';
import { findMapping } from '../mapping/match.ts';
import type { Forecasted } from '../prediction/forecasted.ts';
import { CLOCK_SKEW, isStale, type Prediction, targetKey } from '../prediction/prediction.ts';

/** Writes forecasts down, and judges them once their window is closed. */
export interface Scoring {
  /** In turn with other calls; resolves with the number that was judged here. Never rejects. */
  pass(): Promise<number>;
  close(): Promise<void>;
}

export interface ScoringOptions {
  readonly ledger: Ledger;
  readonly config: () => Config;
  readonly predictions: () => Promise<readonly Prediction[]>;
  /** What a prediction rests on, where it is a forecast of our own. */
  readonly forecastOf: (prediction: Prediction) => Forecasted | null;
  readonly sources: () => readonly ReadSource[];
  /** By id what the samples show; those that are not in it have none. Never rejects. */
  readonly evidence: (
    forecasts: readonly OpenForecast[],
    signal: AbortSignal,
  ) => Promise<ReadonlyMap<number, Exclude<Evidence, 'none'>>>;
  readonly now: () => number;
  /** Milliseconds of a clock that nobody can set. */
  readonly monotonic: () => number;
  readonly logger: Logger;
  /** Forecasts were judged here. */
  readonly onJudged: () => void;
}

const PAGE = 500;
/** A clock that was put further than this between two passes is not believed for a while. */
const JUMP = 5 * 60_000;
const DISBELIEF = 3_600_000;
const OUR_OWN = 'forecast:';
const A_FILE = 'file:';

export function createScoring(options: ScoringOptions): Scoring {
  const { ledger, config, now, monotonic, logger } = options;
  const ending = new AbortController();
  /** By target and by source: what was written down of it last. */
  const noted = new Map<string, number>();
  let clock: { readonly wall: number; readonly steady: number } | null = null;
  let believedFrom = Number.NEGATIVE_INFINITY;
  let underWay: Promise<number> | null = null;

  function isBelieved(): boolean {
    const [wall, steady] = [now(), monotonic()];
    if (clock !== null && Math.abs(wall - clock.wall - (steady - clock.steady)) > JUMP) {
      believedFrom = steady + DISBELIEF;
      logger.warn({}, 'the clock was put forward or back, or stood still: no forecast is judged for an hour');
    }
    clock = { wall, steady };
    return steady >= believedFrom;
  }

  async function note(): Promise<void> {
    const { mapping: actions, predictions } = config();
    const at = now();
    const marks = new Map<string, number>();
    const isNews = (key: string, dated: number): boolean => {
      marks.set(key, dated);
      return noted.get(key) !== dated;
    };
    const forecasts: NotedForecast[] = [];
    const heard: Heard[] = [];
    for (const prediction of await options.predictions()) {
      const { observed_at, source, days_until_critical: days } = prediction;
      const mapping = findMapping(actions, prediction);
      if (mapping === null || isStale(prediction, at, predictions.stale_after)) continue;
      if (!isNews(`${source} ${targetKey(prediction)}`, observed_at)) continue;
      const forecast = notedForecast(prediction, mapping, options.forecastOf(prediction));
      if (forecast !== null) forecasts.push(forecast);
      // Of our own forecasts samples tell the rest.
      if (days === 0 || !source.startsWith(OUR_OWN)) {
        const { prediction_type, resource, host } = prediction;
        const target = { prediction_type, resource, host };
        heard.push({ of: 'target', target, at: observed_at, critical: days === 0 });
      }
    }
    for (const { source, up, problems, dated_at } of options.sources()) {
      // A file leaves out what is in no danger: one that was made anew speaks of all that it could have named.
      if (!source.startsWith(A_FILE) || !up || problems > 0 || dated_at === null || dated_at - at > CLOCK_SKEW)
        continue;
      if (isNews(source, dated_at)) heard.push({ of: 'source', source, at: dated_at });
    }
    if (forecasts.length > 0 || heard.length > 0) await ledger.scores.note(forecasts, heard);
    noted.clear();
    for (const [key, dated] of marks) noted.set(key, dated);
  }

  async function judge(): Promise<number> {
    let judged = 0;
    let page: readonly OpenForecast[] = [];
    do {
      page = await ledger.scores.due(now() - SETTLED, page.at(-1) ?? null, PAGE);
      const evidence = await options.evidence(page, ending.signal);
      const looked = { now: now(), stale_after: config().predictions.stale_after };
      const verdicts = page
        .map((forecast) => judgeForecast(forecast, evidence.get(forecast.id) ?? 'none', looked))
        .filter((verdict): verdict is ForecastVerdict => verdict !== null);
      const recorded = new Set(await ledger.scores.judge(verdicts, looked.now));
      judged += recorded.size;
      const about = new Map(page.map((forecast) => [forecast.id, forecast]));
      for (const { id, fate, message } of verdicts) {
        if (!recorded.has(id)) continue;
        const { prediction_type, resource, host, source, observed_at, days_until_critical } = about.get(id)!;
        const what = { prediction_type, resource, host, source, days_until_critical, fate };
        logger.debug({ ...what, observed_at: new Date(observed_at).toISOString() }, `a forecast is judged: ${message}`);
      }
    } while (page.length === PAGE && !ending.signal.aborted);
    if (judged > 0) {
      logger.info({ judged }, 'forecasts were judged by what happened');
      options.onJudged();
    }
    return judged;
  }

  async function all(): Promise<number> {
    try {
      await note();
      return isBelieved() && !ending.signal.aborted ? await judge() : 0;
    } catch (error) {
      if (!ending.signal.aborted) logger.warn({ err: error }, 'forecasts could not be scored now; trying again');
      return 0;
    }
  }

  return {
    pass() {
      underWay ??= all().finally(() => {
        underWay = null;
      });
      return underWay;
    },
    async close() {
      ending.abort();
      await underWay;
    },
  };
}
