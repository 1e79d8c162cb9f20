import { DatabaseSync } from 'node:sqlite';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { CHAIN_TABLES as POSTGRES_CHAIN } from '../../src/ledger/postgres/chain.ts';
import { openPostgresVerify } from '../../src/ledger/postgres/chain-reads.ts';
import { MIGRATIONS as POSTGRES } from '../../src/ledger/postgres/migrations.ts';
import { CHAIN_TABLES as CHAIN } from '../../src/ledger/sqlite/chain.ts';
import { openSqliteVerify } from '../../src/ledger/sqlite/chain-reads.ts';
import { MIGRATIONS as SQLITE } from '../../src/ledger/sqlite/migrations.ts';
import { type Verified, type VerifyOptions, verifyChain } from '../../src/ledger/verify-chain.ts';
import type { PostgresServer } from '../support/postgres.ts';
import type { TestStore } from './contract.ts';
import { postgresStore } from './postgres-store.ts';
import { sqliteStore } from './sqlite-store.ts';

/** A store whose rows can be changed behind the ledger's back, and held against its chain. */
export interface ChainTestStore extends TestStore {
  open(options?: { readonly now?: () => number }): Promise<Ledger>;
  /** Statements without an answer, as an outsider would write them. */
  outside(text: string): void;
  /** The columns of a table: name, and whether it holds text. */
  columns(table: string): readonly { readonly name: string; readonly text: boolean }[];
  /** One value. */
  ask(text: string): string;
  verify(options?: Partial<VerifyOptions>): Promise<Verified>;
  /** As a version left it that knew no chain. */
  withoutChain(): void;
}

const ANY: VerifyOptions = { head: null, key: null };

export function sqliteChainStore(): ChainTestStore {
  const store = sqliteStore();
  const outside = <T>(use: (db: DatabaseSync) => T): T => {
    const db = new DatabaseSync(store.path, { timeout: 5_000 });
    try {
      return use(db);
    } finally {
      db.close();
    }
  };
  return {
    open: store.open,
    outside: (text) => outside((db) => db.exec(text)),
    withoutChain: () =>
      outside((db) =>
        db.exec(`DROP TABLE chain; DROP TABLE checkpoints; PRAGMA user_version = ${SQLITE.indexOf(CHAIN)}`),
      ),
    columns: (table) =>
      outside((db) =>
        db
          .prepare(`SELECT name, type FROM pragma_table_info('${table}')`)
          .all()
          .map(({ name, type }) => ({ name: String(name), text: type === 'TEXT' })),
      ),
    ask: (text) => outside((db) => String(Object.values(db.prepare(text).get() ?? {})[0])),
    async verify(options = {}) {
      const reads = openSqliteVerify(store.path);
      try {
        return await verifyChain(reads, { ...ANY, ...options });
      } finally {
        reads.close();
      }
    },
  };
}

export function postgresChainStore(server: PostgresServer): ChainTestStore {
  const store = postgresStore(server);
  const sql = (text: string) => server.sql(store.database, `SET search_path TO forestall; ${text}`);
  const answer = (text: string) =>
    sql(text)
      .split('\n')
      .filter((line) => line !== '' && line !== 'SET');
  return {
    open: store.open,
    outside: (text) => void sql(text),
    withoutChain: () =>
      void sql(
        `DROP TABLE chain; DROP TABLE checkpoints; UPDATE store SET schema = ${POSTGRES.indexOf(POSTGRES_CHAIN)}`,
      ),
    columns: (table) =>
      answer(
        `SELECT column_name || ' ' || (data_type = 'text')::int FROM information_schema.columns
         WHERE table_schema = 'forestall' AND table_name = '${table}'`,
      ).map((line) => ({ name: line.split(' ')[0]!, text: line.endsWith(' 1') })),
    ask: (text) => answer(text)[0] ?? 'undefined',
    async verify(options = {}) {
      const reads = await openPostgresVerify(server.store(store.database));
      try {
        return await verifyChain(reads, { ...ANY, ...options });
      } finally {
        reads.close();
      }
    },
  };
}
