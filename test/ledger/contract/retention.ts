import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEFAULT_DEMAND } from '../../../src/accuracy/proof.ts';
import { decide } from '../../../src/decision/decide.ts';
import type { DecisionInput } from '../../../src/decision/decision.ts';
import { reachOf } from '../../../src/decision/reach.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import type { PruneRule } from '../../../src/ledger/retention.ts';
import { DAY, HOUR, MINUTE, NOW, permittingPolicy } from '../../support/decision.ts';
import type { TestStore } from '../contract.ts';
import { claim, inputAbout, owner, runOnce, step } from '../support.ts';

const KEEP = 180 * DAY;
const PLAYBOOKS = ['disk-cleanup', 'resource-pressure'] as const;
const ENDS = ['succeeded', 'succeeded', 'failed', 'interrupted', 'rejected', 'nothing_to_do', 'rehearsed'] as const;

const happening = fc.record({
  after: fc.integer({ min: 1, max: 12 * 24 }),
  resource: fc.nat(1),
  host: fc.constantFrom('nas', null),
  playbook: fc.constantFrom(...PLAYBOOKS),
  scope: fc.constantFrom('playbook', 'resource', 'host'),
  end: fc.constantFrom(...ENDS),
  verified: fc.constantFrom('effective', 'effective', 'effective', 'ineffective', 'ineffective', 'unknown', null),
  refused: fc.boolean(),
});
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

const mapping = fc.record({
  max_executions_per_week: fc.option(fc.nat(4)),
  cooldown_hours: fc.constantFrom(0, 24, 24 * 170),
  limits: fc.array(
    fc.record({ runs: fc.integer({ min: 1, max: 6 }), per: fc.constantFrom(HOUR, 30 * DAY, 170 * DAY) }),
    {
      maxLength: 2,
    },
  ),
  failures: fc.integer({ min: 1, max: 5 }),
  max_daily_executions: fc.option(fc.nat(5)),
});
type Asked = typeof mapping extends fc.Arbitrary<infer T> ? T : never;

const policyOf = ({ failures, max_daily_executions }: Asked, dry_run_mode = false) =>
  permittingPolicy({
    max_daily_executions,
    dry_run_mode,
    retry_after: MINUTE,
    circuit_breaker: { failures, reset_after: 100 * DAY },
  });

/** One thing after another, each over before the next begins, but for runs whose outcome nobody has found out. */
async function live(ledger: Ledger, happenings: readonly Happening[], start: number): Promise<number> {
  const policy = permittingPolicy({
    max_daily_executions: null,
    retry_after: 1,
    circuit_breaker: { failures: 99, reset_after: 1 },
  });
  const known = {
    outcome: 'unknown',
    message: 'nobody knows',
    days_after: null,
    min_days_gained: null,
    reports: [],
  } as const;
  for (const { execution } of await ledger.due(start + DAY, 500))
    await ledger.verify(execution.id, { ...known, at: start });
  let now = start;
  for (const { after, resource, host, playbook, scope: limit_scope, end, verified, refused } of happenings) {
    now += after * HOUR;
    const about = { resource: `/${resource}`, host, now, policy, action: { playbook, limit_scope } };
    if (refused) await ledger.record([{ ...inputAbout(about), unsafe_value: 'odd' }], owner());
    const input = inputAbout(about);
    const facts = await ledger.facts(input);
    if (decide(input, facts).verdict !== 'approved') continue;
    if (end === 'rejected' || end === 'nothing_to_do') {
      await ledger.advance(await claim(ledger, input), step(end, now + 1000));
      continue;
    }
    if (end === 'rehearsed') {
      await ledger.advance(await claim(ledger, input), step('dry_run_only', now + 1000, { counts_as: 'rehearsal' }));
      continue;
    }
    const verify = { after: HOUR, expect: null };
    const id = await runOnce(ledger, input, end, end === 'succeeded' ? { verify, reports: ['discord'] } : {});
    if (end !== 'succeeded' || verified === null) continue;
    await ledger.verify(id, {
      outcome: verified,
      message: 'found out',
      days_after: verified === 'unknown' ? null : 20,
      at: now + 2 * HOUR,
      min_days_gained: null,
      reports: [],
    });
  }
  return now;
}

/** All that decisions and pages ask of the past. */
async function seen(ledger: Ledger, inputs: readonly DecisionInput[], now: number): Promise<unknown> {
  const decided = await Promise.all(
    inputs.map(async (input) => {
      const facts = await ledger.facts(input);
      const draft = decide(input, facts);
      const refusal = { ...draft, verdict: 'rejected', reason: 'unsafe_value' } as const;
      const repeated = await ledger.repeat({ ...input, unsafe_value: 'odd' }, refusal);
      return { facts, draft, repeated: repeated?.id };
    }),
  );
  return {
    decided,
    attempts: await Promise.all(inputs.map(({ target }) => ledger.attemptsOf(target!, 3))),
    gains: await Promise.all(PLAYBOOKS.map((playbook) => ledger.lastGain(playbook))),
    due: await ledger.due(now + 400 * DAY, 500),
    unfinished: await ledger.unfinished(),
    // Asking for a repeat counts one.
    summary: { ...(await ledger.summary(now)), decisions: [] },
  };
}

