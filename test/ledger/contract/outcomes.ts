import { expect, test } from 'vitest';
import type { Ledger, Verdict } from '../../../src/ledger/ledger.ts';
import { DAY, HOUR, NOW, permittingPolicy } from '../../support/decision.ts';
import type { TestStore } from '../contract.ts';
import { claim, inputAbout, owner, runOnce, step } from '../support.ts';

const AFTER = { after: DAY, expect: null };
const ENDED = NOW + 1000;

const verdict = (changes: Partial<Verdict> = {}): Verdict => ({
  outcome: 'effective',
  message: 'critical in 20 days',
  days_after: 20,
  at: ENDED + DAY,
  min_days_gained: null,
  reports: [],
  ...changes,
});

/** A run that succeeds at this time, about `/srv` unless told otherwise; its id. */
const run = (ledger: Ledger, now = NOW, about: Parameters<typeof inputAbout>[0] = {}, verify = AFTER) =>
  runOnce(ledger, inputAbout({ now, ...about }), 'succeeded', { verify });

/** What Discord would be told, as kinds and outcomes, and takes it off the queue. */
async function told(ledger: Ledger): Promise<unknown[]> {
  const reports = await ledger.takeReports('discord', NOW + 99 * DAY, 50, 1);
  for (const { id } of reports) await ledger.reportDone(id, 'delivered');
  return reports.map(({ subject }) => (subject.kind === 'masking' ? subject.masking.reasons : subject.kind));
}

