import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { decide } from '../../src/decision/decide.ts';
import { LedgerUnavailable } from '../../src/ledger/ledger.ts';
import { NOW } from '../support/decision.ts';
import { tempDir } from '../support/temp.ts';
import { eventually } from '../support/wait.ts';
import { sqliteStore } from './sqlite-store.ts';
import { claim, inputAbout, owner, step } from './support.ts';

const PROGRAMS = join(import.meta.dirname, 'programs');

/** Another process that holds the write lock until `release`. */
async function lock(path: string): Promise<{ release(): Promise<void> }> {
  const child = spawn(process.execPath, [join(PROGRAMS, 'lock.ts'), path], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return {
    async release() {
      const gone = once(child, 'exit');
      child.stdin.end();
      await gone;
    },
  };
}

async function timed(work: Promise<unknown>): Promise<{ readonly error: unknown; readonly ms: number }> {
  const start = performance.now();
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  return { error, ms: performance.now() - start };
}

describe('while the store cannot be used', () => {
  test('a lock held for ten seconds: every call is refused in time, the event loop runs on, then all is well', async () => {
    const store = sqliteStore();
    const ledger = await store.open();
    const input = { ...inputAbout(), unsafe_value: 'it holds a newline' };
    await ledger.record([input], owner());
    const draft = decide(input, await ledger.facts(input));

    const held = await lock(store.path);
    const delays = monitorEventLoopDelay({ resolution: 5 });
    delays.enable();
    const start = performance.now();
    while (performance.now() - start < 10_000) {
      const calls = await Promise.all([
        timed(ledger.record([inputAbout()], owner())),
        timed(ledger.pause({ name: 'x', reason: null, since: NOW, until: null })),
        timed(ledger.values.set('k', 'v', null)),
      ]);
      for (const { error, ms } of calls) {
        expect(error).toBeInstanceOf(LedgerUnavailable);
        expect(ms).toBeLessThan(2_000);
      }
      expect(await ledger.repeat(input, draft)).not.toBeNull();
      expect((await ledger.executions({ limit: 5 })).items).toEqual([]);
    }
    delays.disable();
    expect(delays.max / 1e6).toBeLessThan(1_000);
    await held.release();

    const recovered = await timed(ledger.record([inputAbout()], owner()));
    expect(recovered.error).toBeNull();
    expect(await ledger.pauses()).toEqual([]);
    expect((await ledger.executions({ limit: 5 })).items).toHaveLength(1);
  }, 30_000);

  test('more calls than may wait: the next ones are refused at once, the others in time, then all is well (fault 47)', async () => {
    const store = sqliteStore();
    const ledger = await store.open();
    const held = await lock(store.path);
    const calls = Array.from({ length: 5_200 }, (_, at) => timed(ledger.values.set(`k${at}`, 'v', null)));
    const last = await calls.at(-1)!;
    expect(String(last.error)).toMatch(/LedgerUnavailable: .* has 5\d\d\d calls waiting: too many/);
    const errors = (await Promise.all(calls)).map(({ error }) => error);
    expect(errors.every((error) => error instanceof LedgerUnavailable)).toBe(true);
    expect(errors.filter((error) => /too many/.test(String(error))).length).toBeLessThan(300);
    await held.release();
    await eventually(() => ledger.values.set('k', 'v', null).then(() => true));
  });

  test('calls that wait for a lock are done when it goes in time', async () => {
    const store = sqliteStore();
    const ledger = await store.open();
    const held = await lock(store.path);
    const recording = ledger.record([inputAbout()], owner());
    await held.release();
    expect((await recording)[0]!.hold).not.toBeNull();
  });

  test('a file that is moved away is not created anew, and is found again when it is back', async () => {
    const store = sqliteStore();
    const ledger = await store.open();
    const hold = await claim(ledger);
    const away = join(dirname(store.path), 'away.db');
    renameSync(store.path, away);
    await expect(ledger.advance(hold, step('checking', NOW))).rejects.toThrow(LedgerUnavailable);
    await expect(ledger.record([inputAbout()], owner())).rejects.toThrow(/is gone: put the file back/);
    renameSync(away, store.path);
    expect(await ledger.advance(hold, step('checking', NOW))).toBe(true);
  });

  test('a file that is replaced by another ledger is noticed before a claim is made on the old one', async () => {
    const [store, other] = [sqliteStore(), sqliteStore()];
    const ledger = await store.open();
    await claim(ledger, inputAbout({ resource: '/a', action: { limit_scope: 'resource' } }));
    await (await other.open()).close();
    copyFileSync(other.path, `${store.path}.copy`);
    renameSync(`${store.path}.copy`, store.path);
    for (const end of ['-wal', '-shm']) rmSync(store.path + end, { force: true });
    await expect(ledger.record([inputAbout()], owner())).rejects.toThrow(/replaced by another file/);
    expect((await ledger.record([inputAbout()], owner()))[0]!.hold).not.toBeNull();
    await eventually(async () => (await ledger.executions({ limit: 9 })).items.length === 1);
  });

  test('a full disk refuses what does not fit, keeps what is there, and recovers by itself', async () => {
    const folder = join(tempDir(), 'small');
    mkdirSync(folder);
    const program = join(PROGRAMS, 'full-disk.ts');
    const script = `mount -t tmpfs -o size=1m small '${folder}' && exec '${process.execPath}' '${program}' '${folder}'`;
    const child = spawn('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', script], { stdio: 'pipe' });
    let text = '';
    for (const output of [child.stdout, child.stderr]) output.setEncoding('utf8').on('data', (part) => (text += part));
    await once(child, 'close');
    expect(text).toMatch(/^(unavailable\n){1,2}kept\nrecovered undefined\n$/);
  });
});

