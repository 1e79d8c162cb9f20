import { expect, test } from 'vitest';
import { decide } from '../../../src/decision/decide.ts';
import type { DecisionInput } from '../../../src/decision/decision.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import { HOUR, MINUTE, NOW } from '../../support/decision.ts';
import type { TestStore } from '../contract.ts';
import { inputAbout, owner } from '../support.ts';

/** Decides as the loop does: a repeat in memory, anything else on record. */
async function decided(ledger: Ledger, input: DecisionInput): Promise<string> {
  const draft = decide(input, await ledger.facts(input));
  const repeated = draft.verdict === 'approved' ? null : await ledger.repeat(input, draft);
  return (repeated ?? (await ledger.record([input], owner()))[0]!.decision).reason;
}

const at = (now: number, resource: string) => inputAbout({ now, resource, action: { limit_scope: 'resource' } });

export function endedPauses(newStore: () => TestStore): void {
  test('a pause that is lifted says what it refused, repeats among it, and nothing from before', async () => {
    const ledger = await newStore().open();
    await ledger.pause({ name: 'old', reason: null, since: NOW, until: null });
    for (const minutes of [1, 2]) expect(await decided(ledger, at(NOW + minutes * MINUTE, '/a'))).toBe('kill_switch');
    expect(await ledger.lift('old')).toEqual([{ name: 'old', reason: null, since: NOW, until: null, refused: 2 }]);

    await ledger.pause({ name: 'new', reason: 'why', since: NOW + HOUR, until: null });
    await ledger.pause({ name: 'other', reason: null, since: NOW + HOUR, until: null });
    for (const minutes of [1, 2, 3]) await decided(ledger, at(NOW + HOUR + minutes * MINUTE, '/a'));
    await decided(ledger, at(NOW + HOUR + 4 * MINUTE, '/b'));
    expect(await ledger.lift('nobody')).toEqual([]);
    expect(await ledger.lift(null)).toEqual([
      { name: 'new', reason: 'why', since: NOW + HOUR, until: null, refused: 4 },
      { name: 'other', reason: null, since: NOW + HOUR, until: null, refused: 4 },
    ]);
    const refused = await ledger.refusedSince(NOW + HOUR, 9);
    expect(refused.map(({ target, last_at }) => [target?.resource, last_at])).toEqual([
      ['/b', NOW + HOUR + 4 * MINUTE],
      ['/a', NOW + HOUR + 3 * MINUTE],
    ]);
    expect(await ledger.refusedSince(NOW + HOUR, 1)).toHaveLength(1);
    expect(await ledger.refusedSince(NOW + 2 * HOUR, 9)).toEqual([]);
  });

  test('a pause whose time is over is told once over two processes, again when it was set again', async () => {
    let now = NOW;
    const clock = { now: () => now };
    const store = newStore();
    const ledgers = [await store.open(clock), await store.open(clock)];
    const set = (until: number) => ledgers[0]!.pause({ name: 'night', reason: null, since: now, until });
    const told = async () => (await Promise.all(ledgers.map((ledger) => ledger.takeEndedPauses()))).flat();
    await set(NOW + HOUR);
    await decided(ledgers[0]!, at(NOW + MINUTE, '/a'));
    expect(await told()).toEqual([]);
    now = NOW + HOUR + 1_999;
    expect(await told()).toEqual([]);
    now = NOW + HOUR + 2_000;
    expect(await told()).toEqual([{ name: 'night', reason: null, since: NOW, until: NOW + HOUR, refused: 1 }]);
    expect(await told()).toEqual([]);
    await set(now + 1);
    now += 2_001;
    expect(await told()).toMatchObject([{ refused: 0 }]);
  });
}
