import { expect, test } from 'vitest';
import { DAY, HOUR, MINUTE, NOW } from '../../support/decision.ts';
import type { TestStore } from '../contract.ts';

/** What was measured, and what was forecast. */
export function samplesAndForecasts(newStore: () => TestStore): void {
  test('samples are kept in order by series; other processes see them', async () => {
    const store = newStore();
    const [one, other] = [await store.open({ now: () => NOW }), await store.open({ now: () => NOW })];
    expect(
      await one.samples.add([
        { series: 'a', at: NOW - 2 * MINUTE, value: 0.5 },
        { series: 'a', at: NOW - MINUTE, value: 0.6 },
        { series: 'b', at: NOW - MINUTE, value: 0.1 },
      ]),
    ).toBe(3);
    expect(await other.samples.since('a', 0)).toEqual([
      [NOW - 2 * MINUTE, 0.5],
      [NOW - MINUTE, 0.6],
    ]);
    expect(await other.samples.since('a', NOW - MINUTE)).toEqual([[NOW - MINUTE, 0.6]]);
    expect(await other.samples.since('c', 0)).toEqual([]);
  });

  test('what is no number, out of order or dated ahead is dropped', async () => {
    const ledger = await newStore().open({ now: () => NOW });
    const add = (at: number, value: number) => ledger.samples.add([{ series: 'a', at, value }]);
    expect(await add(NOW, 0.5)).toBe(1);
    expect(await add(NOW, 0.7)).toBe(0);
    expect(await add(NOW - HOUR, 0.7)).toBe(0);
    expect(await add(NOW + HOUR, 0.7)).toBe(0);
    expect(await add(NOW + MINUTE, Number.NaN)).toBe(0);
    expect(await ledger.samples.since('a', 0)).toEqual([[NOW, 0.5]]);
  });

  test('what a clock that was ahead left behind does not hold off what comes after it', async () => {
    let now = NOW + 300 * DAY;
    const ledger = await newStore().open({ now: () => now });
    await ledger.samples.add([{ series: 'a', at: now, value: 0.9 }]);
    now = NOW;
    expect(await ledger.samples.since('a', 0)).toEqual([]);
    expect(await ledger.samples.add([{ series: 'a', at: now, value: 0.5 }])).toBe(1);
    expect(await ledger.samples.since('a', 0)).toEqual([[NOW, 0.5]]);
  });

  test('a year of samples every five minutes is thinned to 2,000', async () => {
    let now = NOW;
    const ledger = await newStore().open({ now: () => now });
    await ledger.samples.add([{ series: 'gone', at: NOW, value: 0.1 }]);
    // A day at once: the store sees the clock at its end.
    for (let day = 0; day < 70; day += 1) {
      now = NOW + (day + 1) * DAY;
      const samples = Array.from({ length: 288 }, (_, i) => ({
        series: 'a',
        at: NOW + day * DAY + (i + 1) * 5 * MINUTE,
        value: i / 288,
      }));
      expect(await ledger.samples.add(samples)).toBe(288);
    }
    const kept = await ledger.samples.since('a', 0);
    const age = kept.map(([at]) => now - at);
    expect(Math.max(...age)).toBeLessThanOrEqual(60 * DAY);
    expect(age.filter((old) => old <= 2 * DAY)).toHaveLength(577);
    const older = kept.filter(([at]) => now - at > 2 * DAY + HOUR);
    expect(new Set(older.map(([at]) => Math.floor(at / HOUR))).size).toBe(older.length);
    expect(older.length).toBeGreaterThan(57 * 24);
    expect(kept.length).toBeLessThan(2_050);
    expect(await ledger.samples.since('gone', 0)).toEqual([]);
  });

  test('a pass takes the place of the one before it, source by source', async () => {
    const store = newStore();
    const [{ forecasts }, other] = [await store.open(), await store.open()];
    const many = Array.from({ length: 1_200 }, (_, i) => ({ target: `t${String(i).padStart(4, '0')}`, body: `${i}` }));
    await forecasts.replace('one', NOW, many);
    await forecasts.replace('two', NOW, [{ target: 't0000', body: 'x' }]);
    expect(await other.forecasts.of('one')).toEqual(many.map((entry) => ({ at: NOW, ...entry })));
    await forecasts.replace('one', NOW + HOUR, [{ target: 't0001', body: 'new' }]);
    expect(await other.forecasts.of('one')).toEqual([{ at: NOW + HOUR, target: 't0001', body: 'new' }]);
    expect(await other.forecasts.of('two')).toHaveLength(1);
    expect(await other.forecasts.of('three')).toEqual([]);
  });

  test('a report with a mark is told once over all processes, until the mark is forgotten', async () => {
    const store = newStore();
    const ledgers = await Promise.all([store.open(), store.open(), store.open()]);
    const report = { source: 'file:/x', trouble: 'down', problem: 'p', since: NOW, at: NOW } as const;
    const tell = () =>
      Promise.all(
        ledgers.map((one) => one.reportOnce('m', { channel: 'discord', subject: { kind: 'source', report } })),
      );
    expect((await tell()).filter((told) => told)).toHaveLength(1);
    expect((await tell()).filter((told) => told)).toHaveLength(0);
    const taken = await ledgers[0]!.takeReports('discord', Date.now() + MINUTE, 10, MINUTE);
    expect(taken.map(({ subject }) => subject)).toEqual([{ kind: 'source', report }]);
    expect(await ledgers[1]!.forgetReport('m')).toBe(true);
    expect(await ledgers[1]!.forgetReport('m')).toBe(false);
    expect((await tell()).filter((told) => told)).toHaveLength(1);
  });
}
