import { expect, test } from 'vitest';
import { DAY, HOUR, MINUTE, NOW } from '../../support/decision.ts';
import type { TestStore } from '../contract.ts';
import { claim, inputAbout, step } from '../support.ts';

export function pausesAndReports(newStore: () => TestStore): void {
  test('pauses are kept by name, seen by others, over a new opening, until they end', async () => {
    const store = newStore();
    let now = NOW;
    const clock = () => now;
    const [ledger, other] = [await store.open({ now: clock }), await store.open({ now: clock })];
    await ledger.pause({ name: 'manual', reason: 'upgrade', since: NOW, until: null });
    await ledger.pause({ name: 'night', reason: null, since: NOW + 1, until: NOW + HOUR });
    await ledger.pause({ name: 'manual', reason: 'longer upgrade', since: NOW, until: NOW + 2 * HOUR });
    await ledger.close();
    expect(await other.pauses()).toEqual([
      { name: 'manual', reason: 'longer upgrade', since: NOW, until: NOW + 2 * HOUR },
      { name: 'night', reason: null, since: NOW + 1, until: NOW + HOUR },
    ]);
    now = NOW + HOUR;
    expect((await other.pauses()).map(({ name }) => name)).toEqual(['manual']);
    expect(await other.resume('night')).toBe(0);
    expect(await other.resume('nobody')).toBe(0);
    expect(await other.resume('manual')).toBe(1);
    expect(await other.pauses()).toEqual([]);
  });

  test('resume without a name lifts all', async () => {
    const ledger = await newStore().open();
    for (const name of ['a', 'b']) await ledger.pause({ name, reason: null, since: NOW, until: null });
    expect(await ledger.resume(null)).toBe(2);
    expect(await ledger.resume(null)).toBe(0);
  });

  test('an end leaves with its reports, as it stands after the step; a step that is refused leaves none', async () => {
    const ledger = await newStore().open();
    const hold = await claim(ledger);
    await ledger.advance({ ...hold, fence: 8 }, step('failed', NOW, { reports: ['discord'] }));
    expect((await ledger.summary(NOW)).reports_pending).toEqual([]);
    await ledger.advance(hold, step('rejected', NOW + 5, { reports: ['discord', 'context_log'] }));
    const execution = await ledger.execution(hold.execution_id);
    expect((await ledger.summary(NOW)).reports_pending.toSorted((a, b) => (a.channel < b.channel ? -1 : 1))).toEqual([
      { channel: 'context_log', count: 1 },
      { channel: 'discord', count: 1 },
    ]);
    expect(await ledger.takeReports('discord', NOW + 5, 5, MINUTE)).toEqual([
      {
        id: expect.any(Number),
        channel: 'discord',
        subject: { kind: 'execution', execution },
        created_at: NOW + 5,
        attempts: 0,
      },
    ]);
  });

  test('a report is leased to one, comes back when the lease is over, and waits after a failure', async () => {
    const store = newStore();
    const [ledger, other] = [await store.open(), await store.open()];
    for (const resource of ['/a', '/b', '/c']) {
      await ledger.advance(
        await claim(ledger, inputAbout({ resource })),
        step('rejected', NOW, { reports: ['discord'] }),
      );
    }
    const taken = (await Promise.all([ledger, other].map((l) => l.takeReports('discord', NOW, 2, MINUTE)))).flat();
    expect(new Set(taken.map(({ id }) => id)).size).toBe(3);
    expect(await other.takeReports('discord', NOW + MINUTE - 1, 9, MINUTE)).toEqual([]);

    const oldestFirst = taken.map(({ id }) => id).sort((a, b) => a - b);
    await ledger.reportDone(oldestFirst[1]!, 'delivered');
    await ledger.reportFailed(oldestFirst[0]!, NOW + HOUR);
    const back = await other.takeReports('discord', NOW + MINUTE, 9, MINUTE);
    expect(back.map(({ id, attempts }) => [id, attempts])).toEqual([[oldestFirst[2], 0]]);
    const later = await other.takeReports('discord', NOW + HOUR, 9, MINUTE);
    expect(later.map(({ id, attempts }) => [id, attempts])).toEqual([
      [oldestFirst[0], 1],
      [oldestFirst[2], 0],
    ]);
  });

  test('what became of the reports of an execution stays on record', async () => {
    const ledger = await newStore().open();
    const hold = await claim(ledger);
    await ledger.advance(hold, step('rejected', NOW, { reports: ['discord', 'context_log'] }));
    const waits = (channel: string, attempts = 0) => ({ channel, result: 'waiting', attempts, at: null });
    expect(await ledger.reportsOf(hold.execution_id)).toEqual([waits('discord'), waits('context_log')]);
    const [discord] = await ledger.takeReports('discord', NOW, 1, MINUTE);
    await ledger.reportFailed(discord!.id, NOW + 1);
    expect(await ledger.reportsOf(hold.execution_id)).toEqual([waits('discord', 1), waits('context_log')]);
    await ledger.reportDone(discord!.id, 'delivered');
    const told = { channel: 'discord', result: 'delivered', attempts: 2, at: expect.any(Number) };
    expect(await ledger.reportsOf(hold.execution_id)).toEqual([told, waits('context_log')]);
    await ledger.reportDone(discord!.id, 'delivered');
    expect(await ledger.dropReports(NOW + 1)).toBe(1);
    expect(await ledger.reportsOf(hold.execution_id)).toEqual([
      told,
      { channel: 'context_log', result: 'dropped', attempts: 0, at: expect.any(Number) },
    ]);
    expect(await ledger.reportsOf('exec_other')).toEqual([]);
  });

  test('a lease from a clock that was far ahead does not hold a report for ever', async () => {
    const ledger = await newStore().open();
    await ledger.advance(await claim(ledger), step('rejected', NOW, { reports: ['discord'] }));
    expect(await ledger.takeReports('discord', NOW + 400 * DAY, 1, MINUTE)).toHaveLength(1);
    expect(await ledger.takeReports('discord', NOW, 1, MINUTE)).toHaveLength(1);
  });

  test('old reports are dropped and counted', async () => {
    const ledger = await newStore().open();
    for (const at of [NOW, NOW + 1, NOW + 2]) {
      await ledger.advance(
        await claim(ledger, inputAbout({ resource: `/${at}` })),
        step('rejected', at, { reports: ['discord'] }),
      );
    }
    expect(await ledger.dropReports(NOW + 2)).toBe(2);
    expect(await ledger.dropReports(NOW + 2)).toBe(0);
    expect((await ledger.summary(NOW)).reports_pending).toEqual([{ channel: 'discord', count: 1 }]);
  });
}
