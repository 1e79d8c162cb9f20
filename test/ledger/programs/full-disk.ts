/**
 * Fills the disk under a ledger and makes room again: `full-disk.ts FOLDER`. Prints one word a step; exits 1 with the
 * reason when something else happens.
 */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openSqliteLedger } from '../../../src/ledger/sqlite/open.ts';

const folder = process.argv[2]!;
const ledger = await openSqliteLedger({ path: join(folder, 'forestall.db'), now: Date.now });
await ledger.values.set('before', 'kept', null);

const ballast = join(folder, 'ballast');
const file = openSync(ballast, 'w');
try {
  for (;;) writeSync(file, Buffer.alloc(4096));
} catch {
  closeSync(file);
}

const big = 'x'.repeat(200_000);
const writes = await Promise.allSettled([ledger.values.set('big', big, null), ledger.values.set('small', 'x', null)]);
for (const write of writes) {
  if (write.status === 'fulfilled') continue;
  if (write.reason.name !== 'LedgerUnavailable') throw write.reason;
  console.log('unavailable');
}
console.log(await ledger.values.get('before'));

rmSync(ballast);
await ledger.values.set('after', 'recovered', null);
console.log(await ledger.values.get('after'), await ledger.values.get('big'));
await ledger.close();
