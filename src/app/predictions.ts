import type { Config } from '../config/config.ts';
import { keyvOver } from '../ledger/keyv.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Logger } from '../logger.ts';
import { findMapping } from '../mapping/match.ts';
import { historyOver } from '../sources/history.ts';
import { postedStore } from '../sources/posted.ts';
import { createPredictionSources, type PredictionSources } from '../sources/sources.ts';

/** The predictions that are known: from files, and by hand over the ledger's database. `current`: the configuration in force. */
export function predictionSources(
  config: Config,
  { current, ledger, logger }: { current: () => Config; ledger: Ledger; logger: Logger },
): PredictionSources {
  return createPredictionSources({
    files: config.predictions.files,
    staleAfter: config.predictions.stale_after,
    posted: postedStore(keyvOver(ledger.values, 'posted')),
    history: historyOver(keyvOver(ledger.values, 'seen')),
    remembers: (target) => (findMapping(current().mapping, target)?.conditions.min_consecutive ?? 1) > 1,
    now: Date.now,
    logger,
  });
}
