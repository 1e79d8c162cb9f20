import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { MIGRATIONS as POSTGRES_MIGRATIONS } from '../../src/ledger/postgres/migrations.ts';
import { APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION, schemaVersion } from '../../src/ledger/sqlite/migrations.ts';
import { DAY, NOW } from '../support/decision.ts';
import { startPostgres, withPostgres } from '../support/postgres.ts';
import { noted } from '../support/scores.ts';
import { postgresStore } from './postgres-store.ts';
import { sqliteStore } from './sqlite-store.ts';
import { claim, inputAbout, owner, step } from './support.ts';

test('a ledger that version 1 wrote is brought up to date, with what it holds', async () => {
  const store = sqliteStore();
  mkdirSync(dirname(store.path), { recursive: true });
  const old = new DatabaseSync(store.path);
  old.exec('PRAGMA journal_mode = WAL');
  old.exec(MIGRATIONS[0]!);
  old.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 1`);
  const prediction = JSON.stringify(inputAbout().prediction);
  old
    .prepare(
      `INSERT INTO executions (id, state, playbook, mapping, target, resource, host, prediction, decision_id, trigger, mode,
         claimed_at, days_before, message, scope, fence, owner_id, claim)
       VALUES ('exec_old', 'awaiting_approval', 'disk-cleanup', 'disk_exhaustion:/srv', '[]', '/srv', 'nas', ?, 'dec_old',
         'webhook', 'live', ?, 8.2, 'waiting for confirmation', '["disk-cleanup","playbook",null]', 1, 'gone', 'mark')`,
    )
    .run(prediction, NOW);
  old
    .prepare(
      `INSERT INTO executions (id, state, playbook, mapping, target, resource, host, prediction, decision_id, trigger, mode,
         claimed_at, started_at, finished_at, days_before, message, scope, fence, owner_id, claim, counts_as, counted_at)
       VALUES ('exec_ran', 'succeeded', 'disk-cleanup', 'disk_exhaustion:/srv', ?, '/srv', 'nas', ?, 'dec_ran',
         'webhook', 'live', ?1, ?1, ?1, 8.2, 'cleaned', '["disk-cleanup","playbook",null]', 1, 'gone', 'mark', 'live', ?1)`.replaceAll(
        '?1',
        String(NOW),
      ),
    )
    .run('["disk_exhaustion","/srv","nas"]', prediction);
  old.exec(`INSERT INTO counters VALUES ('decision', 'disk_exhaustion', 'rejected', 'kill_switch', 7)`);
  old.exec(`INSERT INTO pauses VALUES ('manual', 'why', ${NOW}, NULL)`);
  old.close();

  const ledger = await store.open();
  expect(await ledger.execution('exec_old')).toMatchObject({ state: 'awaiting_approval', answered: null });
  expect(await ledger.lift('manual')).toEqual([{ name: 'manual', reason: 'why', since: NOW, until: null, refused: 0 }]);
  // What ran before there was verification is not verified, holds nothing and counts as it did.
  expect(await ledger.due(NOW + 400 * DAY, 10)).toEqual([]);
  const asked = inputAbout({ now: NOW + DAY });
  expect(await ledger.execution('exec_ran')).toMatchObject({ state: 'succeeded', verify_at: null, outcome: null });
  // Nothing was forecast before forecasts were written down; what ran then cuts them short all the same.
  expect(await ledger.scores.note([noted({ observed_at: NOW - DAY })], [])).toBe(1);
  expect(await ledger.scores.due(NOW + 20 * DAY, null, 5)).toMatchObject([{ first_run_at: NOW }]);
  expect(await ledger.facts(asked)).toMatchObject({ settling: null, runs: [{ started_at: NOW, state: 'succeeded' }] });
  const answer = { by: 'ann', from: null, at: NOW + 1, approve: false, message: 'denied by ann' };
  expect(await ledger.answer('exec_old', null, answer)).toMatchObject({ execution: { state: 'denied' } });
  const hold = await claim(ledger, inputAbout(), owner());
  expect(await ledger.advance(hold, step('rejected', NOW + 2))).toBe(true);
  await ledger.close();

  const after = new DatabaseSync(store.path, { readOnly: true });
  expect(schemaVersion(after)).toBe(SCHEMA_VERSION);
  expect(SCHEMA_VERSION).toBeGreaterThan(1);
  after.close();
});

test('indexes that a later version needs are made over what an earlier one wrote', async () => {
  const store = sqliteStore();
  mkdirSync(dirname(store.path), { recursive: true });
  const old = new DatabaseSync(store.path);
  old.exec('PRAGMA journal_mode = WAL');
  for (const step of MIGRATIONS.slice(0, 8)) old.exec(step);
  old.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 8`);
  const prediction = JSON.stringify(inputAbout().prediction);
  old
    .prepare(
      `INSERT INTO executions (id, state, playbook, mapping, target, resource, host, prediction, decision_id, trigger, mode,
         claimed_at, days_before, message, scope, fence, owner_id)
       VALUES ('exec_old', 'claimed', 'disk-cleanup', 'disk_exhaustion:/srv', '[]', '/srv', 'nas', ?, 'dec_old',
         'webhook', 'live', ?, 8.2, 'claimed', '["disk-cleanup","resource","/srv"]', 1, 'gone')`,
    )
    .run(prediction, NOW);
  old.exec(`INSERT INTO reports (channel, subject, created_at, next_at)
    VALUES ('discord', '{"kind":"execution","execution":{"id":"exec_old"}}', ${NOW}, ${NOW}), ('discord', '{}', ${NOW}, ${NOW})`);
  old.close();

  const ledger = await store.open();
  for (const limit_scope of ['playbook', 'resource', 'host'] as const)
    expect((await ledger.facts(inputAbout({ action: { limit_scope } }))).unfinished?.execution_id).toBe('exec_old');
  const radius = { hosts: 2, percent: null, per: DAY };
  expect((await ledger.facts(inputAbout({ action: { blast_radius: radius } }))).hosts).toEqual([
    { host: 'nas', at: null },
  ]);
  expect(await ledger.reportsOf('exec_old')).toMatchObject([{ channel: 'discord', result: 'waiting' }]);
});

