import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import { seal } from '../../../src/ledger/sealing.ts';
import type { ChainProblem } from '../../../src/ledger/verify-chain.ts';
import { DAY, HOUR, NOW } from '../../support/decision.ts';
import type { ChainTestStore } from '../chain-store.ts';
import { claim, inputAbout, owner, runOnce, step } from '../support.ts';
import { forget } from './retention.ts';

/** Runs, refusals, repeats, odd texts, fractions, unfinished ones: all that rows can hold. */
export async function filled(ledger: Ledger): Promise<void> {
  const odd = { resource: 'a\0b"\u{1f600}\u2028\u001f', host: null };
  const id = await runOnce(ledger, inputAbout(), 'succeeded', { verify: { after: HOUR, expect: 'disk_usage < 85%' } });
  const verdict = {
    outcome: 'effective',
    message: 'ok',
    days_after: 20.125,
    min_days_gained: null,
    reports: [],
  } as const;
  await ledger.verify(id, { ...verdict, at: NOW + DAY });
  const refused = { ...inputAbout(odd), unsafe_value: 'odd' };
  await ledger.record([refused, refused], owner());
  await ledger.record([inputAbout({ now: NOW + HOUR, action: { cooldown_hours: 2.3 } })], owner());
  const hold = await claim(ledger, inputAbout({ now: NOW + 2 * DAY, resource: '/held' }));
  await ledger.noteProcess(hold, { pid: 17, pid_started: 4 });
  await ledger.advance(hold, step('awaiting_approval', NOW + 2 * DAY, { dry_run: { exit_code: 0 } as never }));
  await ledger.answer(hold.execution_id, owner(), {
    by: 'ann',
    from: 'web',
    at: NOW + 2 * DAY,
    approve: true,
    message: 'yes',
  });
}

const KEY = generateKeyPairSync('ed25519');

/** The problem that an outsider's change leaves, after which the change is undone. */
async function problemAfter(store: ChainTestStore, change: string, undo: string): Promise<ChainProblem | null> {
  store.outside(change);
  const { problem } = await store.verify();
  store.outside(undo);
  return problem;
}

async function everyColumn(store: ChainTestStore, table: string): Promise<void> {
  const copy = `old_${table}`;
  const seqs = store.ask(`SELECT count(*) FROM ${table}`);
  expect(Number(seqs)).toBeGreaterThan(1);
  store.outside(`CREATE TABLE ${copy} AS SELECT * FROM ${table}`);
  const columns = store.columns(table);
  expect(columns.length).toBeGreaterThan(4);
  let undo = '';
  for (const { name, text } of columns) {
    const changed = text ? `coalesce(${name}, '') || 'x'` : `coalesce(${name}, 0) + 1000`;
    const which = `seq = (SELECT max(seq) FROM ${table})`;
    store.outside(`${undo}; UPDATE ${table} SET ${name} = ${changed} WHERE ${which}`);
    const { problem } = await store.verify();
    expect([table, name, problem?.what ?? 'fits']).not.toEqual([table, name, 'fits']);
    undo = `UPDATE ${table} SET ${name} = (SELECT ${name} FROM ${copy} ORDER BY seq DESC LIMIT 1) WHERE ${which}`;
  }
  store.outside(`${undo}; DROP TABLE ${copy}`);
  expect((await store.verify()).problem).toBeNull();
}

