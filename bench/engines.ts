import { join } from 'node:path';
import { readStore, resolveStore } from '../src/config/store.ts';
import type { Ledger } from '../src/ledger/ledger.ts';
import { openPostgresLedger } from '../src/ledger/postgres/open.ts';
import { openSqliteLedger } from '../src/ledger/sqlite/open.ts';
import type { Bench } from './bench.ts';
import { isOnDisk, makeFolder } from './home.ts';
import { fillLedger, tableBytes } from './ledger-file.ts';
import { approvedInput, changedColumns, mappingTo, type Past, runOne } from './past.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';

/** A database engine, with stores that are gone when the bench ends. */
export interface Engine {
  readonly name: string;
  /** A store that holds nothing yet, as `store` of the configuration names it. */
  create(): string;
  /** Executions and decisions that ended, one of each. */
  fill(store: string, past: Past): Promise<void>;
  /** Bytes of a table with its indexes. */
  bytes(store: string, table: 'executions' | 'decisions'): number;
  stop(): Promise<void>;
}

/** Both engines; the bench says so where PostgreSQL is not installed. */
export async function startEngines(bench: Bench): Promise<readonly Engine[]> {
  const engines: Engine[] = [sqlite(bench)];
  const server = await startPostgres();
  if (server === null) bench.note('SKIPPED: PostgreSQL is not installed (Debian: apt-get install postgresql)');
  else engines.push(postgres(server));
  return engines;
}

export async function openStore(store: string): Promise<Ledger> {
  const written = readStore(store);
  if ('problem' in written) throw new Error(written.problem);
  const resolved = resolveStore(written, null, (path) => path);
  const now = Date.now;
  if (resolved.engine === 'sqlite') return await openSqliteLedger({ path: resolved.path, now });
  return await openPostgresLedger({ store: resolved, now });
}

function sqlite(bench: Bench): Engine {
  const folder = makeFolder();
  if (!isOnDisk(folder)) bench.note('the ledger lies in memory, commits cost nothing: set TMPDIR to a real disk');
  let stores = 0;
  const pathOf = (store: string) => store.slice('sqlite:'.length);
  return {
    name: 'SQLite',
    create: () => `sqlite:${join(folder, `${++stores}.db`)}`,
    fill: (store, past) => fillLedger(pathOf(store), past),
    bytes: (store, table) => tableBytes(pathOf(store), table),
    stop: async () => {},
  };
}

function postgres(server: PostgresServer): Engine {
  return {
    name: `PostgreSQL ${server.version}`,
    create: () => server.database(),
    async fill(store, past) {
      const ledger = await openStore(store);
      try {
        await runOne(ledger, approvedInput(mappingTo(past.playbook), Date.now()));
      } finally {
        await ledger.close();
      }
      const dialect = { seq: 'i + 1', padded: lpad };
      for (const [table, changed] of Object.entries(changedColumns(past, dialect))) {
        const columns = server
          .sql(
            store,
            `SELECT column_name FROM information_schema.columns
             WHERE table_schema = 'forestall' AND table_name = '${table}' ORDER BY ordinal_position`,
          )
          .split('\n');
        const values = columns.map((name) => changed[name] ?? name);
        // A million rows are sorted into an index faster than they are added to it one by one.
        const indexes = server
          .sql(
            store,
            `SELECT indexname || ' ' || indexdef FROM pg_indexes WHERE schemaname = 'forestall' AND tablename = '${table}'
               AND NOT EXISTS (SELECT FROM pg_constraint WHERE conname = indexname)`,
          )
          .split('\n');
        server.sql(
          store,
          `SET search_path TO forestall;
           SET maintenance_work_mem TO '256MB';
           ${indexes.map((index) => `DROP INDEX ${index.split(' ')[0]};`).join('')}
           INSERT INTO ${table} (${columns.join(', ')})
           SELECT ${values.join(', ')} FROM generate_series(1::bigint, ${past.executions}) AS i,
             (SELECT * FROM ${table} ORDER BY seq LIMIT 1) AS first ORDER BY i;
           DELETE FROM ${table} WHERE seq = 1;
           ${indexes.map((index) => `${index.slice(index.indexOf(' ') + 1)};`).join('')}
           SELECT setval(pg_get_serial_sequence('${table}', 'seq'), ${past.executions + 1})`,
        );
      }
      // What the server's own cleaner does within a minute of quiet.
      server.sql(store, 'VACUUM ANALYZE');
      server.sql(store, 'CHECKPOINT');
    },
    bytes: (store, table) => Number(server.sql(store, `SELECT pg_total_relation_size('forestall.${table}')`)),
    stop: () => server.stop(),
  };
}

const lpad = (text: string): string => `lpad(${text}::text, 26, '0')`;
