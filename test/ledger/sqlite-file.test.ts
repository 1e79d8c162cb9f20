import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { LedgerUnavailable, LedgerUnusable } from '../../src/ledger/ledger.ts';
import { NOW } from '../support/decision.ts';
import { tempDir } from '../support/temp.ts';
import { sqliteStore } from './sqlite-store.ts';
import { claim, inputAbout, owner, step } from './support.ts';

const PROGRAMS = join(import.meta.dirname, 'programs');

describe('the file', () => {
  test('is created with its folder, for its owner only, and nothing else is left', async () => {
    const store = sqliteStore();
    const before = process.umask(0);
    const ledger = await store.open();
    await claim(ledger);
    for (const name of readdirSync(dirname(store.path))) {
      expect([name, (statSync(join(dirname(store.path), name)).mode & 0o777).toString(8)]).toEqual([name, '600']);
    }
    await ledger.close();
    process.umask(before);
    expect(readdirSync(dirname(store.path))).toEqual(['forestall.db']);
  });

  test('keeps everything over a new opening; closing twice is safe; closed is closed', async () => {
    const store = sqliteStore();
    const ledger = await store.open();
    const hold = await claim(ledger);
    await Promise.all([ledger.close(), ledger.close()]);
    await expect(ledger.record([inputAbout()], owner())).rejects.toThrow(LedgerUnavailable);
    await expect(ledger.facts(inputAbout())).rejects.toThrow(LedgerUnavailable);
    const reopened = await store.open();
    expect(await reopened.execution(hold.execution_id)).toMatchObject({ state: 'claimed' });
    expect(await reopened.advance(hold, step('expired', NOW))).toBe(true);
  });

  test('opened by ten at once while it is new, all work on the same one', async () => {
    const store = sqliteStore();
    const ledgers = await Promise.all(Array.from({ length: 10 }, () => store.open()));
    const answers = await Promise.all(ledgers.map((ledger) => ledger.record([inputAbout()], owner())));
    expect(answers.flat().filter(({ hold }) => hold !== null)).toHaveLength(1);
    expect(readdirSync(dirname(store.path)).filter((name) => name.includes('new'))).toEqual([]);
  });

  test('that `VACUUM INTO` made, in which readers and the writer wait for each other, has its log again when it is opened', async () => {
    const [store, copy] = [sqliteStore(), sqliteStore(join(tempDir(), 'copy.db'))];
    const ledger = await store.open();
    const hold = await claim(ledger);
    const db = new DatabaseSync(store.path);
    db.exec(`VACUUM INTO '${copy.path}'`);
    db.close();
    const modeOf = () => readFileSync(copy.path).subarray(18, 20).join();
    expect(modeOf()).toBe('1,1');
    const opened = await Promise.all(Array.from({ length: 10 }, () => copy.open()));
    expect(modeOf()).toBe('2,2');
    for (const one of opened) expect(await one.execution(hold.execution_id)).toMatchObject({ state: 'claimed' });
    const reader = new DatabaseSync(copy.path);
    reader.exec('BEGIN; SELECT count(*) FROM executions');
    expect(await opened[0]!.advance(hold, step('expired', NOW))).toBe(true);
    reader.close();
  });

  test.each([
    ['text', (path: string) => writeFileSync(path, 'predictions: []\n'), /not an SQLite database.*move it away/],
    ['nothing', (path: string) => writeFileSync(path, ''), /empty file.*restore it from a backup/],
    ['the database of another program', foreign, /another program.*`store`/],
    [
      'an SQLite header and noise',
      (path: string) => writeFileSync(path, `SQLite format 3\0${'#'.repeat(9_000)}`),
      /damaged|not an SQLite/,
    ],
  ])('that holds %s is refused and left as it is', async (_what, make, message) => {
    const store = sqliteStore(join(tempDir(), 'x.db'));
    make(store.path);
    const before = readFileSync(store.path);
    const opening = store.open();
    await expect(opening).rejects.toThrow(LedgerUnusable);
    await expect(opening).rejects.toThrow(message);
    expect(readFileSync(store.path).equals(before)).toBe(true);
  });

  function foreign(path: string): void {
    const db = new DatabaseSync(path);
    db.exec('CREATE TABLE decisions (id TEXT); PRAGMA user_version = 1');
    db.close();
  }

  test.each([
    ['a newer schema', 'PRAGMA user_version = 99', /schema 99.*newer/],
    ['a table missing', 'DROP TABLE reports', /lacks reports/],
  ])('with %s is refused', async (_what, sql, message) => {
    const store = sqliteStore();
    await (await store.open()).close();
    const db = new DatabaseSync(store.path);
    db.exec(sql);
    db.close();
    await expect(store.open()).rejects.toThrow(message);
    await expect(store.open()).rejects.toThrow(LedgerUnusable);
  });

  test.each([
    ['cut in half', (path: string) => truncateSync(path, Math.floor(statSync(path).size / 2))],
    ['cut in a page', (path: string) => truncateSync(path, statSync(path).size - 100)],
    ['overwritten in the middle', (path: string) => writeFileSync(path, readFileSync(path).fill('#', 8_192, 90_000))],
  ])('%s is refused', async (_what, damage) => {
    const store = sqliteStore();
    const ledger = await store.open();
    await ledger.record(
      Array.from({ length: 50 }, (_, at) => ({ ...inputAbout({ resource: `/${at}` }), unsafe_value: 'x' })),
      owner(),
    );
    await ledger.close();
    damage(store.path);
    const size = statSync(store.path).size;
    await expect(store.open()).rejects.toThrow(LedgerUnusable);
    expect(statSync(store.path).size).toBe(size);
  });

  test('that cannot be written is not available, and says whom it has to belong to', async () => {
    const store = sqliteStore(join(tempDir(), 'x.db'));
    await (await store.open()).close();
    chmodSync(dirname(store.path), 0o755);
    chmodSync(store.path, 0o444);
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const child = spawn(process.execPath, [join(PROGRAMS, 'unwritable.ts'), store.path], { ...nobody, stdio: 'pipe' });
    const [text] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
    expect(text).toMatch(/^LedgerUnavailable .*x\.db cannot be written.*writable by this user/);
  });
});
