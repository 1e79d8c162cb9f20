import { beforeAll, describe } from 'vitest';
import { type PostgresServer, startPostgres, withPostgres } from '../support/postgres.ts';
import { postgresChainStore, sqliteChainStore } from './chain-store.ts';
import { chain } from './contract/chain.ts';

describe('the hash chain on SQLite', () => chain(sqliteChainStore));

describe.skipIf(!withPostgres)('the hash chain on PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  chain(() => postgresChainStore(server));
});
