import type { Config } from '../config/config.ts';
import { keyvOver } from '../ledger/keyv.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Logger } from '../logger.ts';
import { findMapping } from '../mapping/match.ts';
import { historyOver } from '../sources/history.ts';
import { postedStore } from '../sources/posted.ts';
import type { PredictionFeed } from '../sources/prediction-feed.ts';
import { createPredictionSources, type PredictionSources } from '../sources/sources.ts';

/** The predictions that are known: from files and `feeds`, and by hand over the ledger's database. `current`: the configuration in force. */
export function predictionSources(
  config: Config,
  {
    current,
    ledger,
    logger,
    feeds = [],
  }: { current: () => Config; ledger: Ledger; logger: Logger; feeds?: readonly PredictionFeed[] },
): PredictionSources {
  return createPredictionSources({
    files: config.predictions.files,
    staleAfter: config.predictions.stale_after,
    feeds,
    posted: postedStore(keyvOver(ledger.values, 'posted')),
    history: historyOver(keyvOver(ledger.values, 'seen')),
    remembers: (target) => (findMapping(current().mapping, target)?.conditions.min_consecutive ?? 1) > 1,
    now: Date.now,
    logger,
  });
}
