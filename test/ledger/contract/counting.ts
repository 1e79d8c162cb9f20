import { expect, test } from 'vitest';
import { decide } from '../../../src/decision/decide.ts';
import type { DecisionInput } from '../../../src/decision/decision.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import { DAY, NOW } from '../../support/decision.ts';
import type { TestStore } from '../contract.ts';
import { claim, inputAbout, owner, runOnce, step } from '../support.ts';

async function count(ledger: Ledger, prediction_type: string, reason: string): Promise<number> {
  const { decisions } = await ledger.summary(NOW);
  return decisions.find((row) => row.prediction_type === prediction_type && row.reason === reason)?.count ?? 0;
}

const refused = (type = 'disk_exhaustion'): DecisionInput => ({
  ...inputAbout({ prediction_type: type }),
  unsafe_value: 'it holds a newline',
});

const resolved = (type: string | null): DecisionInput => {
  const input = inputAbout(type === null ? {} : { prediction_type: type });
  return { ...input, target: type === null ? null : input.target, alert: { ...input.alert!, status: 'resolved' } };
};

async function repeatOnce(ledger: Ledger, input: DecisionInput): Promise<void> {
  const draft = decide(input, await ledger.facts(input));
  if ((await ledger.repeat(input, draft)) === null) throw new Error('not a repeat');
}

async function ignoreOnce(ledger: Ledger, input: DecisionInput): Promise<void> {
  ledger.countIgnored(input, decide(input, await ledger.facts(input)));
}

