import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DAY, HOUR, MINUTE, NOW, permittingPolicy } from '../../support/decision.ts';
import type { TestStore } from '../contract.ts';
import { claim, inputAbout, owner, runOnce, step } from '../support.ts';

const TWO = { hosts: 2, percent: null, per: HOUR };
type Changes = Parameters<typeof inputAbout>[0];

const on = (host: string | null, changes: Changes = {}) => {
  const action = { limit_scope: 'host', blast_radius: TWO, ...changes?.action } as const;
  return inputAbout({ host, ...changes, action });
};

/** Hosts of runs and of claims that have not ended are counted, whoever made them. */
export function blastRadius(newStore: () => TestStore): void {
  const ask = async (ledger: Awaited<ReturnType<TestStore['open']>>, host: string | null, changes: Changes = {}) => {
    const [recorded] = await ledger.record([on(host, changes)], owner());
    return recorded!.decision.reason;
  };

  test('fifty hosts at once over two processes make as many claims as hosts are allowed', async () => {
    const store = newStore();
    const ledgers = [await store.open(), await store.open()];
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, at) => ledgers[at % 2]!.record([on(`web${at}`)], owner(`process-${at % 2}`))),
    );
    const reasons = all.flat().map(({ decision }) => decision.reason);
    expect(reasons.filter((reason) => reason === 'approved')).toHaveLength(2);
    expect(reasons.filter((reason) => reason === 'blast_radius')).toHaveLength(48);
  });

  test('fifty hosts in one body: likewise', async () => {
    const ledger = await newStore().open();
    const recorded = await ledger.record(
      Array.from({ length: 50 }, (_, at) => on(`web${at}`)),
      owner(),
    );
    expect(recorded.slice(0, 2).map(({ decision }) => decision.reason)).toEqual(['approved', 'approved']);
    expect(new Set(recorded.slice(2).map(({ decision }) => decision.reason))).toEqual(new Set(['blast_radius']));
  });

  test('a run counts from its begin for the whole window, a claim until its end', async () => {
    const ledger = await newStore().open();
    await runOnce(ledger, on('web1'));
    const hold = await claim(ledger, on('web2', { now: NOW + MINUTE }));
    expect(await ask(ledger, 'web3', { now: NOW + 2 * MINUTE })).toBe('blast_radius');
    await ledger.advance(hold, step('rejected', NOW + 3 * MINUTE));
    expect(await ask(ledger, 'web3', { now: NOW + 4 * MINUTE })).toBe('approved');
    expect(await ask(ledger, 'web4', { now: NOW + HOUR - 1 })).toBe('blast_radius');
    expect(await ask(ledger, 'web4', { now: NOW + HOUR })).toBe('approved');
  });

  test('a host that it ran on already adds none; no host is one as well', async () => {
    const ledger = await newStore().open();
    await runOnce(ledger, on('web1'));
    await runOnce(ledger, on(null, { now: NOW + MINUTE }));
    expect(await ask(ledger, 'web2', { now: NOW + 2 * MINUTE })).toBe('blast_radius');
    for (const host of ['web1', null]) expect(await ask(ledger, host, { now: NOW + 2 * MINUTE })).toBe('approved');
  });

  test('runs of other playbooks, dry runs that were asked for, and rehearsals beside real runs do not count', async () => {
    const ledger = await newStore().open();
    for (const host of ['a', 'b', 'c']) {
      await claim(ledger, on(host, { action: { playbook: 'other', blast_radius: null } }));
      await claim(ledger, on(`asked-${host}`, { mode: 'dry-run', action: { blast_radius: null } }));
      const policy = permittingPolicy({ dry_run_mode: true, max_daily_executions: null });
      const rehearsed = await claim(ledger, on(`rehearsed-${host}`, { policy, action: { blast_radius: null } }));
      await ledger.advance(rehearsed, step('dry_run_only', NOW, { counts_as: 'rehearsal' }));
    }
    expect(await ask(ledger, 'web1')).toBe('approved');
    const policy = permittingPolicy({ dry_run_mode: true, max_daily_executions: null });
    expect(await ask(ledger, 'web2', { policy })).toBe('blast_radius');
  });

  test('the last look asks again, without the execution itself', async () => {
    const ledger = await newStore().open();
    const free = { action: { blast_radius: null } } as const;
    const holds = await Promise.all(['web1', 'web2', 'web3'].map((host) => claim(ledger, on(host, free))));
    expect(await ledger.begin(holds[0]!, on('web1'), 'go')).toMatchObject({ reason: 'blast_radius' });
    await ledger.advance(holds[2]!, step('rejected', NOW));
    expect(await ledger.begin(holds[0]!, on('web1'), 'go')).toMatchObject({ verdict: 'approved' });
    expect(await ledger.begin(holds[1]!, on('web2'), 'go')).toMatchObject({ verdict: 'approved' });
  });

  test('whatever comes when, no window ever holds more hosts than are allowed', { timeout: 120_000 }, async () => {
    const happening = fc.record({ host: fc.nat(6), after: fc.integer({ min: 0, max: HOUR }), fails: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { maxLength: 25 }), async (all) => {
        const ledger = await newStore().open();
        const starts: { host: number; at: number }[] = [];
        let now = NOW - DAY;
        for (const { host, after, fails } of all) {
          now += after;
          const input = on(`web${host}`, { now });
          const [recorded] = await ledger.record([input], owner());
          if (recorded?.hold == null) continue;
          expect((await ledger.begin(recorded.hold, input, 'go'))?.verdict).toBe('approved');
          await ledger.advance(recorded.hold, step(fails ? 'failed' : 'interrupted', now));
          starts.push({ host, at: now });
        }
        for (const { at } of starts) {
          const within = starts.filter((start) => start.at <= at && start.at > at - HOUR);
          expect(new Set(within.map(({ host }) => host)).size).toBeLessThanOrEqual(2);
        }
      }),
      { numRuns: 15 },
    );
  });
}
