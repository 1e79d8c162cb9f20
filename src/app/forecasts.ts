import { refit } from '../accuracy/refit.ts';
import type { Config } from '../config/config.ts';
import { keyvOver } from '../ledger/keyv.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Logger } from '../logger.ts';
import { forecastRange } from '../prometheus/range/forecast-range.ts';
import { createMeasure } from '../safety/measure.ts';
import { createForecasts, type Forecasts } from '../sources/forecasts/forecasts.ts';
import { createSourceWatch, type SourceWatch } from '../sources/source-watch.ts';
import type { PredictionSources } from '../sources/sources.ts';

/** Forecasts whose window closed longer ago do not correct new ones, milliseconds. */
export const REFIT_OVER = 180 * 86_400_000;

interface Parts {
  /** The configuration in force. */
  readonly current: () => Config;
  readonly ledger: Ledger;
  readonly logger: Logger;
}

/** The built-in forecaster: over this machine's facts, over Prometheus, with what it knows in the ledger's database. */
export function forecasting(
  config: Config,
  { current, ledger, logger, onChange }: Parts & { readonly onChange: () => void },
): Forecasts {
  return createForecasts({
    config: config.forecast,
    measure: createMeasure({ now: Date.now }),
    range: (task, signal) => forecastRange({ ...task, url: current().prometheus?.url ?? '' }, signal),
    samples: ledger.samples,
    store: ledger.forecasts,
    calibrations: async () => refit(await ledger.scores.since(Date.now() - REFIT_OVER)),
    now: Date.now,
    logger,
    onChange,
  });
}

/** Tells people of sources that cannot be relied on any more. `kick`: a report waits to be delivered. */
export function watchOver(
  sources: PredictionSources,
  { ledger, logger, kick }: Omit<Parts, 'current'> & { readonly kick: () => void },
): SourceWatch {
  return createSourceWatch({
    states: () => sources.states(),
    memory: keyvOver(ledger.values, 'watched'),
    async tell(mark, report) {
      if (await ledger.reportOnce(mark, { channel: 'discord', subject: { kind: 'source', report } })) kick();
    },
    forget: (mark) => ledger.forgetReport(mark),
    now: Date.now,
    logger,
  });
}
