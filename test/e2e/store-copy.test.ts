import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { COPIED } from '../../src/ledger/copy.ts';
import { seal } from '../../src/ledger/sealing.ts';
import { TABLES } from '../../src/ledger/sqlite/migrations.ts';
import { postgresStore } from '../ledger/postgres-store.ts';
import { sqliteStore } from '../ledger/sqlite-store.ts';
import { claim, inputAbout, owner, runOnce, step } from '../ledger/support.ts';
import { DAY, HOUR, NOW } from '../support/decision.ts';
import { PASSWORD, type PostgresServer, startPostgres, withPostgres } from '../support/postgres.ts';
import { forestall } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';

vi.setConfig({ testTimeout: 60_000 });

test('every table of a ledger is copied', () => {
  expect(Object.keys(COPIED).toSorted()).toEqual([...TABLES]);
});

/** A ledger in a file with something in every table. */
async function filledLedger(): Promise<{ readonly path: string; readonly holder: string }> {
  const store = sqliteStore();
  const ledger = await store.open({ now: Date.now });
  const odd = { resource: 'a\0b"\u{1f600}\u2028', host: null };
  const id = await runOnce(ledger, inputAbout(), 'succeeded', {
    verify: { after: HOUR, expect: null },
    reports: ['discord', 'context_log'],
  });
  await ledger.verify(id, {
    outcome: 'effective',
    message: 'ok',
    days_after: 20.125,
    at: NOW + DAY,
    min_days_gained: null,
    reports: [],
  });
  await ledger.record(
    [
      { ...inputAbout(odd), unsafe_value: 'odd' },
      { ...inputAbout(odd), unsafe_value: 'odd' },
    ],
    owner(),
  );
  const { execution_id: holder } = await claim(ledger, inputAbout({ now: NOW + 2 * DAY, resource: '/held' }));
  await ledger.record([inputAbout({ now: NOW + 2 * DAY })], owner());
  const [report] = await ledger.takeReports('discord', NOW + DAY, 1, HOUR);
  await ledger.reportDone(report!.id, 'delivered');
  await ledger.pause({ name: 'night', reason: null, since: NOW, until: null });
  await ledger.values.set('a:\0', 'value', null);
  await ledger.samples.add([{ series: 's', at: Date.now(), value: 1 / 3 }]);
  await ledger.forecasts.replace('source', NOW, [{ target: 't', body: '{"x":1}' }]);
  await ledger.notePass(NOW);
  ledger.countIgnored(inputAbout(), {
    verdict: 'ignored',
    reason: 'not_firing',
    message: '',
    gates: [],
    next_attempt_at: null,
  });
  await ledger.scores.note(
    [
      {
        prediction_type: 'disk_exhaustion',
        resource: '/srv',
        host: null,
        source: 'file:x',
        mapping: 'm',
        observed_at: NOW,
        days_until_critical: 8.2,
        confidence: 0.8,
        actionable: true,
        raw_within_14d: null,
        critical: null,
        past_cleanups: null,
        closes_at: NOW + 14 * DAY,
      },
    ],
    [],
  );
  const { privateKey } = generateKeyPairSync('ed25519');
  await seal(ledger.chain, { at: NOW, since: NOW + 400 * DAY, key: () => privateKey, least: 1 });
  await ledger.close();
  const db = new DatabaseSync(store.path, { readOnly: true });
  for (const table of TABLES)
    expect([table, db.prepare(`SELECT 1 FROM ${table}`).get()]).not.toEqual([table, undefined]);
  db.close();
  return { path: store.path, holder };
}

