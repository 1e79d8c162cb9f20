import { existsSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import type { Logger } from '../logger.ts';
import { type Replayed, replay } from '../replay/replay.ts';
import { openLedger } from './ledger.ts';
import { localTimeZone } from './time-zone.ts';

/**
 * Decides again on what the ledger holds since an instant (epoch milliseconds), under the mapping of `config`. Nothing runs,
 * nothing is recorded. Null where there is no ledger yet; none is made.
 */
export async function replayPast(config: Config, since: number, logger: Logger): Promise<Replayed | null> {
  if (config.store.engine === 'sqlite' && !existsSync(config.store.path)) return null;
  const ledger = await openLedger(config, logger);
  try {
    return await replay(ledger.past, { since, mapping: config.mapping, localZone: localTimeZone() });
  } finally {
    await ledger.close();
  }
}
