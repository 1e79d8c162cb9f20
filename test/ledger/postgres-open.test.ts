import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { PostgresStore } from '../../src/config/config.ts';
import { createSecret } from '../../src/config/secret.ts';
import { LedgerUnavailable, LedgerUnusable } from '../../src/ledger/ledger.ts';
import { createConnect } from '../../src/ledger/postgres/connection.ts';
import { settle } from '../../src/ledger/postgres/migrate.ts';
import { SCHEMA_VERSION } from '../../src/ledger/postgres/migrations.ts';
import { NOW } from '../support/decision.ts';
import { type PostgresServer, startPostgres, withPostgres } from '../support/postgres.ts';
import { tempDir } from '../support/temp.ts';
import { eventually } from '../support/wait.ts';
import { postgresStore } from './postgres-store.ts';
import { claim, inputAbout, owner } from './support.ts';

test('without pg installed the error says how to install it, and SQLite works', () => {
  const program = join(import.meta.dirname, 'programs', 'without-pg.ts');
  const text = execFileSync(process.execPath, [program, join(tempDir(), 'x.db')], { encoding: 'utf8' });
  expect(text).toMatch(/^sqlite 0\nLedgerUnusable the store is PostgreSQL, and .* not installed: run `npm install pg`/);
});

describe.skipIf(!withPostgres)('opening a ledger on PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });

  const refusal = async (database: string, changes: Partial<PostgresStore> = {}) => {
    const opening = postgresStore(server, database).open({ store: server.store(database, changes) });
    const error = await opening.then(
      () => new Error('it was opened'),
      (reason: Error) => reason,
    );
    expect(error.message).not.toContain('canary');
    return error;
  };

  test('twenty at once on an empty database make one ledger', async () => {
    const store = postgresStore(server);
    const ledgers = await Promise.all(Array.from({ length: 20 }, () => store.open()));
    // Twenty on a busy machine may have to ask twice.
    await Promise.all(ledgers.map((ledger, at) => eventually(() => ledger.record([inputAbout()], owner(`p${at}`)))));
    expect(server.sql(store.database, 'SELECT count(*) FROM forestall.executions')).toBe('1');
    expect(server.sql(store.database, 'SELECT count(*), max(schema) FROM forestall.store')).toBe(`1|${SCHEMA_VERSION}`);
  });

  test('a ledger of a newer version is refused and left alone', async () => {
    const store = postgresStore(server);
    await store.open();
    server.sql(store.database, 'UPDATE forestall.store SET schema = 99');
    expect(await refusal(store.database)).toMatchObject({
      name: LedgerUnusable.name,
      message: expect.stringMatching(
        /has schema 99, this version of forestall knows \d+: run the version that wrote it/,
      ),
    });
    expect(server.sql(store.database, 'SELECT schema FROM forestall.store')).toBe('99');
  });

  test.each([
    [
      'the schema of another program',
      'CREATE SCHEMA forestall; CREATE TABLE forestall.trees (n int)',
      /belongs to another/,
    ],
    [
      'a table that looks like ours',
      `CREATE SCHEMA forestall; CREATE TABLE forestall.store (program text, schema bigint)`,
      /belongs to another program, or lost its row/,
    ],
  ])('%s is refused and left alone', async (_what, make, message) => {
    const database = server.database();
    server.sql(database, make);
    const tables = `SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'forestall'`;
    const before = server.sql(database, tables);
    expect(await refusal(database)).toMatchObject({ name: 'LedgerUnusable', message: expect.stringMatching(message) });
    expect(server.sql(database, tables)).toBe(before);
  });

  test('a database of another encoding is refused', async () => {
    server.sql('postgres', `CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'`);
    expect(await refusal('latin')).toMatchObject({
      name: 'LedgerUnusable',
      message: expect.stringContaining('LATIN1'),
    });
  });

  test('what cannot be reached or entered is unavailable, in words without the password', async () => {
    const { name } = LedgerUnavailable;
    expect(await refusal('nowhere')).toMatchObject({
      name,
      message: expect.stringContaining('"nowhere" does not exist'),
    });
    const tcp = { host: '127.0.0.1' };
    const database = server.database();
    expect(await refusal(database, { ...tcp, password: createSecret('canary-wrong') })).toMatchObject({
      name,
      message: `ledger postgres://forestall@127.0.0.1:${server.port}/${database} cannot be reached: password authentication failed for user "forestall"`,
    });
    expect(await refusal(database, { ...tcp, port: 1 })).toMatchObject({
      name,
      message: expect.stringContaining('ECONNREFUSED'),
    });
    await postgresStore(server, database).open({ store: server.store(database, tcp) });
  });

  test('a role that may do nothing but in a schema of its own is enough', async () => {
    const database = server.database();
    server.sql(database, `CREATE ROLE modest LOGIN; CREATE SCHEMA forestall AUTHORIZATION modest`);
    const store = server.store(database, { user: 'modest' });
    const ledger = await postgresStore(server, database).open({ store });
    await claim(ledger);
    expect((await ledger.executions({ limit: 2 })).items).toHaveLength(1);
  });

  test('where commits are not waited for, or nothing is to be written, this ledger does', async () => {
    const store = postgresStore(server);
    const alter = (setting: string) => server.sql('postgres', `ALTER DATABASE ${store.database} SET ${setting}`);
    alter('synchronous_commit = off');
    alter('default_transaction_read_only = on');
    const ledger = await store.open();
    await claim(ledger);
    const connection = await (await createConnect(server.store(store.database)))(1_000);
    await settle(connection, 'x');
    expect(await connection.query('SHOW synchronous_commit')).toEqual([{ synchronous_commit: 'on' }]);
    connection.drop();
  });

  test('texts of any length and with any character are kept and found again', async () => {
    const ledger = await postgresStore(server).open();
    const odd = Array.from({ length: 1_024 }, (_, at) => String.fromCodePoint(0x1f300 + ((at * 7919) % 700))).join('');
    await claim(ledger, inputAbout({ resource: odd, host: odd, action: { limit_scope: 'resource' } }));
    const [second] = await ledger.record(
      [inputAbout({ resource: odd, host: odd, action: { limit_scope: 'host' } })],
      owner(),
    );
    expect(second!.decision.reason).toBe('in_progress');
    const long = `\0\u0001${'x\u{1f600}"\\{},'.repeat(9_000)}\ud800`;
    const refused = { ...inputAbout({ resource: long, host: '\0' }), unsafe_value: 'it is long' };
    const [recorded] = await ledger.record([refused], owner());
    expect((await ledger.decision(recorded!.decision.id))?.target).toEqual({ ...refused.target, resource: long });
    expect((await ledger.record([refused], owner()))[0]!.decision.repeats).toBe(1);
    const key = long.replace('\ud800', '');
    await ledger.values.set(`a:${key}`, key, null);
    expect(await ledger.values.get(`a:${key}`)).toBe(key);
    expect(await ledger.values.list('a:\0')).toEqual([[`a:${key}`, key]]);
    await ledger.pause({ name: key, reason: key, since: NOW, until: null });
    expect(await ledger.pauses()).toEqual([{ name: key, reason: key, since: NOW, until: null }]);
    await ledger.samples.add([{ series: key, at: NOW - 1, value: 0.1 + 0.2 }]);
    expect(await ledger.samples.since(key, 0)).toEqual([[NOW - 1, 0.1 + 0.2]]);
    await ledger.forecasts.replace(key, NOW, [{ target: key, body: key }]);
    expect(await ledger.forecasts.of(key)).toEqual([{ at: NOW, target: key, body: key }]);
  });
});

