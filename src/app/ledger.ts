import type { Config } from '../config/config.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { nameOf } from '../ledger/postgres/name.ts';
import type { Logger } from '../logger.ts';

/** The store in words, without anything secret. */
export function storeName({ store }: Config): string {
  return store.engine === 'sqlite' ? `sqlite:${store.path}` : nameOf(store);
}

/** Opens the store that the configuration names, and loads no other engine. Throws `LedgerUnusable` or `LedgerUnavailable`. */
export async function openLedger(config: Config, logger: Logger): Promise<Ledger> {
  const open = await ledgerOpener(config, logger);
  return await open();
}

/** The same in two steps: what opens the store is loaded when it resolves, and has its thread started when it was called. */
export async function ledgerOpener({ store }: Config, logger: Logger): Promise<() => Promise<Ledger>> {
  const now = Date.now;
  if (store.engine === 'sqlite') {
    const { openSqliteLedger } = await import('../ledger/sqlite/open.ts');
    return () => openSqliteLedger({ path: store.path, now, logger });
  }
  const { openPostgresLedger } = await import('../ledger/postgres/open.ts');
  return () => openPostgresLedger({ store, now });
}