export function chain(newStore: () => ChainTestStore): void {
  test('what the service writes fits, through whatever it is written', async () => {
    const store = newStore();
    const ledger = await store.open();
    expect(await store.verify()).toMatchObject({ problem: null, rows: 0, head: null });
    await filled(ledger);
    const verified = await store.verify();
    expect(verified).toMatchObject({ problem: null, rows: 6 });
    expect(verified.head).toEqual(await ledger.chain.head());
    await ledger.record([{ ...inputAbout({ now: NOW + 3 * DAY, resource: '/late' }), unsafe_value: 'odd' }], owner());
    expect(await store.verify({ head: verified.head })).toMatchObject({ problem: null, rows: 7 });
  });

  test('a change in any column of any row is found', async () => {
    const store = newStore();
    const ledger = await store.open();
    await filled(ledger);
    await seal(ledger.chain, { at: NOW, since: NOW + 400 * DAY, key: () => KEY.privateKey, least: 1 });
    await runOnce(ledger, inputAbout({ now: NOW + 20 * DAY, resource: '/other', action: { limit_scope: 'resource' } }));
    await seal(ledger.chain, { at: NOW, since: NOW + 400 * DAY, key: () => KEY.privateKey, least: 1 });
    await runOnce(ledger, inputAbout({ now: NOW + 30 * DAY, resource: '/more', action: { limit_scope: 'resource' } }));
    for (const table of ['decisions', 'executions', 'checkpoints', 'chain']) await everyColumn(store, table);
  }, 120_000);

  test('rows of before there was a chain get their first entries, and a digest that both engines share', async () => {
    const store = newStore();
    const old = await store.open();
    await filled(old);
    const digests = () => store.ask("SELECT digest FROM chain WHERE kind = 'execution' ORDER BY seq DESC LIMIT 1");
    const before = digests();
    await old.close();
    store.withoutChain();
    await store.open();
    expect(await store.verify()).toMatchObject({ problem: null, rows: 6, entries: 6 });
    expect(digests()).toBe(before);
  });

  test('what is removed, added, swapped or cut off is found, and named', async () => {
    const store = newStore();
    const ledger = await store.open();
    await filled(ledger);
    const { head } = await store.verify();
    const all = (table: string) => store.columns(table).flatMap(({ name }) => (name === 'seq' ? [] : [name]));
    store.outside('CREATE TABLE kept AS SELECT * FROM decisions WHERE seq = 2; DELETE FROM decisions WHERE seq = 2');
    expect((await store.verify()).problem).toMatchObject({ what: 'missing', table: 'decisions', row: 2 });
    store.outside('INSERT INTO decisions SELECT * FROM kept; DROP TABLE kept');
    expect((await store.verify()).problem).toBeNull();

    const names = all('decisions').join(', ');
    const copied = names.replace(/\bid\b/, "'dec_forged'");
    const added = `INSERT INTO decisions (seq, ${names}) SELECT 99, ${copied} FROM decisions WHERE seq = 1`;
    expect(await problemAfter(store, added, 'DELETE FROM decisions WHERE seq = 99')).toMatchObject({
      what: 'added',
      row: 99,
      id: 'dec_forged',
    });

    const swap =
      'UPDATE decisions SET seq = -1 WHERE seq = 1; UPDATE decisions SET seq = 1 WHERE seq = 3; UPDATE decisions SET seq = 3 WHERE seq = -1';
    expect(await problemAfter(store, swap, swap)).toMatchObject({ what: 'changed', row: 1 });

    // The whole end, with its row: only who noted the head elsewhere can tell.
    store.outside(`CREATE TABLE tail AS SELECT * FROM chain WHERE seq > 1; DELETE FROM chain WHERE seq > 1;
      CREATE TABLE d AS SELECT * FROM decisions; DELETE FROM decisions; CREATE TABLE e AS SELECT * FROM executions; DELETE FROM executions;
      INSERT INTO ${store.ask('SELECT kind FROM chain')}s SELECT * FROM ${store.ask('SELECT kind FROM chain') === 'decision' ? 'd' : 'e'} WHERE seq = 1`);
    expect((await store.verify({ head })).problem).toMatchObject({ what: 'head' });
    expect((await store.verify({ head: { seq: null, hash: head!.hash } })).problem).toMatchObject({ what: 'head' });
    store.outside(`DELETE FROM decisions; DELETE FROM executions; INSERT INTO decisions SELECT * FROM d; INSERT INTO executions SELECT * FROM e;
      INSERT INTO chain SELECT * FROM tail`);
    expect((await store.verify({ head })).problem).toBeNull();
    store.outside('DELETE FROM chain WHERE seq = 3');
    expect((await store.verify()).problem).toMatchObject({ what: 'entry', row: 3 });
  });

  test('what is forgotten leaves a chain that fits, and a row that was changed from outside is not forgotten', async () => {
    const store = newStore();
    const ledger = await store.open();
    const about = (day: number) => inputAbout({ now: NOW + day * DAY });
    for (let day = 0; day < 14; day++) await runOnce(ledger, about(day));
    const rule = { before: NOW + 400 * DAY, keep: { runs: 2, all_runs: 1, judged: 1 } };
    store.outside("UPDATE executions SET message = 'nothing happened' WHERE seq = 2");
    const page = await ledger.retention.executions(rule, 0);
    const asked = { executions: page.rows, decisions: [], marks: [], before: rule.before };
    expect(await ledger.retention.prune(asked)).toEqual({ removed: page.rows.length - 1, suspect: ['execution 2'] });
    store.outside("UPDATE executions SET message = 'now succeeded' WHERE seq = 2");
    expect(await forget(ledger, rule)).toBe(1 + page.rows.length);
    expect((await store.verify()).problem).toBeNull();

    const { head: old } = await store.verify();
    const options = { at: NOW, since: NOW + 400 * DAY, key: () => KEY.privateKey, least: 1 };
    const before = Number(store.ask('SELECT count(*) FROM chain'));
    // A checkpoint stands before the first entry goes: half-way the chain fits too.
    let steps = 0;
    const stopped = await seal(ledger.chain, { ...options, goOn: async () => steps++ < 0 });
    expect(stopped).toMatchObject({ dropped: 0, problem: null, checkpoint: { pruned: 18 } });
    expect(await store.verify({ head: old, key: KEY.publicKey })).toMatchObject({ problem: null, rows: 11 });
    await runOnce(ledger, about(20));
    const sealed = await seal(ledger.chain, options);
    expect(sealed).toMatchObject({ problem: null, checkpoint: { pruned: 18 } });
    expect(Number(store.ask('SELECT count(*) FROM chain'))).toBeLessThan(before / 2);
    expect(await store.verify({ key: KEY.publicKey })).toMatchObject({ problem: null, rows: 14 });
    expect((await store.verify({ head: old })).problem).toMatchObject({
      what: 'head',
      message: /older than the checkpoint/,
    });
    const { publicKey } = generateKeyPairSync('ed25519');
    expect((await store.verify({ key: publicKey })).problem).toMatchObject({
      what: 'checkpoint',
      message: /another key/,
    });
    // Nothing is sealed over a break.
    store.outside("UPDATE chain SET digest = 'x' WHERE seq = (SELECT max(seq) FROM chain)");
    expect((await seal(ledger.chain, options)).problem).toMatch(/does not follow/);
  });

  test('a look at the newest entries finds what was changed there, over a checkpoint and more entries than it reads', async () => {
    const store = newStore();
    const ledger = await store.open();
    const look = () => ledger.chain.newestProblem();
    const after = async (change: string, undo: string) => {
      store.outside(change);
      const problem = await look();
      store.outside(undo);
      return problem;
    };
    expect(await look()).toBeNull();
    await filled(ledger);
    expect(await look()).toBeNull();
    const decided = 'WHERE seq = 1';
    expect(await after(`UPDATE decisions SET seq = 99 ${decided}`, `UPDATE decisions SET seq = 1 WHERE seq = 99`)).toBe(
      'decision 1 is not what its hash chain says of it',
    );
    const reason = store.ask(`SELECT reason FROM decisions ${decided}`);
    expect(
      await after(
        `UPDATE decisions SET reason = 'x' ${decided}`,
        `UPDATE decisions SET reason = '${reason}' ${decided}`,
      ),
    ).toMatch(/^decision 1 is not/);
    const row = store.ask("SELECT row FROM chain WHERE kind = 'execution' ORDER BY seq DESC LIMIT 1");
    store.outside(`CREATE TABLE kept AS SELECT * FROM chain WHERE kind = 'execution' AND row = ${row}`);
    const gone = `DELETE FROM chain WHERE kind = 'execution' AND row = ${row}`;
    expect(await after(gone, 'INSERT INTO chain SELECT * FROM kept; DROP TABLE kept')).toMatch(
      /^entry \d+ of its hash chain does not follow/,
    );
    expect(await look()).toBeNull();

    const about = (at: number) => inputAbout({ now: NOW + 3 * DAY + at, resource: `/${at}` });
    const some = async (from: number): Promise<void> => {
      for (let at = from; at < from + 300; at += 25) {
        const inputs = Array.from({ length: 25 }, (_, next) => ({ ...about(at + next), unsafe_value: 'x' }));
        await ledger.record(inputs, owner());
      }
    };
    await some(0);
    const options = { at: NOW, since: NOW + 400 * DAY, key: () => KEY.privateKey, least: 1 };
    expect(await seal(ledger.chain, options)).toMatchObject({ problem: null });
    expect(await look()).toBeNull();
    await some(300);
    expect(await look()).toBeNull();
    await some(600);
    expect(await look()).toBeNull();
    const newest = 'WHERE seq = (SELECT max(seq) FROM decisions)';
    expect(
      await after(`UPDATE decisions SET repeats = 1 ${newest}`, `UPDATE decisions SET repeats = 0 ${newest}`),
    ).toMatch(/^decision \d+ is not/);
    // Far behind, it is for who looks at all.
    expect(
      await after(
        `UPDATE decisions SET reason = 'x' ${decided}`,
        `UPDATE decisions SET reason = '${reason}' ${decided}`,
      ),
    ).toBeNull();
  });

  test('two processes that write at once leave one chain', async () => {
    const store = newStore();
    const ledgers = [await store.open(), await store.open()];
    const about = (at: number) => inputAbout({ resource: `/${at}`, action: { limit_scope: 'resource' } });
    await Promise.all(
      Array.from({ length: 30 }, async (_, at) => {
        const ledger = ledgers[at % 2]!;
        await runOnce(ledger, about(at));
      }),
    );
    expect(await store.verify()).toMatchObject({ problem: null, rows: 60 });
  });
}
