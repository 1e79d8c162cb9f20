import { expect, test } from 'vitest';
import type { PastDecision, PastExecution } from '../../../src/replay/record.ts';
import { DAY, HOUR, NOW } from '../../support/decision.ts';
import type { TestStore } from '../contract.ts';
import { inputAbout, owner, runOnce } from '../support.ts';

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

export function past(newStore: () => TestStore): void {
  test('decisions come with what they were made of, in their order, in more than one page', async () => {
    const ledger = await newStore().open();
    await ledger.pause({ name: 'work', reason: 'why', since: NOW, until: NOW + DAY });
    const mapped = { parameters: { token: 'not for a record' } };
    const inputs = Array.from({ length: 700 }, (_, at) =>
      inputAbout({ resource: `/${at}`, now: NOW + at, action: mapped }),
    );
    await ledger.record(inputs, owner());
    // Counted in memory: what is read has it.
    const again = { ...inputs[3]!, now: NOW + HOUR };
    expect(await ledger.repeat(again, { ...KILLED })).not.toBeNull();
    const found: PastDecision[] = await all(ledger.past.decisions(NOW + 2));
    expect(found.map(({ decision }) => decision.target?.resource)).toEqual(
      inputs.slice(2).map(({ target }) => target?.resource),
    );
    const { decision, basis } = found[1]!;
    expect(decision).toMatchObject({ reason: 'kill_switch', repeats: 1, last_at: NOW + HOUR, decided_at: NOW + 3 });
    expect(decision.prediction).toEqual(inputs[3]!.prediction);
    const { alert, policy, mapping, consecutive, fleet } = inputs[3]!;
    expect(basis).toEqual({
      ...{
        mode: 'live',
        alert,
        prediction_problem: null,
        unsafe_value: null,
        fleet,
        silence: null,
        consecutive,
        policy,
      },
      mapping: { ...mapping, safety_checks: [], action: { ...mapping!.action, parameters: {} } },
      pauses: [{ name: 'work', reason: 'why', since: NOW, until: NOW + DAY }],
      proof: { scored: 0, came_true: 0 },
    });
    expect(await all(ledger.past.decisions(NOW + DAY))).toEqual([]);
  });

  test('executions come with all that later decisions depend on', async () => {
    const ledger = await newStore().open();
    const verify = { after: HOUR, expect: null };
    const id = await runOnce(ledger, inputAbout(), 'succeeded', { verify });
    const verdict = { outcome: 'effective', message: 'helped', days_after: 20, min_days_gained: null } as const;
    await ledger.verify(id, { ...verdict, at: NOW + 2 * HOUR, reports: [] });
    await ledger.record([inputAbout({ resource: '/other', host: null, now: NOW + DAY })], owner());
    const found: PastExecution[] = await all(ledger.past.executions());
    expect(found).toEqual([
      {
        ...{ id, playbook: 'disk-cleanup', mode: 'live', state: 'succeeded', outcome: 'effective' },
        target: { prediction_type: 'disk_exhaustion', resource: '/srv', host: 'nas' },
        ...{ claimed_at: NOW, counts_as: 'live', counted_at: NOW, finished_at: NOW + 1000 },
        ...{ verify_at: NOW + 1000 + HOUR, verified_at: NOW + 2 * HOUR },
      },
      expect.objectContaining({ state: 'claimed', claimed_at: NOW + DAY, counted_at: null, finished_at: null }),
    ]);
  });
}

const KILLED = {
  verdict: 'rejected',
  reason: 'kill_switch',
  message: 'paused',
  gates: [],
  next_attempt_at: null,
} as const;
