import { expect, test } from 'vitest';
import { beginRun } from '../../src/loop/last-look.ts';
import { sqliteStore } from '../ledger/sqlite-store.ts';
import { claim, inputAbout, owner, step } from '../ledger/support.ts';
import { recordingLog } from '../report/recording-log.ts';
import { DAY, HOUR, NOW, permittingMapping, permittingPrediction } from '../support/decision.ts';

const mapping = permittingMapping({
  action: { cooldown_hours: 1, max_executions_per_week: null, limits: [], blast_radius: null },
});

/** A run that has begun, with what its process can ask of it until it starts the program. */
async function begun() {
  const clock = { now: NOW };
  const store = sqliteStore();
  const [ledger, other] = [await store.open({ now: () => clock.now }), await store.open({ now: () => clock.now })];
  const world = { enabled: true };
  const prediction = permittingPrediction({ observed_at: NOW });
  const hold = await claim(ledger, { ...inputAbout({ now: NOW }), prediction, target: prediction, mapping });
  const context = {
    ledger,
    instance: owner(),
    logger: recordingLog().log,
    now: () => clock.now,
    config: () =>
      ({
        mapping: {
          mappings: [mapping],
          global_settings: { exclude: [], enable_auto_remediation: world.enabled, max_daily_executions: null },
        },
        playbooks: { 'disk-cleanup': {} },
        predictions: { stale_after: 26 * HOUR },
        execution: { retry_after: HOUR, circuit_breaker: { failures: 3, reset_after: DAY } },
        forecast: null,
      }) as any,
    timeZone: () => 'UTC',
    predictions: { current: async () => prediction, recent: () => [], post: async () => {} },
    playbooks: { unsafeValue: () => null, fleet: () => null },
    draining: new AbortController().signal,
    ending: new AbortController().signal,
  };
  const execution = await ledger.execution(hold.execution_id);
  const beginning = await beginRun(execution!, hold, context as any);
  expect(beginning.draft).toMatchObject({ verdict: 'approved' });
  return { clock, other, hold, world, beginning };
}

test('a run may start that has just begun', async () => {
  const { beginning } = await begun();
  expect(await beginning.mayStart()).toBeNull();
});

test('a process that slept since the run began may still start it, once the ledger says that it is its own', async () => {
  const { clock, beginning } = await begun();
  clock.now += 5_000;
  expect(await beginning.mayStart()).toBeNull();
});

test.each([
  ['longer', 60_000],
  ['to a time before it, by a clock that was set back', -60_000],
])('nor what another process has ended while it slept, %s', async (_, slept) => {
  const { clock, other, hold, beginning } = await begun();
  clock.now += slept;
  await other.advance(hold, step('interrupted', clock.now));
  expect(await beginning.mayStart()).toBe('another process has taken this execution over');
});

test('nor what has been switched off while it slept', async () => {
  const { clock, world, beginning } = await begun();
  clock.now += 60_000;
  world.enabled = false;
  expect(await beginning.mayStart()).toMatch(/enable_auto_remediation/);
});
