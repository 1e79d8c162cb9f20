import { setImmediate } from 'node:timers/promises';
import { type Accuracy, type AccuracyQuestion, accuracyOf } from '../accuracy/accuracy.ts';
import type { Evidence } from '../accuracy/judge.ts';
import { DEFAULT_DEMAND, PROOF_PERIOD } from '../accuracy/proof.ts';
import type { OpenForecast } from '../accuracy/record.ts';
import { BEFORE, readWindow } from '../accuracy/window-evidence.ts';
import type { Config } from '../config/config.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Logger } from '../logger.ts';
import { createScoring, type Scoring, type ScoringOptions } from '../loop/scoring.ts';
import { windowsOf } from '../prometheus/range/windows.ts';
import { LOCAL_SOURCE, seriesOf } from '../sources/forecasts/local.ts';
import { REFIT_OVER } from './forecasts.ts';

/** A Prometheus that did not answer is asked again after this, milliseconds. */
const RETRY = 10 * 60_000;
/** Metrics may be this old, milliseconds. */
const KEPT_FOR = 5 * 60_000;
const FROM_PROMETHEUS = 'forecast:prometheus:';

type Found = Map<number, Exclude<Evidence, 'none'>>;

/** Scoring over the store and the samples that this service's forecasts rest on. */
export function scoring(
  options: Omit<ScoringOptions, 'evidence' | 'now' | 'monotonic'> & { readonly logger: Logger },
): Scoring {
  const { ledger, config, logger } = options;
  const monotonic = () => performance.now();
  const askAgain = new Map<string, number>();

  async function local(forecasts: readonly OpenForecast[], found: Found): Promise<void> {
    const resources = config().forecast?.resources ?? [];
    for (const forecast of forecasts) {
      const { id, prediction_type, resource: name, host, observed_at } = forecast;
      const resource = resources.find(
        (one) =>
          one.source === 'local' &&
          one.prediction_type === prediction_type &&
          one.resource === name &&
          one.host === host,
      );
      if (resource?.source !== 'local') found.set(id, 'later');
      else {
        const samples = await ledger.samples.since(seriesOf(resource), observed_at - BEFORE);
        found.set(id, readWindow(samples, forecast));
      }
      await setImmediate();
    }
  }

  async function asked(source: string, forecasts: readonly OpenForecast[], found: Found, signal: AbortSignal) {
    for (const { id } of forecasts) found.set(id, 'later');
    const { forecast, prometheus } = config();
    const resource = forecast?.resources.find(
      (one) => one.source === 'prometheus' && `${FROM_PROMETHEUS}${one.name}` === source,
    );
    if (resource?.source !== 'prometheus' || prometheus === null) return;
    if (monotonic() < (askAgain.get(source) ?? 0)) return;
    try {
      const windows = await windowsOf({ url: prometheus.url, resource, forecasts }, signal);
      for (const [id, window] of windows) found.set(id, window);
    } catch (error) {
      if (signal.aborted) return;
      askAgain.set(source, monotonic() + RETRY);
      logger.warn({ err: error, source }, 'what became of forecasts could not be asked; trying again in 10 minutes');
    }
  }

  return createScoring({
    ...options,
    now: Date.now,
    monotonic,
    async evidence(forecasts, signal) {
      const found: Found = new Map();
      for (const [source, own] of Map.groupBy(forecasts, (one) => one.source)) {
        if (source === LOCAL_SOURCE) await local(own, found);
        else if (source.startsWith(FROM_PROMETHEUS)) await asked(source, own, found, signal);
      }
      return found;
    },
  });
}

/** The same over the trailing 90 days, for metrics: seldom asked of the store, unless something was judged here. */
export function accuracyNow(config: () => Config, ledger: Ledger) {
  let known: { readonly at: number; readonly answer: Promise<Accuracy> } | null = null;
  const forget = (): void => {
    known = null;
  };
  function now(): Promise<Accuracy> {
    const until = Date.now();
    if (known === null || Math.abs(until - known.at) > KEPT_FOR) {
      const answer = accuracy(config(), ledger, { since: until - PROOF_PERIOD, until });
      known = { at: until, answer };
      answer.catch(forget);
    }
    return known.answer;
  }
  return { now, forget };
}

/** How forecasts did, from what is on record. */
export async function accuracy(config: Config, ledger: Ledger, question: AccuracyQuestion): Promise<Accuracy> {
  const from = Math.min(question.since, question.until - Math.max(PROOF_PERIOD, REFIT_OVER));
  const { min_precision, min_scored } = config.forecast ?? DEFAULT_DEMAND;
  return accuracyOf(await ledger.scores.since(from), question, { min_precision, min_scored });
}