describe.skipIf(!withPostgres)('TLS', () => {
  test('is asked for where it is configured, and the certificate is looked at', async () => {
    const server = await startPostgres();
    const database = server.database();
    const open = async (host: string, tls: PostgresStore['tls']) => {
      const store = server.store(database, { host, tls });
      const ledger = await postgresStore(server, database).open({ store });
      const used = server.sql(
        'postgres',
        `SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE datname = '${database}'`,
      );
      await ledger.pauses();
      await ledger.close();
      return used;
    };
    const none = { ca: null, cert: null, key: null };
    await expect(open('localhost', { verify: 'none', ...none })).rejects.toThrow(/does not support SSL/);
    const { ca, other } = server.certificates();
    await eventually(() => open('localhost', { verify: 'none', ...none }));
    await open('localhost', { verify: 'full', ...none, ca });
    await open('127.0.0.1', { verify: 'ca', ...none, ca });
    await expect(open('127.0.0.1', { verify: 'full', ...none, ca })).rejects.toThrow(/cannot be reached: .*altnames/);
    await expect(open('localhost', { verify: 'full', ...none, ca: other })).rejects.toThrow(
      /cannot be reached: .*certificate/,
    );
    await expect(open('localhost', { verify: 'full', ...none })).rejects.toThrow(/cannot be reached: .*certificate/);
    await expect(open('localhost', { verify: 'full', ...none, ca: '/none.pem' })).rejects.toThrow(
      /\/none\.pem .* cannot be read/,
    );
  }, 60_000);
});
