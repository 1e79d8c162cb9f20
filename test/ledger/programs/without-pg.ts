import { registerHooks } from 'node:module';
import { openPostgresLedger } from '../../../src/ledger/postgres/open.ts';
import { openSqliteLedger } from '../../../src/ledger/sqlite/open.ts';

/** A machine on which pg was never installed. Prints what the two engines say. */
registerHooks({
  resolve(specifier, context, next) {
    if (specifier === 'pg')
      throw Object.assign(new Error(`Cannot find package 'pg'`), { code: 'ERR_MODULE_NOT_FOUND' });
    return next(specifier, context);
  },
});
const sqlite = await openSqliteLedger({ path: process.argv[2]!, now: Date.now });
console.log('sqlite', (await sqlite.pauses()).length);
await sqlite.close();
const store = {
  engine: 'postgres',
  host: '127.0.0.1',
  port: 1,
  user: 'u',
  database: 'd',
  password: null,
  tls: null,
  pool_size: 4,
  connect_timeout: 1_000,
  statement_timeout: 1_500,
} as const;
await openPostgresLedger({ store, now: Date.now }).catch((error: Error) => console.log(error.name, error.message));