export function counting(newStore: () => TestStore): void {
  test('a repeat of this moment is counted again; where the store cannot tell moments apart, it says so', async () => {
    const store = newStore();
    const [ledger, other] = [await store.open(), await store.open()];
    await ledger.record([refused()], owner());
    const moment = ledger.moment();
    const repeat = (await ledger.repeat(refused(), decide(refused(), await ledger.facts(refused()))))!;
    const again = ledger.again(repeat, NOW + 5);
    if (moment === null) expect(again).toBeNull();
    else {
      expect(ledger.moment()).toBe(moment);
      expect(again).toEqual({ ...repeat, decided_at: NOW + 5, repeats: 2, last_at: NOW + 5 });
      expect(ledger.again(repeat, NOW + 7)).toMatchObject({ repeats: 3, last_at: NOW + 7 });
      expect(await count(ledger, 'disk_exhaustion', 'unsafe_value')).toBe(4);
      // It is no repeat of what is on record now.
      await other.record([{ ...refused(), unsafe_value: null }], owner('process-b'));
      await expect.poll(() => ledger.moment()).not.toBe(moment);
      expect(ledger.again(repeat, NOW + 9)).toBeNull();
    }
    await ledger.close();
    expect(ledger.moment()).toBeNull();
  });

  test('records and repeats are counted at once, and once, over a new opening', async () => {
    const store = newStore();
    const ledger = await store.open();
    await ledger.record([refused(), refused()], owner());
    for (let at = 0; at < 5; at++) await repeatOnce(ledger, refused());
    expect(await count(ledger, 'disk_exhaustion', 'unsafe_value')).toBe(7);
    await ledger.close();
    const reopened = await store.open();
    expect(await count(reopened, 'disk_exhaustion', 'unsafe_value')).toBe(7);
    expect((await reopened.decisions({ limit: 2 })).items.map(({ repeats }) => repeats)).toEqual([6]);
  });

  test('counters of two processes add up', async () => {
    const store = newStore();
    const [one, two] = [await store.open(), await store.open()];
    await one.record([refused()], owner());
    for (let at = 0; at < 3; at++) {
      await repeatOnce(one, refused());
      await repeatOnce(two, refused());
    }
    await one.close();
    expect(await count(two, 'disk_exhaustion', 'unsafe_value')).toBe(7);
    await two.close();
    expect(await count(await store.open(), 'disk_exhaustion', 'unsafe_value')).toBe(7);
  });

  test('counters never go back while they are written back', async () => {
    const ledger = await newStore().open();
    await ledger.record([refused()], owner());
    let last = 0;
    const types = Array.from({ length: 130 }, (_, at) => `type-${at}`);
    for (let round = 0; round < 30; round++) {
      for (const type of types) await ignoreOnce(ledger, resolved(`${type}-${round % 10}`));
      await repeatOnce(ledger, refused());
      await ledger.notePass(NOW);
      const now = await count(ledger, 'disk_exhaustion', 'unsafe_value');
      expect(now).toBe(round + 2);
      const other = await count(ledger, 'other', 'not_firing');
      expect(other).toBeGreaterThanOrEqual(last);
      last = other;
    }
    expect(last).toBeGreaterThan(0);
  });

  test('ignored alerts are counted and not kept, also those without a type', async () => {
    const store = newStore();
    const ledger = await store.open();
    await ignoreOnce(ledger, resolved(null));
    expect(await count(ledger, '', 'not_firing')).toBe(1);
    await ignoreOnce(ledger, resolved('disk_exhaustion'));
    await ledger.close();
    const reopened = await store.open();
    expect(await count(reopened, '', 'not_firing')).toBe(1);
    expect(await count(reopened, 'disk_exhaustion', 'not_firing')).toBe(1);
    expect((await reopened.decisions({ limit: 5 })).items).toEqual([]);
  });

  test('a hundred prediction types are told apart, the rest is `other`', async () => {
    const store = newStore();
    const ledger = await store.open();
    await ledger.record(
      Array.from({ length: 130 }, (_, at) => refused(`type-${at}`)),
      owner(),
    );
    await repeatOnce(ledger, refused('type-1'));
    await repeatOnce(ledger, refused('type-129'));
    await ledger.record([refused('x'.repeat(5_000))], owner());
    const summary = await ledger.summary(NOW);
    expect(new Set(summary.decisions.map(({ prediction_type }) => prediction_type)).size).toBe(101);
    expect(await count(ledger, 'type-1', 'unsafe_value')).toBe(2);
    expect(await count(ledger, 'other', 'unsafe_value')).toBe(32);
    await ledger.close();
    expect(await count(await store.open(), 'other', 'unsafe_value')).toBe(32);
  });

  test('only real runs count as executions; an interrupted one is a failure of the week', async () => {
    const store = newStore();
    const ledger = await store.open();
    for (const [at, end] of (['succeeded', 'failed', 'interrupted'] as const).entries()) {
      await runOnce(ledger, inputAbout({ now: NOW + at }), end);
    }
    await ledger.advance(await claim(ledger, inputAbout({ now: NOW + 3, resource: '/b' })), step('rejected', NOW + 3));
    const rehearsed = await claim(ledger, inputAbout({ now: NOW + 4, resource: '/c' }));
    await ledger.advance(rehearsed, step('dry_run_only', NOW + 4, { counts_as: 'rehearsal' }));
    await claim(ledger, inputAbout({ now: NOW + 5, resource: '/d' }));
    await ledger.close();

    const reopened = await store.open();
    const summary = await reopened.summary(NOW + 5_000);
    expect(summary.executions.map(({ playbook, result, count: n }) => `${playbook} ${result} ${n}`).sort()).toEqual([
      'disk-cleanup failure 1',
      'disk-cleanup interrupted 1',
      'disk-cleanup success 1',
    ]);
    expect(summary).toMatchObject({
      week: { success: 1, failure: 2 },
      in_progress: [{ playbook: 'disk-cleanup', count: 1 }],
      last_run_at: NOW + 1_002,
      prevented_incidents: 0,
    });
    expect((await reopened.summary(NOW + 8 * DAY)).week).toEqual({ success: 0, failure: 0 });
    await reopened.notePass(NOW + DAY);
    expect((await reopened.summary(NOW + DAY)).last_run_at).toBe(NOW + DAY);
  });

  test('an empty ledger sums up to nothing', async () => {
    expect(await (await newStore().open()).summary(NOW)).toEqual({
      decisions: [],
      executions: [],
      week: { success: 0, failure: 0 },
      last_run_at: null,
      prevented_incidents: 0,
      outcomes: [],
      scored: [],
      in_progress: [],
      reports_pending: [],
    });
  });
}