describe('the thread that writes', () => {
  test('one call that fails does not fail those that share its commit', async () => {
    const ledger = await sqliteStore().open();
    const broken = { ...inputAbout(), policy: null as never };
    const [bad, good] = await Promise.allSettled([
      ledger.record([broken], owner()),
      ledger.record([inputAbout()], owner()),
    ]);
    expect(bad).toMatchObject({ status: 'rejected', reason: { name: 'Error' } });
    expect(good).toMatchObject({ status: 'fulfilled' });
    const uncloneable = { ...inputAbout(), trigger: (() => 'webhook') as never };
    await expect(ledger.record([uncloneable], owner())).rejects.toThrow(/could not be cloned/);
    await ledger.notePass(NOW);
  });

  test('a call is all or nothing', async () => {
    const ledger = await sqliteStore().open();
    const inputs = [inputAbout(), { ...inputAbout({ resource: '/b' }), policy: null as never }];
    await expect(ledger.record(inputs, owner())).rejects.toThrow();
    expect((await ledger.executions({ limit: 5 })).items).toEqual([]);
    expect((await ledger.decisions({ limit: 5 })).items).toEqual([]);
    expect((await ledger.summary(NOW)).decisions).toEqual([]);
  });

  test('that dies takes down only what waited, and is started again', async () => {
    const threads: Worker[] = [];
    const note = (thread: Worker) => threads.push(thread);
    process.on('worker', note);
    const warnings: string[] = [];
    const logger = { warn: (_details: object, message: string) => warnings.push(message) };
    const ledger = await sqliteStore().open({ logger });
    const hold = await claim(ledger, inputAbout({ resource: '/a', action: { limit_scope: 'resource' } }));

    // No message of ours: the thread ends with an error before it sees the next call.
    threads[0]!.postMessage(null);
    const { error, ms } = await timed(ledger.record([inputAbout({ action: { limit_scope: 'resource' } })], owner()));
    expect(error).toBeInstanceOf(LedgerUnavailable);
    expect(ms).toBeLessThan(2_000);
    expect(await eventually(() => ledger.advance(hold, step('checking', NOW)).catch(() => false))).toBe(true);
    expect(threads).toHaveLength(2);
    expect(warnings[0]).toMatch(/died and is started again/);
    process.off('worker', note);
    expect((await ledger.executions({ limit: 9, state: 'claimed' })).items).toEqual([]);
  });

  test('a claim that is made after its caller gave up is on record, with the owner that has to look for it', async () => {
    const ledger = await sqliteStore().open();
    const me = owner();
    const busy = ledger.record([inputAbout()], me);
    busy.catch(() => {});
    await new Promise((resolve) => setImmediate(resolve));
    // The answer arrives while this thread does not look: its timer is due first.
    const until = performance.now() + 2_000;
    while (performance.now() < until);
    await expect(busy).rejects.toThrow(LedgerUnavailable);
    const [orphan] = await eventually(async () => {
      const rows = await ledger.unfinished();
      return rows.length === 1 ? rows : null;
    });
    expect(orphan).toMatchObject({ execution: { state: 'claimed' }, owner: { id: me.id }, fence: 1 });
    const hold = await ledger.adopt(orphan!, me);
    expect(await ledger.advance(hold!, step('checking', NOW))).toBe(true);
  });

  test('that a slow disk holds up is left to end by itself, and closing is not held up by it', async () => {
    const threads: Worker[] = [];
    const note = (thread: Worker) => threads.push(thread);
    process.on('worker', note);
    const store = sqliteStore();
    const ledger = await store.open();
    process.off('worker', note);
    const holder = await lock(store.path);
    const waiting = timed(ledger.record([inputAbout()], owner()));
    const closing = timed(ledger.close());
    expect((await waiting).error).toBeInstanceOf(LedgerUnavailable);
    expect((await closing).ms).toBeLessThan(5_000);
    await holder.release();
    if (threads[0]!.threadId !== -1) await new Promise((resolve) => threads[0]!.once('exit', resolve));
    expect(threads[0]!.threadId).toBe(-1);
  });
});
