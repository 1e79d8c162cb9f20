import { DatabaseSync } from 'node:sqlite';
import { beforeAll, describe, expect, test } from 'vitest';
import { decide } from '../../src/decision/decide.ts';
import { type Ledger, LedgerUnavailable, LedgerUnusable } from '../../src/ledger/ledger.ts';
import { createConnect } from '../../src/ledger/postgres/connection.ts';
import { MIGRATIONS } from '../../src/ledger/postgres/migrations.ts';
import { NOW } from '../support/decision.ts';
import { type PostgresServer, startPostgres, withPostgres } from '../support/postgres.ts';
import { eventually } from '../support/wait.ts';
import { postgresStore } from './postgres-store.ts';
import { sqliteStore } from './sqlite-store.ts';
import { claim, inputAbout, owner, step } from './support.ts';

interface Changed {
  open(): Promise<Ledger>;
  /** What the migration of a newer version, or its undoing, leaves. */
  setSchema(schema: number): void;
  schema(): number;
}

function onSqlite(): Changed {
  const { path, open } = sqliteStore();
  const on = <T>(work: (db: DatabaseSync) => T): T => {
    const db = new DatabaseSync(path);
    try {
      return work(db);
    } finally {
      db.close();
    }
  };
  return {
    open: () => open(),
    setSchema: (schema) => on((db) => db.exec(`PRAGMA user_version = ${schema}`)),
    schema: () => on((db) => db.prepare('PRAGMA user_version').get()!['user_version'] as number),
  };
}

async function refusesToWrite(store: Changed): Promise<void> {
  const ledger = await store.open();
  const known = store.schema();
  const hold = await claim(ledger);
  await ledger.usable();
  const refused = { ...inputAbout({ resource: '/odd' }), unsafe_value: 'it holds a newline' };
  const draft = decide(refused, await ledger.facts(refused));
  await ledger.record([refused], owner());
  expect(await ledger.repeat(refused, draft)).toMatchObject({ repeats: 1 });

  store.setSchema(99);
  const words = new RegExp(`has schema 99, this version of forestall knows ${known}: run the version that wrote it`);
  const writes: Record<string, () => Promise<unknown>> = {
    usable: () => ledger.usable(),
    repeat: () => ledger.repeat(refused, draft),
    record: () => ledger.record([inputAbout({ resource: '/other' })], owner()),
    advance: () => ledger.advance(hold, step('checking', NOW)),
    begin: () => ledger.begin(hold, inputAbout(), 'running'),
    pause: () => ledger.pause({ name: 'a', reason: null, since: NOW, until: null }),
    values: () => ledger.values.set('k', 'v', null),
  };
  for (const [name, write] of Object.entries(writes)) {
    const error = await write().then(
      () => null,
      (reason: Error) => reason,
    );
    expect([name, error]).toEqual([name, expect.any(LedgerUnavailable)]);
    expect(error!.message).toMatch(words);
  }
  await expect(store.open()).rejects.toThrow(LedgerUnusable);
  // What is there can be read; nothing of what was refused is among it.
  expect((await ledger.executions({ limit: 9 })).items).toMatchObject([{ id: hold.execution_id, state: 'claimed' }]);
  expect(await ledger.pauses()).toEqual([]);
  expect(store.schema()).toBe(99);

  store.setSchema(known);
  await ledger.usable();
  expect(await ledger.advance(hold, step('checking', NOW))).toBe(true);
}

test('on SQLite, once a newer version has changed the ledger an open one reads and does not write', () =>
  refusesToWrite(onSqlite()));

describe.skipIf(!withPostgres)('on PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });

  const onPostgres = (): Changed => {
    const { database, open } = postgresStore(server);
    return {
      open: () => open(),
      setSchema: (schema) => void server.sql(database, `UPDATE forestall.store SET schema = ${schema}`),
      schema: () => Number(server.sql(database, 'SELECT schema FROM forestall.store')),
    };
  };

  test('once a newer version has changed the ledger an open one reads and does not write', () =>
    refusesToWrite(onPostgres()));

  test('a heartbeat goes on: what this process runs is not taken for dead while it runs', async () => {
    const store = onPostgres();
    const ledger = await store.open();
    await claim(ledger);
    store.setSchema(99);
    await ledger.heartbeat(owner(), NOW + 2_000);
    expect(await ledger.unfinished()).toMatchObject([{ heartbeat_at: NOW + 2_000 }]);
  });

  /** A session that is in the middle of something. */
  async function session(database: string) {
    const connect = await createConnect(server.store(database));
    const { script, drop } = await connect(5_000);
    await script('SET search_path TO forestall');
    return { script, drop };
  }

  const somebodyWaits = (database: string) =>
    eventually(
      () =>
        server.sql(
          'postgres',
          `SELECT count(*) FROM pg_stat_activity WHERE datname = '${database}' AND wait_event_type = 'Lock'`,
        ) !== '0',
    );

  test('who waits for the lock while the ledger is changed finds it changed', async () => {
    const { database, open } = postgresStore(server);
    const ledger = await open();
    const hold = await claim(ledger);
    const migration = await session(database);
    await migration.script('BEGIN; UPDATE store SET schema = 99');
    const refused = expect(ledger.advance(hold, step('checking', NOW))).rejects.toThrow(/has schema 99/);
    await somebodyWaits(database);
    await migration.script('COMMIT');
    await refused;
    migration.drop();
  });

  test('a newer version waits for who is writing, and neither keeps the other from its end', async () => {
    const { database, open } = postgresStore(server);
    const old = await session(database);
    const [steps, last] = [MIGRATIONS.slice(0, -1), MIGRATIONS.length];
    for (const step of ['CREATE SCHEMA forestall', ...steps]) await old.script(step);
    await old.script(`UPDATE store SET schema = ${last - 1}; BEGIN; SELECT FROM store FOR UPDATE`);
    const opening = open();
    await somebodyWaits(database);
    const tables = server.sql(database, `SELECT tablename FROM pg_tables WHERE schemaname = 'forestall'`).split('\n');
    expect(tables).toContain('executions');
    for (const table of tables) await old.script(`LOCK TABLE ${table} IN ROW EXCLUSIVE MODE`);
    await old.script('COMMIT');
    const ledger = await opening;
    expect(server.sql(database, 'SELECT schema FROM forestall.store')).toBe(String(last));
    await claim(ledger);
    old.drop();
  });
});
