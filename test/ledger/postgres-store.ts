import { afterEach } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openPostgresLedger, type PostgresLedgerOptions } from '../../src/ledger/postgres/open.ts';
import { NOW } from '../support/decision.ts';
import type { PostgresServer } from '../support/postgres.ts';
import type { TestStore } from './contract.ts';

const open = new Set<Ledger>();

afterEach(async () => {
  await Promise.all([...open].map((ledger) => ledger.close()));
  open.clear();
});

export interface PostgresTestStore extends TestStore {
  readonly database: string;
  open(options?: Partial<PostgresLedgerOptions>): Promise<Ledger>;
}

/** A database that is empty. */
export function postgresStore(server: PostgresServer, database = server.database()): PostgresTestStore {
  return {
    database,
    async open(options = {}) {
      const ledger = await openPostgresLedger({ store: server.store(database), now: () => NOW, ...options });
      open.add(ledger);
      return ledger;
    },
  };
}
