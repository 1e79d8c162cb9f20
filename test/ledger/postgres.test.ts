import { beforeAll, describe } from 'vitest';
import { type PostgresServer, startPostgres, withPostgres } from '../support/postgres.ts';
import { ledgerContract } from './contract.ts';
import { postgresStore } from './postgres-store.ts';

describe.skipIf(!withPostgres)('with a server', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  ledgerContract('PostgreSQL', () => postgresStore(server));
});
