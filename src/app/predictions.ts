import type { Config } from '../config/config.ts';
import { keyvOver } from '../ledger/keyv.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Logger } from '../logger.ts';
import { postedStore } from '../sources/posted.ts';
import { createPredictionSources, type PredictionSources } from '../sources/sources.ts';

/** The predictions that are known: from files, and by hand over the ledger's database. */
export function predictionSources(config: Config, ledger: Ledger, logger: Logger): PredictionSources {
  return createPredictionSources({
    files: config.predictions.files,
    staleAfter: config.predictions.stale_after,
    posted: postedStore(keyvOver(ledger.values, 'posted')),
    now: Date.now,
    logger,
  });
}