/** Every page until nothing is left; how many rows went. */
export async function forget(ledger: Ledger, rule: PruneRule): Promise<number> {
  const { before } = rule;
  let gone = 0;
  for (let after: number | null = 0; after !== null; ) {
    const page = await ledger.retention.executions(rule, after);
    gone += (await ledger.retention.prune({ executions: page.rows, decisions: [], marks: [], before })).removed;
    after = page.next;
  }
  for (let after: number | null = 0; after !== null; ) {
    const page = await ledger.retention.decisions(rule, after);
    gone += (await ledger.retention.prune({ executions: [], decisions: page.rows, marks: [], before })).removed;
    after = page.next;
  }
  return gone;
}

export function retention(newStore: () => TestStore): void {
  test('whatever happened and whatever mapping asks, nothing is decided or told differently once the old is gone (fault 51)', async () => {
    const ledger = await newStore().open();
    let now = NOW;
    let gone = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(happening, { minLength: 30, maxLength: 40, size: 'max' }),
        mapping,
        async (happenings, asked) => {
          now = await live(ledger, happenings, now);
          const { failures: _, max_daily_executions: __, ...action } = asked;
          const inputs = PLAYBOOKS.flatMap((playbook) =>
            (['playbook', 'resource', 'host'] as const).flatMap((limit_scope) =>
              [0, 1].flatMap((resource) =>
                ['nas'].map((host) =>
                  inputAbout({
                    resource: `/${resource}`,
                    host,
                    now,
                    policy: policyOf(asked, resource === 1),
                    action: { ...action, playbook, limit_scope },
                  }),
                ),
              ),
            ),
          );
          const actions = {
            mappings: [inputs[0]!.mapping!],
            global_settings: { max_daily_executions: asked.max_daily_executions },
          };
          const reach = reachOf(actions, policyOf(asked), DEFAULT_DEMAND);
          expect(reach.window).toBeLessThanOrEqual(KEEP);
          const before = await seen(ledger, inputs, now);
          gone += await forget(ledger, { before: now - KEEP, keep: reach });
          expect(await seen(ledger, inputs, now)).toEqual(before);
        },
      ),
      { numRuns: 4, endOnFailure: true },
    );
    expect(gone).toBeGreaterThan(30);
  }, 120_000);

  test('what is not old, not over or not the last stays; a decision stays as long as its execution', async () => {
    const ledger = await newStore().open();
    const rule = { before: NOW + 400 * DAY, keep: { runs: 2, all_runs: 1, judged: 1 } };
    const about = (day: number) => inputAbout({ now: NOW + day * DAY });
    const ids: string[] = [];
    for (let day = 0; day < 15; day++) ids.push(await runOnce(ledger, about(day)));
    const held = await claim(ledger, about(20));
    expect((await ledger.retention.executions({ ...rule, before: NOW }, 0)).rows).toEqual([]);
    const asked = { executions: [{ seq: 16, id: held.execution_id }], decisions: [], marks: [], before: rule.before };
    expect(await ledger.retention.prune(asked)).toEqual({ removed: 0, suspect: [] });
    // Five attempts of a target are shown.
    expect((await ledger.retention.executions(rule, 0)).rows.map(({ id }) => id)).toEqual(ids.slice(0, 10));
    expect(await forget(ledger, rule)).toBe(20);
    expect(await ledger.execution(ids[9]!)).toBeNull();
    const kept = await ledger.executions({ limit: 50 });
    expect(kept.items.map(({ id }) => id)).toEqual([held.execution_id, ...ids.slice(10).toReversed()]);
    for (const { decision_id } of kept.items) expect(await ledger.decision(decision_id)).not.toBeNull();
    expect((await ledger.decisions({ limit: 50 })).items).toHaveLength(6);
    expect((await ledger.summary(NOW)).executions).toEqual([
      { playbook: 'disk-cleanup', result: 'success', count: 15 },
    ]);
  });

  test('one process has the turn, until it gives it back or its lease is over', async () => {
    const store = newStore();
    const [a, b] = [await store.open(), await store.open()];
    expect(await a.retention.turn(NOW, MINUTE)).toBe(true);
    expect(await b.retention.turn(NOW + 1, MINUTE)).toBe(false);
    expect(await b.retention.turn(NOW + MINUTE, MINUTE)).toBe(true);
    await b.retention.endTurn();
    expect(await a.retention.turn(NOW + MINUTE, MINUTE)).toBe(true);
    // A clock that was ahead holds nobody up.
    expect(await b.retention.turn(NOW - DAY, MINUTE)).toBe(true);
  });
}
