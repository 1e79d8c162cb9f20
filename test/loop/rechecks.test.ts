import { expect, test } from 'vitest';
import type { DecisionInput } from '../../src/decision/decision.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { createRechecks } from '../../src/loop/rechecks.ts';
import { sqliteStore } from '../ledger/sqlite-store.ts';
import { inputAbout, runOnce } from '../ledger/support.ts';
import { recordingLog } from '../report/recording-log.ts';
import { DAY, HOUR, MINUTE, NOW, permittingMapping, permittingPrediction } from '../support/decision.ts';

const mapping = permittingMapping({
  action: { cooldown_hours: 1, max_executions_per_week: null, limits: [], blast_radius: null },
});
const refused = new Error('the ledger cannot be used');

/** A process on the store that looks at what waits; what it decides on goes to `settle`. */
function processOn(
  ledger: Ledger,
  clock: { now: number },
  settle: (inputs: readonly DecisionInput[]) => Promise<unknown>,
) {
  const config = {
    mapping: {
      mappings: [mapping],
      global_settings: { exclude: [], enable_auto_remediation: true, max_daily_executions: null },
    },
    playbooks: { 'disk-cleanup': {} },
    predictions: { stale_after: 26 * HOUR },
    execution: { retry_after: HOUR, circuit_breaker: { failures: 3, reset_after: DAY } },
    forecast: null,
  } as any;
  const context = {
    ledger,
    logger: recordingLog().log,
    now: () => clock.now,
    config: () => config,
    timeZone: () => 'UTC',
    predictions: {
      current: async () => permittingPrediction({ observed_at: NOW }),
      recent: () => [],
    },
    playbooks: { unsafeValue: () => null, fleet: () => null },
  };
  return createRechecks({ context, settle, stopping: new AbortController().signal });
}

/** An alert that waits for the cooldown of a run, and the time at which that is over. */
async function waiting() {
  const clock = { now: NOW + 10 * MINUTE };
  const store = sqliteStore();
  const [ledger, other] = [await store.open({ now: () => clock.now }), await store.open({ now: () => clock.now })];
  const prediction = permittingPrediction({ observed_at: NOW });
  await runOnce(ledger, { ...inputAbout({ now: NOW }), prediction, target: prediction, mapping });
  const input = { ...inputAbout({ now: clock.now }), prediction, target: prediction, mapping };
  const [recorded] = await ledger.record([input], { id: 'a', host_key: 'h', pid: 1, pid_started: 1 });
  expect(recorded!.decision.verdict).toBe('deferred');
  const first = processOn(ledger, clock, () => Promise.resolve());
  await first.note([input], [recorded!.decision]);
  clock.now = NOW + 2 * HOUR;
  return { clock, ledger, other };
}

test('whoever takes an alert off and dies over it loses nothing: another process decides on it', async () => {
  const { clock, ledger, other } = await waiting();
  let begun = () => {};
  const dies = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const dead = processOn(ledger, clock, () => {
    begun();
    return new Promise(() => {});
  });
  void dead.pass();
  await dies;
  const decided: string[] = [];
  const living = processOn(
    other,
    clock,
    async (inputs) => void decided.push(...inputs.map(({ target }) => target!.resource)),
  );
  await living.pass();
  expect(decided).toEqual([]);
  clock.now += 31_000;
  await living.pass();
  expect(decided).toEqual(['/srv']);
  clock.now += HOUR;
  await living.pass();
  expect(decided).toHaveLength(1);
});

test('what could not be decided on waits on, and is decided on at the next look', async () => {
  const { clock, ledger } = await waiting();
  let works = false;
  const decided: number[] = [];
  const rechecks = processOn(ledger, clock, async () => {
    if (!works) throw refused;
    decided.push(clock.now);
  });
  await rechecks.pass();
  works = true;
  clock.now += 3_000;
  await rechecks.pass();
  clock.now += 60_000;
  await rechecks.pass();
  expect(decided).toEqual([NOW + 2 * HOUR + 3_000]);
});

test('what is noted while a pass looks at what it replaces is not lost', async () => {
  const clock = { now: NOW };
  const ledger = await sqliteStore().open({ now: () => clock.now });
  const prediction = permittingPrediction({ observed_at: NOW });
  const input = { ...inputAbout({ now: NOW }), prediction, target: prediction, mapping };
  const execution_id = await runOnce(ledger, input);
  const { items } = await ledger.decisions({ limit: 1 });
  expect(items).toMatchObject([{ verdict: 'approved', execution_id }]);
  const [deferred] = await ledger.record([input], { id: 'a', host_key: 'h', pid: 1, pid_started: 1 });
  expect(deferred!.decision.verdict).toBe('deferred');
  const other = processOn(ledger, clock, () => Promise.resolve());
  await other.note([input], items);
  // The run is over, so its row goes; the alert comes again just then, and waits for the cooldown.
  const slow = {
    ...ledger,
    async execution(id: string) {
      await other.note([input], [deferred!.decision]);
      return await ledger.execution(id);
    },
  };
  await processOn(slow, clock, () => Promise.resolve()).pass();
  const rows = await ledger.values.list('recheck:');
  expect(rows.map(([, text]) => JSON.parse(text).reason)).toEqual([deferred!.decision.reason]);
});