describe.skipIf(!withPostgres)('forestall store copy', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  const url = (database: string) =>
    `postgres://forestall@x/${database}?host=${server.folder}`.replace('@x/', `@x:${server.port}/`);

  test('moves a ledger to PostgreSQL and back, and what it holds goes on there', async () => {
    const { path, holder } = await filledLedger();
    const database = server.database();
    const there = await forestall(['store', 'copy', '--from', `sqlite:${path}`, '--to', url(database)]);
    expect(there).toMatchObject({ code: 0, stderr: '' });
    expect(there.stdout).toMatch(/^decisions +4 rows, 4 new, sha256 [0-9a-f]{16}$/m);
    expect(there.stdout).toContain('both stores hold the same');

    const again = await forestall(['store', 'copy', '--from', `sqlite:${path}`, '--to', url(database), '--json']);
    expect(again.code).toBe(0);
    for (const { table, rows, added } of JSON.parse(again.stdout).tables) {
      expect([table, added, rows > 0]).toEqual([table, 0, true]);
    }

    const back = join(tempDir(), 'back.db');
    expect(await forestall(['store', 'copy', '--from', url(database), '--to', `sqlite:${back}`])).toMatchObject({
      code: 0,
    });
    const ledgers = [
      await sqliteStore(path).open(),
      await sqliteStore(back).open(),
      await postgresStore(server, database).open(),
    ] as const;
    const seen = await Promise.all(
      ledgers.map(async (ledger) => ({
        executions: await ledger.executions({ limit: 50 }),
        decisions: await ledger.decisions({ limit: 50 }),
        pauses: await ledger.pauses(),
        summary: await ledger.summary(NOW),
        unfinished: await ledger.unfinished(),
        reports: await Promise.all(
          (await ledger.executions({ limit: 50 })).items.map(({ id }) => ledger.reportsOf(id)),
        ),
        facts: await ledger.facts(inputAbout({ now: NOW + 3 * DAY })),
        values: await ledger.values.list(''),
        scores: await ledger.scores.since(0),
      })),
    );
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).toEqual(seen[0]);
    // Numbers go on where they were.
    const [, , moved] = ledgers;
    await moved.resume(null);
    expect(await moved.advance({ execution_id: holder, fence: 1 }, step('expired', NOW + 3 * DAY))).toBe(true);
    await claim(moved, inputAbout({ now: NOW + 9 * DAY }));
    expect((await moved.executions({ limit: 50 })).items).toHaveLength(3);
  });

  test('a store with other rows, or with rows that differ, is refused and left as it is', async () => {
    const { path, holder } = await filledLedger();
    const database = server.database();
    const other = await postgresStore(server, database).open();
    await claim(other);
    await other.close();
    const run = () => forestall(['store', 'copy', '--from', `sqlite:${path}`, '--to', url(database)]);
    const count = () => server.sql(database, 'SELECT count(*) FROM forestall.executions');
    expect(await run()).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/rows of another ledger|is another one/),
    });
    expect(await count()).toBe('1');

    server.sql(database, 'DROP SCHEMA forestall CASCADE');
    expect(await run()).toMatchObject({ code: 0 });
    server.sql(database, `UPDATE forestall.executions SET message = 'changed' WHERE id = '${holder}'`);
    expect(await run()).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/executions \[\d+\] is another one in postgres/),
    });
    server.sql(database, `UPDATE forestall.executions SET message = 'claimed' WHERE id = '${holder}'`);
    expect(await run()).toMatchObject({ code: 0 });
    server.sql(database, `DELETE FROM forestall.kv`);
    expect(await run()).toMatchObject({ code: 0, stdout: expect.stringMatching(/^kv +1 rows, 1 new/m) });

    // What does not fit its hash chain is nobody's new ledger.
    server.sql(database, 'DROP SCHEMA forestall CASCADE');
    const db = new DatabaseSync(path);
    db.exec("UPDATE decisions SET message = 'nothing' WHERE seq = 2");
    db.close();
    expect(await run()).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/the hash chain of sqlite:.* does not fit: decision 2 .* was changed/),
    });
    expect(await count()).toBe('0');
  });

  test('says what it cannot copy', async () => {
    const { path } = await filledLedger();
    const password = join(tempDir(), 'password');
    writeFileSync(password, `${PASSWORD}-wrong\n`);
    const overTcp = `postgres://forestall@127.0.0.1:${server.port}/postgres`;
    for (const [from, to, more, code, message] of [
      [`sqlite:${path}`, `sqlite:${path}`, [], 2, 'name the same store'],
      [`sqlite:${path}`, 'postgres://u:canary@x', [], 2, '--to: found no single database'],
      ['nothing', `sqlite:${path}`, [], 2, '--from: found another kind of store'],
      [`sqlite:${path}.none`, `sqlite:${path}`, [], 1, 'is gone'],
      [`sqlite:${path}`, overTcp, ['--password-file', password], 1, 'password authentication failed'],
      [`sqlite:${path}`, overTcp, ['--password-file', '/none'], 2, '--password-file /none'],
    ] as const) {
      const before = readFileSync(path);
      const answer = await forestall(['store', 'copy', '--from', from, '--to', to, ...more]);
      expect([message, answer.code, answer.stderr]).toEqual([message, code, expect.stringContaining(message)]);
      expect(answer.stderr).not.toContain('canary');
      expect(readFileSync(path).equals(before)).toBe(true);
    }
  });
});