export function outcomes(newStore: () => TestStore): void {
  test('a run that succeeded is due after its time, the longest overdue first, with what was expected', async () => {
    const ledger = await newStore().open();
    const late = await run(ledger, NOW, { resource: '/late' }, { after: 2 * DAY, expect: null });
    const soon = await runOnce(ledger, inputAbout({ resource: '/soon' }), 'succeeded', {
      verify: { after: HOUR, expect: 'disk_usage < 85%' },
    });
    expect(await ledger.execution(soon)).toMatchObject({
      verify_at: ENDED + HOUR,
      verified_at: null,
      outcome: null,
      outcome_message: null,
      days_before: 8.2,
      days_after: null,
    });
    expect(await ledger.due(ENDED + HOUR - 1, 10)).toEqual([]);
    expect(await ledger.due(ENDED + HOUR, 10)).toEqual([
      { execution: await ledger.execution(soon), expect: 'disk_usage < 85%' },
    ]);
    const all = await ledger.due(ENDED + 2 * DAY, 10);
    expect(all.map(({ execution }) => execution.id)).toEqual([soon, late]);
    expect(await ledger.due(ENDED + 2 * DAY, 1)).toHaveLength(1);
  });

  test('only a run that succeeded is', async () => {
    const ledger = await newStore().open();
    for (const end of ['failed', 'interrupted'] as const) {
      const id = await runOnce(ledger, inputAbout(), end);
      expect(await ledger.execution(id)).toMatchObject({ state: end, verify_at: null, outcome: null });
      expect(await ledger.verify(id, verdict())).toBeNull();
    }
    const stopped = await claim(ledger);
    await ledger.advance(stopped, step('rejected', NOW));
    expect(await ledger.due(NOW + 999 * DAY, 10)).toEqual([]);
    expect((await ledger.facts(inputAbout({ now: NOW + DAY }))).settling).toBeNull();
    expect((await ledger.summary(NOW)).outcomes).toEqual([]);
  });

  test('until its outcome is on record the target is held, and no other', async () => {
    const store = newStore();
    const [ledger, other] = [await store.open(), await store.open()];
    const id = await run(ledger);
    const settling = { execution_id: id, ended_at: ENDED, verify_at: ENDED + DAY };
    const about = (now: number, changes = {}) => inputAbout({ now, ...changes });
    expect((await other.facts(about(NOW + HOUR))).settling).toEqual(settling);
    const [held] = await other.record([about(NOW + HOUR)], owner());
    expect(held!.decision).toMatchObject({ reason: 'settling', next_attempt_at: ENDED + DAY, execution_id: null });
    for (const elsewhere of [{ resource: '/other' }, { host: null }, { prediction_type: 'x' }]) {
      expect((await other.facts(about(NOW + HOUR, elsewhere))).settling).toBeNull();
    }
    // The mode of dry runs is an arithmetic of its own, and an execution does not wait for itself.
    const policy = permittingPolicy({ dry_run_mode: true });
    expect((await other.facts(about(NOW + HOUR, { policy }))).settling).toBeNull();
    expect((await other.facts(about(NOW + HOUR), id)).settling).toBeNull();
    // Overdue and not verified: held all the same.
    for (const now of [ENDED + DAY, NOW + 99 * DAY]) {
      expect((await other.record([about(now)], owner()))[0]!.decision.reason).toBe('settling');
    }
    await ledger.verify(id, verdict({ outcome: 'unknown', days_after: null }));
    expect((await other.facts(about(NOW + HOUR))).settling).toBeNull();
    expect((await other.record([about(NOW + 2 * DAY)], owner()))[0]!.hold).not.toBeNull();
  });

  test('a run that settled since the claim holds the last look of another playbook on the target', async () => {
    const ledger = await newStore().open();
    const second = inputAbout({ action: { playbook: 'other' } });
    const hold = await claim(ledger, second);
    await run(ledger);
    expect(await ledger.begin(hold, second, 'go')).toMatchObject({ reason: 'settling' });
  });

  test('of fifty at once over two processes one records the outcome, and nobody changes it', async () => {
    const store = newStore();
    const ledgers = [await store.open(), await store.open()];
    const id = await run(ledgers[0]!);
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        ledgers[at % 2]!.verify(id, verdict({ message: `by ${at}`, reports: ['discord'] })),
      ),
    );
    const [won, ...others] = all.filter((one) => one !== null);
    expect(others).toEqual([]);
    expect(won!.execution).toMatchObject({ outcome: 'effective', days_before: 8.2, days_after: 20 });
    expect(won!.execution.verified_at).toBe(ENDED + DAY);
    const { execution } = won!;
    expect(await ledgers[1]!.verify(id, verdict({ outcome: 'ineffective', days_after: 1 }))).toBeNull();
    expect(await ledgers[1]!.execution(id)).toEqual(execution);
    expect(await ledgers[1]!.due(NOW + 99 * DAY, 10)).toEqual([]);
    expect(await told(ledgers[0]!)).toEqual(['outcome']);
    expect(await ledgers[0]!.reportsOf(id)).toMatchObject([{ channel: 'discord', result: 'delivered' }]);
    const { outcomes: counted, prevented_incidents } = await ledgers[1]!.summary(NOW);
    expect(counted).toEqual([{ playbook: 'disk-cleanup', outcome: 'effective', count: 1 }]);
    expect(prevented_incidents).toBe(1);
  });

  test('ineffective runs count for the circuit breaker like failed ones, and prevented nothing', async () => {
    const ledger = await newStore().open();
    const policy = permittingPolicy({ max_daily_executions: null, circuit_breaker: { failures: 3, reset_after: DAY } });
    for (const [at, outcome] of (['effective', 'ineffective', 'unknown'] as const).entries()) {
      await ledger.verify(await run(ledger, NOW + at * HOUR), verdict({ outcome }));
    }
    const asked = (now: number) => inputAbout({ now, policy });
    expect((await ledger.facts(asked(NOW + 3 * HOUR))).runs.map(({ state }) => state)).toEqual([
      'succeeded',
      'ineffective',
      'succeeded',
    ]);
    await ledger.verify(await run(ledger, NOW + 3 * HOUR), verdict({ outcome: 'ineffective' }));
    await runOnce(ledger, inputAbout({ now: NOW + 4 * HOUR }), 'failed');
    await ledger.verify(await run(ledger, NOW + 5 * HOUR), verdict({ outcome: 'ineffective' }));
    const [recorded] = await ledger.record([asked(NOW + 6 * HOUR)], owner());
    expect(recorded!.decision).toMatchObject({ verdict: 'escalated', reason: 'circuit_open' });
    expect((await ledger.runsSince('disk-cleanup', 'live', NOW + 5 * HOUR)).map(({ state }) => state)).toEqual([
      'ineffective',
    ]);
    expect((await ledger.summary(NOW)).prevented_incidents).toBe(1);
  });

  test('the gain is that of the last verified run of the playbook, where it is a number', async () => {
    const ledger = await newStore().open();
    expect(await ledger.lastGain('disk-cleanup')).toBeNull();
    const gainAfter = async (day: number, changes: Partial<Verdict>) => {
      const id = await run(ledger, NOW + day * DAY);
      await ledger.verify(id, verdict({ at: NOW + day * DAY + HOUR, ...changes }));
      return await ledger.lastGain('disk-cleanup');
    };
    expect(await gainAfter(1, { days_after: 20 })).toBeCloseTo(11.8);
    expect(await gainAfter(2, { days_after: 7.2, outcome: 'ineffective' })).toBeCloseTo(-1);
    expect(await gainAfter(3, { days_after: null })).toBeNull();
    expect(await gainAfter(4, { days_after: 9.2 })).toBeCloseTo(1);
    expect(await gainAfter(5, { days_after: null, outcome: 'unknown' })).toBeNull();
    expect(await ledger.lastGain('another')).toBeNull();
  });

  test('the third run of a target in 30 days is escalated, once; unknown ones and others do not count', async () => {
    const ledger = await newStore().open();
    const after = async (day: number, changes: Partial<Verdict> = {}, about = {}) => {
      const id = await run(ledger, NOW + day * DAY, about);
      const recorded = await ledger.verify(id, verdict({ reports: ['discord'], ...changes }));
      return { recorded: recorded!, told: await told(ledger) };
    };
    expect((await after(0)).told).toEqual(['outcome']);
    expect((await after(1, {}, { resource: '/other' })).told).toEqual(['outcome']);
    expect((await after(2, { outcome: 'unknown', days_after: null, reports: [] })).told).toEqual([]);
    expect((await after(10, { outcome: 'ineffective', days_after: 8 })).told).toEqual(['outcome']);
    // One message: it tells of the outcome too.
    const third = await after(29, { days_after: 12 });
    expect(third.told).toEqual([['returns']]);
    expect(third.recorded.masking?.runs.map(({ outcome, days_after }) => [outcome, days_after])).toEqual([
      ['effective', 12],
      ['ineffective', 8],
      ['effective', 20],
    ]);
    expect((await after(31)).told).toEqual(['outcome']);
    // Rarer for a while, then again: people are told anew.
    expect((await after(75)).told).toEqual(['outcome']);
    expect((await after(80)).told).toEqual(['outcome']);
    expect((await after(85)).told).toEqual([['returns']]);
  });

  test('a gain below min_days_gained is escalated once, until a run gains enough again', async () => {
    const ledger = await newStore().open();
    const toldAfter = async (days_after: number | null, day: number, min: number | null = 5) => {
      const id = await run(ledger, NOW + day * DAY);
      await ledger.verify(id, verdict({ days_after, min_days_gained: min }));
      return await told(ledger);
    };
    expect(await toldAfter(14, 0)).toEqual([]);
    expect(await toldAfter(13, 40)).toEqual([['gain']]);
    expect(await toldAfter(11, 80)).toEqual([]);
    expect(await toldAfter(null, 120)).toEqual([]);
    expect(await toldAfter(8, 160)).toEqual([['gain']]);
    expect(await toldAfter(1, 200, null)).toEqual([]);
  });
}
