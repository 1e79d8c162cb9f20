import { monitorEventLoopDelay } from 'node:perf_hooks';
import { beforeAll, describe, expect, test } from 'vitest';
import { LedgerUnavailable } from '../../src/ledger/ledger.ts';
import { NOW } from '../support/decision.ts';
import { PASSWORD, type PostgresServer, startPostgres, withPostgres } from '../support/postgres.ts';
import { startProxy } from '../support/proxy.ts';
import { eventually } from '../support/wait.ts';
import { postgresStore } from './postgres-store.ts';
import { claim, inputAbout, owner, step } from './support.ts';

const refused = { ...inputAbout(), unsafe_value: 'it holds a newline' };

async function timed(work: Promise<unknown>): Promise<{ readonly error: unknown; readonly ms: number }> {
  const start = performance.now();
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  return { error, ms: performance.now() - start };
}

describe.skipIf(!withPostgres)('while PostgreSQL cannot be used', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });

  /** A ledger over a way that can be cut. */
  async function overProxy() {
    const store = postgresStore(server);
    const proxy = await startProxy(server.port);
    const ledger = await store.open({ store: server.store(store.database, { host: '127.0.0.1', port: proxy.port }) });
    return { store, proxy, ledger };
  }

  /** Whatever is called is refused in time, and the event loop runs on. */
  async function expectRefusals(ledger: Awaited<ReturnType<typeof overProxy>>['ledger'], forAbout: number) {
    const delays = monitorEventLoopDelay({ resolution: 5 });
    delays.enable();
    const start = performance.now();
    do {
      const calls = await Promise.all([
        timed(ledger.record([inputAbout()], owner())),
        timed(ledger.facts(inputAbout())),
        timed(ledger.pause({ name: 'x', reason: null, since: NOW, until: null })),
        timed(ledger.heartbeat(owner(), NOW)),
        timed(ledger.summary(NOW)),
        timed(ledger.values.get('k')),
      ]);
      for (const { error, ms } of calls) {
        expect(error).toBeInstanceOf(LedgerUnavailable);
        expect(String(error)).not.toContain(PASSWORD);
        expect(ms).toBeLessThan(2_000);
      }
    } while (performance.now() - start < forAbout);
    delays.disable();
    expect(delays.max / 1e6).toBeLessThan(1_000);
  }

  test('a server that is stopped: every call is refused in time, and all is well when it is back', async () => {
    const { ledger } = await overProxy();
    const hold = await claim(ledger);
    await server.stop('SIGQUIT');
    try {
      await expectRefusals(ledger, 3_000);
    } finally {
      await server.start();
    }
    expect(await ledger.advance(hold, step('checking', NOW))).toBe(true);
    expect(await ledger.pauses()).toEqual([]);
    expect((await ledger.record([inputAbout()], owner()))[0]!.decision.reason).toBe('in_progress');
  }, 30_000);

  test('a restart between two calls is not noticed', async () => {
    const { ledger } = await overProxy();
    const hold = await claim(ledger);
    await Promise.all(Array.from({ length: 9 }, () => ledger.pauses()));
    await server.stop('SIGINT');
    await server.start();
    expect(await ledger.advance(hold, step('checking', NOW))).toBe(true);
    expect(await Promise.all(Array.from({ length: 9 }, () => ledger.pauses()))).toEqual(Array(9).fill([]));
  }, 30_000);

  test('a way that swallows everything: refused in time, and all is well when it is gone', async () => {
    const { ledger, proxy } = await overProxy();
    await ledger.record([refused], owner());
    proxy.hang(true);
    await expectRefusals(ledger, 1_000);
    proxy.hang(false);
    expect((await ledger.record([inputAbout()], owner()))[0]!.hold).not.toBeNull();
  }, 30_000);

  test.each([
    ['before the server has it', 'cut', 0],
    ['after the server has it', 'pass-then-cut', 1],
  ] as const)('cut off at the commit, %s: refused, and the same delivery again is safe', async (_when, fate, there) => {
    const { store, ledger, proxy } = await overProxy();
    proxy.rule = (chunk) => (chunk.includes('; COMMIT') ? fate : 'pass');
    await expect(ledger.record([inputAbout()], owner())).rejects.toThrow(LedgerUnavailable);
    proxy.rule = () => 'pass';
    const other = await store.open();
    await eventually(async () => (await other.executions({ limit: 5 })).items.length === there);
    const [again] = await ledger.record([inputAbout()], owner());
    expect(again!.decision.reason).toBe(there === 0 ? 'approved' : 'in_progress');
    expect((await other.executions({ limit: 5 })).items).toHaveLength(1);
    expect(await other.unfinished()).toMatchObject([{ owner: owner(), fence: 1 }]);
  });

  test('cut off before the commit: done again, once', async () => {
    const { ledger, proxy } = await overProxy();
    let cuts = 0;
    proxy.rule = (chunk) => (chunk.includes('INSERT INTO decisions') && cuts++ < 2 ? 'cut' : 'pass');
    expect((await ledger.record([inputAbout()], owner()))[0]!.hold).not.toBeNull();
    expect(cuts).toBeGreaterThan(1);
    expect((await ledger.executions({ limit: 5 })).items).toHaveLength(1);
    expect((await ledger.decisions({ limit: 5 })).items).toHaveLength(1);
  });

  test('who falls silent in a transaction loses the lock, and others go on', async () => {
    const { store, ledger, proxy } = await overProxy();
    const other = await store.open();
    await other.pauses();
    const held = new Promise<void>((resolve) => {
      proxy.rule = (chunk: Buffer) => {
        if (!chunk.includes('INSERT INTO decisions')) return 'pass';
        resolve();
        return 'hold';
      };
    });
    const silent = timed(ledger.record([inputAbout()], owner('silent')));
    await held;
    // On a slow machine the silence outlasts their patience: they are refused once, and come again.
    const { error, ms } = await timed(eventually(() => other.record([inputAbout()], owner('other'))));
    expect(error).toBeNull();
    expect(ms).toBeGreaterThan(500);
    proxy.rule = () => 'pass';
    expect((await silent).error).toBeInstanceOf(LedgerUnavailable);
    expect(await other.unfinished()).toMatchObject([{ owner: { id: 'other' } }]);
  });

  test('a lock that somebody holds: writes are refused in time, reads go on', async () => {
    const store = postgresStore(server);
    const ledger = await store.open();
    const holder = server.hold(store.database, 'BEGIN; SELECT FROM forestall.store FOR UPDATE');
    await holder.ready;
    const [write, read] = await Promise.all([timed(ledger.record([inputAbout()], owner())), timed(ledger.pauses())]);
    expect(write.error).toBeInstanceOf(LedgerUnavailable);
    expect(write.ms).toBeLessThan(2_000);
    expect(read).toMatchObject({ error: null });
    // A process says that it lives whoever holds the lock.
    expect(await timed(ledger.heartbeat(owner(), NOW))).toMatchObject({ error: null });
    await holder.end();
    expect((await ledger.record([inputAbout()], owner()))[0]!.hold).not.toBeNull();
  });

  test('one call that cannot be done leaves those beside it alone', async () => {
    const ledger = await postgresStore(server).open();
    const bad = { ...refused, target: { prediction_type: 'x', resource: 'y', host: null }, now: Number.NaN };
    const [one, wrong, other] = await Promise.allSettled([
      ledger.record([refused], owner()),
      ledger.record([bad], owner()),
      ledger.pause({ name: 'a', reason: null, since: NOW, until: null }),
    ]);
    expect([one.status, wrong.status, other.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await ledger.decisions({ limit: 5 })).items).toHaveLength(1);
    expect(await ledger.pauses()).toHaveLength(1);
  });

  test('more calls at once than connections', async () => {
    const ledger = await postgresStore(server).open();
    const all = await Promise.all(Array.from({ length: 80 }, () => ledger.summary(NOW)));
    expect(all).toHaveLength(80);
    expect(
      Number(server.sql('postgres', `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'forestall'`)),
    ).toBeLessThan(30);
  });

  test('closing waits for what was called, and ends every connection', async () => {
    const store = postgresStore(server);
    const ledger = await store.open();
    const last = ledger.record([inputAbout()], owner());
    await Promise.all([ledger.close(), ledger.close()]);
    expect((await last)[0]!.hold).not.toBeNull();
    await expect(ledger.pauses()).rejects.toThrow(LedgerUnavailable);
    await eventually(
      () => server.sql('postgres', `SELECT count(*) FROM pg_stat_activity WHERE datname = '${store.database}'`) === '0',
    );
  });
});
