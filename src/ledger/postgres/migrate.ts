import { LedgerUnavailable, LedgerUnusable } from '../ledger.ts';
import { CHAIN_TABLES, seedChain } from './chain.ts';
import type { Connection } from './connection.ts';
import { MIGRATIONS, SCHEMA_VERSION } from './migrations.ts';
import type { Query } from './query.ts';

/** The schema of the database, in the sense of PostgreSQL, that holds everything of a ledger. */
const HOME = 'forestall';

/** "FORS": of the advisory locks of the database, this one is for bringing the ledger up to date. */
const LOCK = 0x464f5253;

/** A step may rewrite a table of years. */
const LONGEST_STEP = 10 * 60_000;

/**
 * What every connection begins with: where the tables are, and that a commit is on disk when it is told. Stronger settings
 * of the server (`remote_write` and `remote_apply` wait for a standby) are left alone. Every statement has the index that it
 * needs, and is planned once: what a decision costs must not hang on when statistics were last gathered.
 */
const SETTINGS = `
  SET search_path TO ${HOME};
  SET jit TO off; SET plan_cache_mode TO force_generic_plan; SET enable_seqscan TO off; SET enable_bitmapscan TO off;
  SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')`;

interface Found {
  readonly encoding: string;
  readonly standby: boolean;
  readonly home: boolean;
  readonly tables: number;
  readonly store: boolean;
}

/**
 * Prepares a new connection to a ledger that was opened before. Throws where there is none any more. One that a newer version
 * has brought up to date meanwhile is still read: steps add. It is not written any more, see `checkNotNewer`.
 */
export async function settle(connection: Connection, name: string): Promise<void> {
  await connection.script(SETTINGS);
  const found = await look(connection);
  if (found.standby) throw new LedgerUnavailable(`ledger ${name} is on a standby server, which only reads`);
  const schema = found.store ? await schemaOf(connection) : null;
  if (schema === null || schema < SCHEMA_VERSION)
    throw new LedgerUnavailable(`ledger ${name} is gone or of an older version: put it back, or restart`);
}

/**
 * Brings the schema up to date, all steps in one transaction under a lock: any number of processes may start at once.
 * Throws `LedgerUnusable` for what is not our ledger, or is newer than this program.
 */
export async function migrate(connection: Connection, name: string): Promise<void> {
  const { query, script } = connection;
  await script(SETTINGS);
  const found = await look(connection);
  if (found.encoding !== 'UTF8') {
    throw new LedgerUnusable(
      `ledger ${name} is in a database with the encoding ${found.encoding}, expected UTF8: create one with ENCODING 'UTF8' TEMPLATE template0`,
    );
  }
  if (found.standby) throw new LedgerUnavailable(`ledger ${name} is on a standby server, which only reads`);
  if (found.store && (await knownSchema(connection, name)) === SCHEMA_VERSION) return;
  await script(`SET statement_timeout = ${LONGEST_STEP}; BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE`);
  await query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
  const { home, store, tables } = await look(connection);
  // Whoever writes holds this row first and the tables after it; in the other order the two would wait for each other.
  if (store) await script('SELECT FROM store FOR UPDATE');
  if (!store && tables > 0) {
    throw new LedgerUnusable(
      `ledger ${name}: the schema ${HOME} of that database belongs to another program: name another database in \`store\``,
    );
  }
  if (!home) await script(`CREATE SCHEMA ${HOME}`);
  const from = store ? await knownSchema(connection, name) : 0;
  for (const step of MIGRATIONS.slice(from)) {
    await script(step);
    if (step === CHAIN_TABLES) await seedChain(query);
  }
  await query('UPDATE store SET schema = $1', [SCHEMA_VERSION]);
  await script('COMMIT');
}

/**
 * Throws `LedgerUnavailable` where a newer version has changed the store since this process opened it: what its rows have to
 * hold now, only that version knows.
 */
export function checkNotNewer(schema: number, name: string): void {
  if (schema > SCHEMA_VERSION) throw new LedgerUnavailable(isNewer(schema, name));
}

/** What a process may decide on: throws where the server only reads, or the store is newer than this program. */
export async function checkUsable(query: Query, name: string): Promise<void> {
  const [store] = await query<{ schema: number; standby: boolean }>(
    'SELECT schema, pg_is_in_recovery() AS standby FROM store',
  );
  if (store === undefined) throw new LedgerUnavailable(`ledger ${name} lost its row in \`store\``);
  if (store.standby) throw new LedgerUnavailable(`ledger ${name} is on a standby server, which only reads`);
  checkNotNewer(store.schema, name);
}

function isNewer(schema: number, name: string): string {
  return `ledger ${name} has schema ${schema}, this version of forestall knows ${SCHEMA_VERSION}: run the version that wrote it, or newer; it was left as it is`;
}

async function look({ query }: Connection): Promise<Found> {
  const [row] = await query<Found>(
    `SELECT current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS standby,
       EXISTS (SELECT FROM pg_namespace WHERE nspname = '${HOME}') AS home,
       (SELECT count(*) FROM pg_tables WHERE schemaname = '${HOME}') AS tables,
       EXISTS (SELECT FROM pg_tables WHERE schemaname = '${HOME}' AND tablename = 'store') AS store`,
  );
  return row!;
}

/** Null where the store's own row is not ours, or lost. */
async function schemaOf({ query }: Connection): Promise<number | null> {
  const [row] = await query<{ program: string; schema: number }>('SELECT program, schema FROM store');
  return row?.program === 'forestall' ? row.schema : null;
}

/** Throws where the store is not ours or says that it is newer. */
async function knownSchema(connection: Connection, name: string): Promise<number> {
  const schema = await schemaOf(connection);
  if (schema === null) {
    throw new LedgerUnusable(
      `ledger ${name}: the schema ${HOME} of that database belongs to another program, or lost its row in \`store\`: restore it from a backup, or name another database`,
    );
  }
  if (schema > SCHEMA_VERSION) throw new LedgerUnusable(isNewer(schema, name));
  return schema;
}
