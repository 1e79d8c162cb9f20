import { expect, test } from 'vitest';
import { HOUR, NOW, permittingPolicy } from '../../support/decision.ts';
import type { TestStore } from '../contract.ts';
import { claim, inputAbout, owner, runOnce, step } from '../support.ts';

const OUTCOME = { exit_code: 0, duration_seconds: 1.5, result: null, used_bytes: null, error: null };

export function executions(newStore: () => TestStore): void {
  test('goes step by step to its end, and stays there', async () => {
    const ledger = await newStore().open();
    const hold = await claim(ledger);
    const checks = [{ check: 'x < 1', value: 0, passed: true, message: '0 < 1' }];
    expect(await ledger.advance(hold, step('checking', NOW + 1))).toBe(true);
    expect(await ledger.advance(hold, step('dry_run', NOW + 2, { safety_checks: checks }))).toBe(true);
    expect(await ledger.advance(hold, step('running', NOW + 3, { dry_run: OUTCOME, counts_as: 'live' }))).toBe(true);
    expect(await ledger.advance(hold, step('succeeded', NOW + 4, { run: { ...OUTCOME, exit_code: null } }))).toBe(true);
    const execution = await ledger.execution(hold.execution_id);
    expect(execution).toMatchObject({
      state: 'succeeded',
      started_at: NOW + 3,
      finished_at: NOW + 4,
      safety_checks: checks,
      dry_run: OUTCOME,
      run: { ...OUTCOME, exit_code: null },
      message: 'now succeeded',
    });
    expect(await ledger.advance(hold, step('failed', NOW + 5))).toBe(false);
    expect(await ledger.execution(hold.execution_id)).toEqual(execution);
  });

  test('an end that is told again, because its answer got lost, is true and told once', async () => {
    const ledger = await newStore().open();
    const hold = await claim(ledger);
    await ledger.begin(hold, inputAbout(), 'running');
    expect(await ledger.advance(hold, step('failed', NOW + 1, { reports: ['discord'] }))).toBe(true);
    expect(await ledger.advance(hold, step('failed', NOW + 9, { reports: ['discord'] }))).toBe(true);
    expect(await ledger.execution(hold.execution_id)).toMatchObject({ finished_at: NOW + 1 });
    expect(await ledger.takeReports('discord', NOW + 9, 5, 1)).toHaveLength(1);
    expect((await ledger.summary(NOW + 9)).executions).toEqual([
      { playbook: 'disk-cleanup', result: 'failure', count: 1 },
    ]);
  });

  test('what was tried for a target is what ran and what was stopped, the newest first, and of no other target', async () => {
    const ledger = await newStore().open();
    const about = { prediction_type: 'disk_exhaustion', resource: '/srv', host: 'nas' };
    expect(await ledger.attemptsOf(about, 5)).toEqual([]);
    const at = (hour: number, changes = {}) => inputAbout({ now: NOW + hour * HOUR, ...changes });
    const failed = await runOnce(ledger, at(0), 'failed', { run: { ...OUTCOME, error: 'exit code 3' } });
    const stopped = await claim(ledger, at(1));
    await ledger.advance(stopped, step('rejected', NOW + HOUR + 1, { message: 'a check' }));
    const policy = permittingPolicy({ max_daily_executions: null, retry_after: 0 });
    const succeeded = await runOnce(ledger, at(3, { policy }), 'succeeded');
    for (const other of [{ host: null }, { host: 'other' }, { resource: '/other' }, { prediction_type: 'inodes' }]) {
      await runOnce(ledger, at(5, { ...other, policy }), 'succeeded');
      expect(await ledger.attemptsOf({ ...about, ...other }, 5)).toHaveLength(1);
    }
    const trial = await claim(ledger, at(6, { mode: 'dry-run', policy }));
    await ledger.advance(trial, step('dry_run_only', NOW + 6 * HOUR));
    await claim(ledger, at(7, { policy }));
    const ids = async (limit: number) => (await ledger.attemptsOf(about, limit)).map(({ id }) => id);
    expect(await ids(5)).toEqual([succeeded, stopped.execution_id, failed]);
    expect(await ids(2)).toEqual([succeeded, stopped.execution_id]);
    expect((await ledger.attemptsOf(about, 5))[2]).toEqual(await ledger.execution(failed));
  });

  test('the last look begins the run, or says why not and writes nothing', async () => {
    const store = newStore();
    const [ledger, other] = [await store.open(), await store.open()];
    const input = inputAbout({ now: NOW + 1 });
    const hold = await claim(ledger);
    await other.pause({ name: 'manual', reason: null, since: NOW, until: null });
    expect(await ledger.begin(hold, input, 'go')).toMatchObject({ verdict: 'rejected', reason: 'kill_switch' });
    expect(await ledger.execution(hold.execution_id)).toMatchObject({ state: 'claimed', started_at: null });
    await other.resume(null);
    expect(await ledger.begin(hold, input, 'go')).toMatchObject({ verdict: 'approved' });
    expect(await ledger.execution(hold.execution_id)).toMatchObject({
      state: 'running',
      started_at: NOW + 1,
      message: 'go',
    });
    expect(await ledger.runsSince('disk-cleanup', 'live', NOW)).toHaveLength(1);
  });

  test('the last look sees the runs that began since the claim', async () => {
    const ledger = await newStore().open();
    const policy = permittingPolicy({ max_daily_executions: 1 });
    const about = (resource: string) => inputAbout({ resource, policy, action: { limit_scope: 'resource' } });
    const [first, second] = [await claim(ledger, about('/a')), await claim(ledger, about('/b'))];
    expect((await ledger.begin(first, about('/a'), 'go'))?.verdict).toBe('approved');
    expect(await ledger.begin(second, about('/b'), 'go')).toMatchObject({ verdict: 'deferred', reason: 'daily_limit' });
  });

  test('begin may be asked again until its process is known; the process of the dry run does not count', async () => {
    const ledger = await newStore().open();
    const hold = await claim(ledger);
    expect(await ledger.noteProcess(hold, { pid: 5, pid_started: 6 })).toBe(true);
    expect((await ledger.begin(hold, inputAbout(), 'go'))?.verdict).toBe('approved');
    expect((await ledger.begin(hold, inputAbout({ now: NOW + HOUR }), 'go'))?.verdict).toBe('approved');
    const off = inputAbout({ policy: permittingPolicy({ enable_auto_remediation: false }) });
    expect(await ledger.begin(hold, off, 'go')).toMatchObject({ verdict: 'rejected', reason: 'kill_switch' });
    expect(await ledger.execution(hold.execution_id)).toMatchObject({ state: 'running', started_at: NOW });
    await ledger.noteProcess(hold, { pid: 7, pid_started: 8 });
    expect(await ledger.begin(hold, inputAbout(), 'go')).toBeNull();
    expect(await ledger.begin({ ...hold, fence: 9 }, inputAbout(), 'go')).toBeNull();
  });

  test('nothing is begun that only a dry run was allowed for', async () => {
    const ledger = await newStore().open();
    const asked = await claim(ledger, inputAbout({ mode: 'dry-run' }));
    expect(await ledger.begin(asked, inputAbout(), 'go')).toMatchObject({ verdict: 'rejected' });
    await ledger.advance(asked, step('dry_run_only', NOW));
    const live = await claim(ledger);
    const rehearsing = inputAbout({ policy: permittingPolicy({ dry_run_mode: true }) });
    expect(await ledger.begin(live, rehearsing, 'go')).toMatchObject({ verdict: 'rejected' });
    expect(await ledger.execution(live.execution_id)).toMatchObject({ state: 'claimed' });
  });

  test('a takeover fences the old owner off; only one takes over', async () => {
    const store = newStore();
    const [ledger, other] = [await store.open(), await store.open()];
    const old = await claim(ledger);
    await ledger.heartbeat(owner(), NOW + 7);
    await ledger.noteProcess(old, { pid: 12, pid_started: 34 });
    const [row] = await other.unfinished();
    expect(row).toMatchObject({
      execution: { id: old.execution_id, state: 'claimed' },
      fence: 1,
      owner: owner(),
      heartbeat_at: NOW + 7,
      process: { pid: 12, pid_started: 34 },
    });
    const holds = await Promise.all([other.adopt(row!, owner('b')), ledger.adopt(row!, owner('c'))]);
    expect(holds.filter((hold) => hold !== null)).toEqual([{ execution_id: old.execution_id, fence: 2 }]);
    expect(await ledger.advance(old, step('running', NOW, { counts_as: 'live' }))).toBe(false);
    expect(await ledger.noteProcess(old, { pid: 1, pid_started: 1 })).toBe(false);
    expect(await ledger.begin(old, inputAbout(), 'go')).toBeNull();
    const [after] = await other.unfinished();
    expect(after!.fence).toBe(2);
    expect(['b', 'c']).toContain(after!.owner?.id);
    await ledger.advance(holds.find((hold) => hold !== null)!, step('interrupted', NOW));
    expect(await other.unfinished()).toEqual([]);
    expect(await other.adopt(after!, owner())).toBeNull();
  });

  test('nobody is taken over who has been heard of since the row was read', async () => {
    const store = newStore();
    const [ledger, other] = [await store.open(), await store.open()];
    const hold = await claim(ledger);
    const [unheard] = await other.unfinished();
    await ledger.heartbeat(owner(), NOW + 2_000);
    expect(await other.adopt(unheard!, owner('b'))).toBeNull();
    expect((await ledger.begin(hold, inputAbout(), 'go'))?.verdict).toBe('approved');
    const [silent] = await other.unfinished();
    expect(await other.adopt(silent!, owner('b'))).toMatchObject({ fence: 2 });
  });

  test('the history pages, newest first, by playbook and state', async () => {
    const ledger = await newStore().open();
    for (let at = 0; at < 9; at++) {
      const action = { playbook: at % 3 === 0 ? 'other' : 'disk-cleanup' };
      await runOnce(ledger, inputAbout({ now: NOW + at * HOUR, action }), at % 2 === 0 ? 'succeeded' : 'failed');
    }
    const all = await ledger.executions({ limit: 50 });
    expect(all.items.map(({ claimed_at }) => (claimed_at - NOW) / HOUR)).toEqual([8, 7, 6, 5, 4, 3, 2, 1, 0]);
    expect(all.next).toBeNull();
    expect([...all.items].sort((a, b) => (a.id < b.id ? 1 : -1))).toEqual(all.items);
    const filter = { playbook: 'disk-cleanup', state: 'succeeded', limit: 2 } as const;
    const first = await ledger.executions(filter);
    const second = await ledger.executions({ ...filter, before: first.next! });
    expect([...first.items, ...second.items].map(({ claimed_at }) => (claimed_at - NOW) / HOUR)).toEqual([8, 4, 2]);
    expect(second.next).toBeNull();
    expect((await ledger.executions({ playbook: 'other', limit: 9 })).items).toHaveLength(3);
    expect((await ledger.executions({ state: 'failed', limit: 9 })).items).toHaveLength(4);
    expect((await ledger.executions({ state: 'claimed', limit: 9 })).items).toEqual([]);
    expect(await ledger.execution('exec_nobody')).toBeNull();
  });
}
