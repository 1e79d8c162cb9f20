/** Opens a ledger: `unwritable.ts PATH`. Prints `opened`, or name and message of the error. */
import { openSqliteLedger } from '../../../src/ledger/sqlite/open.ts';

const path = process.argv[2]!;
try {
  const ledger = await openSqliteLedger({ path, now: Date.now });
  console.log('opened');
  await ledger.close();
} catch (error) {
  console.log((error as Error).name, (error as Error).message);
}
