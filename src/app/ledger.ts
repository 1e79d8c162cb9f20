import type { Config } from '../config/config.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { openSqliteLedger } from '../ledger/sqlite/open.ts';
import type { Logger } from '../logger.ts';

/** Opens the store that the configuration names. Throws `LedgerUnusable` or `LedgerUnavailable`. */
export async function openLedger(config: Config, logger: Logger): Promise<Ledger> {
  return await openSqliteLedger({ path: config.store.path, now: Date.now, logger });
}
