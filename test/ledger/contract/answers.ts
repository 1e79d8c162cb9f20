import { expect, test } from 'vitest';
import type { Hold, Ledger } from '../../../src/ledger/ledger.ts';
import { NOW } from '../../support/decision.ts';
import type { TestStore } from '../contract.ts';
import { claim, inputAbout, owner, step } from '../support.ts';

const APPROVE = { by: 'ann', from: '192.0.2.7', at: NOW + 5, approve: true, message: 'approved by ann' };
const DENY = { ...APPROVE, approve: false, message: 'denied by ann' };

async function waiting(ledger: Ledger): Promise<Hold> {
  const hold = await claim(ledger);
  await ledger.advance(hold, step('awaiting_approval', NOW + 1));
  return hold;
}

export function answers(newStore: () => TestStore): void {
  test('an approval makes a new hold for its owner, and who gave it is on record', async () => {
    const store = newStore();
    const [ledger, other] = [await store.open(), await store.open()];
    const old = await waiting(ledger);
    const given = await other.answer(old.execution_id, owner('process-b'), APPROVE);
    expect(given).toEqual({
      execution: await ledger.execution(old.execution_id),
      hold: { execution_id: old.execution_id, fence: old.fence + 1 },
    });
    expect(given!.execution).toMatchObject({
      state: 'awaiting_approval',
      finished_at: null,
      answered: { by: 'ann', from: '192.0.2.7', at: NOW + 5 },
      message: 'approved by ann',
    });
    expect(await ledger.unfinished()).toMatchObject([{ fence: old.fence + 1, owner: { id: 'process-b' } }]);
    expect(await ledger.advance(old, step('expired', NOW + 6))).toBe(false);
    expect((await ledger.begin(given!.hold!, inputAbout(), 'go'))?.verdict).toBe('approved');
    expect(await ledger.execution(old.execution_id)).toMatchObject({ state: 'running', answered: { by: 'ann' } });
  });

  test('an approval without an owner is anybody’s to take over', async () => {
    const store = newStore();
    const [ledger, other] = [await store.open(), await store.open()];
    const { execution_id } = await waiting(ledger);
    const given = await ledger.answer(execution_id, null, { ...APPROVE, from: null });
    expect(given).toMatchObject({ hold: null, execution: { answered: { by: 'ann', from: null } } });
    const [row] = await other.unfinished();
    expect(row).toMatchObject({ owner: null, execution: { state: 'awaiting_approval' } });
    const holds = await Promise.all([ledger.adopt(row!, owner('a')), other.adopt(row!, owner('b'))]);
    expect(holds.filter((hold) => hold !== null)).toHaveLength(1);
  });

  test('a denial is the end, leaves with its report, and frees the scope', async () => {
    const ledger = await newStore().open();
    const { execution_id, fence } = await waiting(ledger);
    const given = await ledger.answer(execution_id, owner(), { ...DENY, reports: ['discord'] });
    expect(given).toMatchObject({
      hold: null,
      execution: { state: 'denied', finished_at: NOW + 5, message: 'denied by ann', answered: { by: 'ann' } },
    });
    expect(await ledger.takeReports('discord', NOW + 5, 9, 1000)).toMatchObject([
      { subject: { kind: 'execution', execution: { state: 'denied', answered: { by: 'ann' } } } },
    ]);
    expect(await ledger.advance({ execution_id, fence }, step('expired', NOW + 6))).toBe(false);
    expect(await claim(ledger)).toMatchObject({ fence: 1 });
  });

  test('only what waits can be answered', async () => {
    const ledger = await newStore().open();
    const hold = await claim(ledger);
    expect(await ledger.answer(hold.execution_id, owner(), APPROVE)).toBeNull();
    await ledger.advance(hold, step('awaiting_approval', NOW));
    await ledger.advance(hold, step('expired', NOW + 1));
    expect(await ledger.answer(hold.execution_id, owner(), DENY)).toBeNull();
    expect(await ledger.answer('nobody', owner(), APPROVE)).toBeNull();
    expect(await ledger.execution(hold.execution_id)).toMatchObject({ state: 'expired', answered: null });
  });

  test('of a hundred answers at once over two processes one wins', async () => {
    const store = newStore();
    const ledgers = [await store.open(), await store.open()];
    const { execution_id } = await waiting(ledgers[0]!);
    const all = await Promise.all(
      Array.from({ length: 100 }, (_, at) => {
        const given = at % 3 === 0 ? DENY : APPROVE;
        return ledgers[at % 2]!.answer(execution_id, owner(`process-${at % 2}`), { ...given, by: `person-${at}` });
      }),
    );
    const won = all.filter((answer) => answer !== null);
    expect(won).toHaveLength(1);
    expect(await ledgers[1]!.execution(execution_id)).toEqual(won[0]!.execution);
  });
}
