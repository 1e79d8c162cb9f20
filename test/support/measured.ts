import { openSqliteLedger } from '../../src/ledger/sqlite/open.ts';
import { HOUR } from './decision.ts';
import type { Home } from './service.ts';

/** Gives a service that was not started yet a past of hourly samples of `/` that climbs, with a cleanup in its middle. */
export async function measureFor(days: number, { database }: Home): Promise<void> {
  const now = Date.now();
  const ledger = await openSqliteLedger({ path: database, now: () => now });
  const samples = Array.from({ length: days * 24 }, (_, i) => ({
    series: 'bytes:/',
    at: now - (days * 24 - i) * HOUR,
    value: 0.3 + ((i % (days * 12)) / (days * 24)) * 0.5,
  }));
  await ledger.samples.add(samples);
  await ledger.close();
}