describe.skipIf(!withPostgres)('on PostgreSQL', () => {
  test('a ledger that an earlier version wrote is brought up to date, with what it holds', async () => {
    const server = await startPostgres();
    const store = postgresStore(server);
    const row = (id: string, resource: string, host: string) =>
      `('${id}', 'succeeded', 'disk-cleanup', 'm', '["disk_exhaustion","${resource}","${host}"]', '${resource}', '${host}',
        '${JSON.stringify(inputAbout().prediction)}', 'dec_${id}', 'webhook', 'live', ${NOW}, ${NOW}, ${NOW}, 'live', ${NOW},
        'cleaned', '["disk-cleanup","playbook",null]', 1, 'gone')`;
    server.sql(
      store.database,
      `CREATE SCHEMA forestall; SET search_path TO forestall; ${POSTGRES_MIGRATIONS.slice(0, 2).join(';')};
       UPDATE store SET schema = 2;
       INSERT INTO executions (id, state, playbook, mapping, target, resource, host, prediction, decision_id, trigger, mode,
         claimed_at, started_at, finished_at, counts_as, counted_at, message, scope, fence, owner_id)
       VALUES ${row('exec_nas', '/srv', 'nas')}, ${row('exec_other', '/srv', 'other')};
       INSERT INTO decisions (id, target, decided_at, trigger, verdict, reason, message, gates, last_at)
       VALUES ('dec_old', '', ${NOW}, 'webhook', 'rejected', 'cooldown', 'no', '[]', ${NOW})`,
    );

    const ledger = await store.open();
    const target = { prediction_type: 'disk_exhaustion', resource: '/srv', host: 'nas' };
    expect((await ledger.attemptsOf(target, 5)).map(({ id }) => id)).toEqual(['exec_nas']);
    expect(await ledger.scores.note([noted({ observed_at: NOW - DAY })], [])).toBe(1);
    expect(await ledger.scores.due(NOW + 20 * DAY, null, 5)).toMatchObject([{ first_run_at: NOW }]);
    expect((await ledger.summary(NOW)).week).toEqual({ success: 2, failure: 0 });
    const past: string[] = [];
    for await (const { decision } of ledger.past.decisions(NOW)) past.push(decision.id);
    expect(past).toEqual(['dec_old']);
  });
});
