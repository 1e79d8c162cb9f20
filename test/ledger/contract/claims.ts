import { expect, test } from 'vitest';
import { HOUR, MINUTE, NOW, permittingPolicy } from '../../support/decision.ts';
import type { TestStore } from '../contract.ts';
import { claim, inputAbout, owner, runOnce, step } from '../support.ts';

export function claims(newStore: () => TestStore): void {
  test('an approval claims an execution, with its decision', async () => {
    const ledger = await newStore().open();
    const input = inputAbout();
    const [recorded] = await ledger.record([input], owner());
    expect(recorded).toMatchObject({
      decision: { verdict: 'approved', reason: 'approved', repeats: 0 },
      hold: { fence: 1 },
    });
    const execution = await ledger.execution(recorded!.hold!.execution_id);
    expect(execution).toEqual({
      id: recorded!.decision.execution_id,
      state: 'claimed',
      playbook: 'disk-cleanup',
      mapping: 'disk_exhaustion:/srv',
      prediction: input.prediction,
      decision_id: recorded!.decision.id,
      trigger: 'webhook',
      mode: 'live',
      claimed_at: NOW,
      started_at: null,
      finished_at: null,
      safety_checks: [],
      dry_run: null,
      run: null,
      verify_at: null,
      verified_at: null,
      outcome: null,
      outcome_message: null,
      days_before: 8.2,
      days_after: null,
      answered: null,
      message: 'claimed',
    });
  });

  test('fifty at once over two processes make one claim', async () => {
    const store = newStore();
    const ledgers = [await store.open(), await store.open()];
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, at) => ledgers[at % 2]!.record([inputAbout()], owner(`process-${at % 2}`))),
    );
    const decisions = all.flat();
    expect(decisions.filter(({ hold }) => hold !== null)).toHaveLength(1);
    expect(new Set(decisions.map(({ decision }) => decision.reason))).toEqual(new Set(['approved', 'in_progress']));
    expect((await ledgers[0]!.executions({ limit: 10 })).items).toHaveLength(1);
  });

  test('of twenty that begin at once with one run of the day left one begins (fault 18)', async () => {
    const store = newStore();
    const ledgers = [await store.open(), await store.open()];
    const policy = permittingPolicy({ max_daily_executions: 4 });
    const action = { limit_scope: 'resource' } as const;
    // Every other limit holds in a scope, in which one execution at a time is under way.
    const inputs = Array.from({ length: 20 }, (_, at) => inputAbout({ resource: `/${at}`, policy, action }));
    for (const resource of ['/x', '/y', '/z']) await runOnce(ledgers[0]!, inputAbout({ resource, action }));
    const holds = (await ledgers[0]!.record(inputs, owner())).map(({ hold }) => hold!);
    const begun = await Promise.all(inputs.map((input, at) => ledgers[at % 2]!.begin(holds[at]!, input, 'running')));
    expect(begun.map((draft) => draft?.reason).toSorted()).toEqual(['approved', ...Array(19).fill('daily_limit')]);
  });

  test('the same alert twice in one body makes one claim, and the answers keep their order', async () => {
    const ledger = await newStore().open();
    const inputs = [
      inputAbout({ resource: '/a' }),
      inputAbout({ resource: '/a' }),
      inputAbout({ prediction_type: 'x' }),
    ];
    const recorded = await ledger.record(inputs, owner());
    expect(recorded.map(({ decision }) => [decision.target?.resource, decision.reason])).toEqual([
      ['/a', 'approved'],
      ['/a', 'in_progress'],
      ['/srv', 'in_progress'],
    ]);
  });

  test.each([
    ['playbook', { host: 'other', resource: '/other' }, false],
    ['resource', { host: 'other' }, false],
    ['resource', { resource: '/other' }, true],
    ['host', { resource: '/other' }, false],
    ['host', { host: 'other' }, true],
    ['host', { host: null }, true],
  ] as const)('in the scope of a %s, beside a claim, %j: %s', async (limit_scope, other, free) => {
    const ledger = await newStore().open();
    await claim(ledger, inputAbout({ action: { limit_scope } }));
    const [second] = await ledger.record([inputAbout({ ...other, action: { limit_scope } })], owner());
    expect(second!.hold !== null).toBe(free);
  });

  test('two targets without a host share the scope of a host', async () => {
    const ledger = await newStore().open();
    const action = { limit_scope: 'host' } as const;
    await claim(ledger, inputAbout({ host: null, action }));
    const [second] = await ledger.record([inputAbout({ host: null, resource: '/b', action })], owner());
    expect(second!.decision.reason).toBe('in_progress');
  });

  test('an end frees the scope, and a run starts the cooldown for everybody', async () => {
    const store = newStore();
    const [ledger, other] = [await store.open(), await store.open()];
    const action = { cooldown_hours: 1 };
    await runOnce(ledger, inputAbout({ action }), 'failed');
    const [soon] = await other.record([inputAbout({ now: NOW + 30 * MINUTE, action })], owner());
    expect(soon!.decision).toMatchObject({ reason: 'cooldown', next_attempt_at: NOW + HOUR });
    const [later] = await other.record([inputAbout({ now: NOW + HOUR, action })], owner());
    expect(later!.hold).not.toBeNull();
  });

  test('what counts and what does not', async () => {
    const ledger = await newStore().open();
    const action = { cooldown_hours: 1 };
    const at = (resource: string, policy = permittingPolicy({ max_daily_executions: null })) =>
      inputAbout({ resource, action, policy });
    const stopped = await claim(ledger, at('/a'));
    await ledger.advance(stopped, step('rejected', NOW));
    const rehearsed = await claim(ledger, at('/b'));
    await ledger.advance(rehearsed, step('dry_run_only', NOW, { counts_as: 'rehearsal' }));
    const asked = await claim(ledger, { ...at('/c'), mode: 'dry-run' });
    await ledger.advance(asked, step('dry_run_only', NOW));

    const live = await ledger.facts(at('/a'));
    expect(live).toMatchObject({ runs: [], all_runs: [], unfinished: null, stopped: { state: 'rejected', at: NOW } });
    const rehearsal = await ledger.facts(at('/b', permittingPolicy({ dry_run_mode: true })));
    expect(rehearsal).toMatchObject({
      runs: [{ started_at: NOW, state: 'dry_run_only' }],
      all_runs: [NOW],
      stopped: null,
    });
  });

  test('an ended target is held for retry_after and no longer, others are not', async () => {
    const ledger = await newStore().open();
    const hold = await claim(ledger);
    await ledger.advance(hold, step('nothing_to_do', NOW));
    const facts = (now: number, resource = '/srv') => ledger.facts(inputAbout({ now, resource }));
    expect((await facts(NOW + HOUR)).stopped).toEqual({ state: 'nothing_to_do', at: NOW });
    expect((await facts(NOW + HOUR + 1)).stopped).toBeNull();
    expect((await facts(NOW, '/other')).stopped).toBeNull();
  });

  test('runs are newest first by their start, as many as the gates need, without the one that is excepted', async () => {
    const ledger = await newStore().open();
    const ids: string[] = [];
    // Begun in another order than claimed: it is the start that counts.
    const claimed = [];
    const about = (hours: number) =>
      inputAbout({ now: NOW + hours * HOUR, resource: `/${hours}`, action: { limit_scope: 'resource' } });
    for (const hours of [1, 3, 2, 0]) claimed.push({ hours, hold: await claim(ledger, about(hours)) });
    for (const { hours, hold } of claimed) {
      await ledger.begin(hold, about(hours), 'go');
      await ledger.advance(hold, step('succeeded', NOW + 9 * HOUR));
      ids.push(hold.execution_id);
    }
    const policy = permittingPolicy({ max_daily_executions: 2, circuit_breaker: { failures: 2, reset_after: HOUR } });
    const asked = inputAbout({ now: NOW + 9 * HOUR, policy, action: { max_executions_per_week: 3 } });
    const facts = await ledger.facts(asked);
    expect(facts.runs.map((run) => (run.started_at - NOW) / HOUR)).toEqual([3, 2, 1]);
    expect(facts.all_runs.map((at) => (at - NOW) / HOUR)).toEqual([3, 2]);
    const without = await ledger.facts(asked, ids[1]);
    expect(without.runs.map((run) => (run.started_at - NOW) / HOUR)).toEqual([2, 1, 0]);
    expect(await ledger.runsSince('disk-cleanup', 'live', NOW + 2 * HOUR)).toEqual([
      { started_at: NOW + 3 * HOUR, state: 'succeeded', resource: '/3', host: 'nas' },
      { started_at: NOW + 2 * HOUR, state: 'succeeded', resource: '/2', host: 'nas' },
    ]);
  });

  test('facts see at once what another process wrote', async () => {
    const store = newStore();
    const [ledger, other] = [await store.open(), await store.open()];
    const input = inputAbout();
    expect((await ledger.facts(input)).unfinished).toBeNull();
    const before = await ledger.version();
    const hold = await claim(other);
    expect((await ledger.facts(input)).unfinished?.execution_id).toBe(hold.execution_id);
    expect(await ledger.version()).not.toBe(before);
    expect((await ledger.facts(input, hold.execution_id)).unfinished).toBeNull();
    await other.advance(hold, step('rejected', NOW));
    expect((await ledger.facts(input)).unfinished).toBeNull();
    await other.pause({ name: 'x', reason: null, since: NOW, until: null });
    expect((await ledger.facts(input)).pauses).toHaveLength(1);
  });

  test('without a mapping there are only pauses to know', async () => {
    const ledger = await newStore().open();
    await claim(ledger);
    await ledger.pause({ name: 'ended', reason: null, since: NOW - 2, until: NOW });
    await ledger.pause({ name: 'x', reason: 'why', since: NOW, until: NOW + 1 });
    expect(await ledger.facts({ ...inputAbout(), mapping: null })).toEqual({
      pauses: [{ name: 'x', reason: 'why', since: NOW, until: NOW + 1 }],
      unfinished: null,
      runs: [],
      all_runs: [],
      hosts: [],
      stopped: null,
      settling: null,
      proof: null,
    });
  });
}
