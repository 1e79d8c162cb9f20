import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ReadAlert } from '../../src/alert/alert.ts';
import { createReadAlert } from '../../src/alert/read-again.ts';
import type { Config } from '../../src/config/config.ts';
import type { Decision } from '../../src/decision/decision.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { LoopOptions } from '../../src/loop/ports.ts';
import { createLoop, type Loop } from '../../src/loop.ts';
import type { Mapping } from '../../src/mapping/mapping.ts';
import type { Prediction } from '../../src/prediction/prediction.ts';
import { alertEntry } from '../alert/bodies.ts';
import { sqliteStore } from '../ledger/sqlite-store.ts';
import { owner } from '../ledger/support.ts';
import { recordingLog } from '../report/recording-log.ts';
import { DAY, HOUR, NOW, permittingMapping, permittingPrediction } from '../support/decision.ts';

/** Nothing that is known here may run: far from critical, or not believed. */
const FAR = { days_until_critical: 20 };
const UNSURE = { confidence: 0.1 };
const MAPPING = permittingMapping({ resource_filter: '*', action: { blast_radius: null, limits: [] } });

function configWith(mappings: readonly Mapping[], exclude: readonly string[] = []): Config {
  return {
    mapping: {
      mappings,
      global_settings: { exclude, enable_auto_remediation: true, dry_run_mode: false, max_daily_executions: null },
    },
    playbooks: { 'disk-cleanup': {} },
    predictions: { stale_after: 26 * HOUR },
    execution: { retry_after: HOUR, circuit_breaker: { failures: 3, reset_after: DAY }, max_parallel: 1 },
    webhook: { host_label: 'host' },
    forecast: null,
  } as any;
}

/** A process on a store of its own: what it knows can be changed, and what it asks the store is counted. */
async function world() {
  const clock = { now: NOW };
  const ledger = await sqliteStore().open({ now: () => clock.now });
  let facts = 0;
  const counting: Ledger = {
    ...ledger,
    facts(input, except) {
      facts++;
      return ledger.facts(input, except);
    },
  };
  const known = {
    config: configWith([MAPPING]),
    predictions: new Map<string, Prediction>(),
    generation: {},
    fleet: null as { size: number; problemOf: () => null } | null,
  };
  const nothing = () => undefined;
  const options: LoopOptions = {
    ledger: counting,
    instance: owner(),
    instanceIsGone: () => null,
    now: () => clock.now,
    config: () => known.config,
    timeZone: () => 'UTC',
    predictions: {
      current: async ({ resource }) => known.predictions.get(resource) ?? null,
      generation: () => known.generation,
      recent: () => [],
      post: async () => {},
    },
    sources: () => [],
    checkSafety: async () => [],
    playbooks: { unsafeValue: () => null, fleet: () => known.fleet } as unknown as LoopOptions['playbooks'],
    reportsFor: async () => [],
    outcomeReportsFor: () => [],
    kickReports: nothing,
    events: { decided: nothing, changed: nothing, phaseEnded: nothing, verified: nothing },
    logger: recordingLog().log,
  };
  const loop = createLoop(options);
  const read = createReadAlert(nothing);
  function predict(resource: string, changes: Partial<Prediction>): void {
    known.predictions.set(resource, permittingPrediction({ resource, observed_at: clock.now - HOUR, ...changes }));
    known.generation = {};
  }
  async function tell(...alerts: readonly unknown[]): Promise<readonly Decision[]> {
    const reads = alerts.map((alert, at) => read(alert, `alerts[${at}]`)) as readonly ReadAlert[];
    return await loop.receive({ sender: 'alertmanager', receiver: '', truncated: 0, alerts: reads });
  }
  /** What the loop had to ask the store for these alerts. */
  async function asked(...alerts: readonly unknown[]): Promise<number> {
    const before = facts;
    await tell(...alerts);
    return facts - before;
  }
  return { clock, ledger, known, loop: loop as Loop, predict, tell, asked };
}

const alertAbout = (resource: string, changes: object = {}) =>
  alertEntry({
    fingerprint: `of-${resource}`,
    labels: { alertname: 'DiskPredictedFull', prediction_type: 'disk_exhaustion', resource, host: 'nas' },
    annotations: {},
    startsAt: new Date(NOW - HOUR).toISOString(),
    ...changes,
  });

/** A world in which the alert about `/srv` was refused, came again, and stands. */
async function refused() {
  const here = await world();
  here.predict('/srv', UNSURE);
  for (let times = 0; times < 3; times++) await here.tell(alertAbout('/srv'));
  return here;
}

describe('an alert that comes again', () => {
  test('is refused as it was and counted, without a question to the store', async () => {
    const { clock, ledger, tell, asked } = await refused();
    expect(await asked(alertAbout('/srv'), alertAbout('/srv'))).toBe(0);
    clock.now += 249;
    const [decision] = await tell(alertAbout('/srv'));
    expect(decision).toMatchObject({
      reason: 'low_confidence',
      repeats: 5,
      decided_at: clock.now,
      last_at: clock.now,
    });
    const { items } = await ledger.decisions({ limit: 5 });
    expect(items).toMatchObject([{ id: decision!.id, repeats: 5, decided_at: NOW, last_at: clock.now }]);
    const { decisions } = await ledger.summary(clock.now);
    expect(decisions).toMatchObject([{ prediction_type: 'disk_exhaustion', reason: 'low_confidence', count: 6 }]);
  });

  test('among others, which are decided on, in their order', async () => {
    const { predict, tell, asked } = await refused();
    predict('/a', FAR);
    await tell(alertAbout('/srv'));
    const mixed = [alertAbout('/srv'), alertAbout('/a'), alertAbout('/srv'), alertAbout('/b')];
    const decisions = await tell(...mixed);
    expect(decisions.map(({ target, reason }) => [target?.resource, reason])).toEqual([
      ['/srv', 'low_confidence'],
      ['/a', 'not_urgent_yet'],
      ['/srv', 'low_confidence'],
      ['/b', 'no_prediction'],
    ]);
    await tell(...mixed);
    await tell(...mixed);
    expect(await asked(...mixed)).toBe(0);
  });

  test('with what only it knows', async () => {
    const { clock, tell, asked } = await world();
    const annotated = alertAbout('/c', { annotations: { days_until_critical: '20', confidence: '0.9' } });
    for (let times = 0; times < 3; times++) {
      clock.now += 10;
      await tell(annotated);
    }
    expect(await asked(annotated)).toBe(0);
  });
});

describe('everything is asked anew', () => {
  test.each<[string, (here: Awaited<ReturnType<typeof refused>>) => unknown]>([
    ['a quarter of a second later', ({ clock }) => Object.assign(clock, { now: NOW + 250 })],
    ['when the clock went back', ({ clock }) => Object.assign(clock, { now: NOW - 1 })],
    ['after a pause', ({ ledger }) => ledger.pause({ name: 'default', reason: null, since: NOW, until: null })],
    ['after a prediction changed', ({ predict }) => predict('/srv', FAR)],
    ['after a reload', ({ known }) => Object.assign(known, { config: configWith([MAPPING]) })],
    ['after another process wrote', ({ ledger }) => ledger.values.set('from another', 'x', null)],
  ])('%s', async (_when, change) => {
    const here = await refused();
    await change(here);
    expect(await here.asked(alertAbout('/srv'))).toBeGreaterThan(0);
  });

  test('when the gate that stopped it opens', async () => {
    const { clock, known, predict, tell } = await world();
    known.config = configWith([
      permittingMapping({
        resource_filter: '*',
        action: { blast_radius: null, limits: [], allowed_hours: { from: 571, to: 600, text: '09:31-10:00' } },
      }),
    ]);
    clock.now = NOW + 59_900;
    predict('/srv', {});
    for (let times = 0; times < 3; times++) {
      expect(await tell(alertAbout('/srv'))).toMatchObject([{ reason: 'outside_hours' }]);
    }
    clock.now = NOW + 60_000;
    expect(await tell(alertAbout('/srv'))).toMatchObject([{ verdict: 'approved' }]);
  });

  test('where an inventory says which hosts there are', async () => {
    const here = await refused();
    here.known.fleet = { size: 3, problemOf: () => null };
    here.predict('/srv', UNSURE);
    await here.tell(alertAbout('/srv'));
    await here.tell(alertAbout('/srv'));
    expect(await here.asked(alertAbout('/srv'))).toBeGreaterThan(0);
  });

  test('where a mapping names the alert: what it says is written down each time', async () => {
    const { ledger, known, tell, asked } = await world();
    const alert = { alertname: 'DiskPredictedFull', labels: {}, resource: null, resource_label: null };
    known.config = configWith([permittingMapping({ alert, prediction_type: 'alert:DiskPredictedFull' })], ['/named']);
    const named = alertAbout('/named', { labels: { alertname: 'DiskPredictedFull', resource: '/named' } });
    for (let times = 0; times < 3; times++) expect(await tell(named)).toMatchObject([{ reason: 'excluded' }]);
    expect(await asked(named)).toBeGreaterThan(0);
    expect(await ledger.values.list('alert:')).toHaveLength(1);
  });

  test('of an alert that is resolved', async () => {
    const { tell } = await refused();
    const over = alertAbout('/srv', { status: 'resolved' });
    for (let times = 0; times < 3; times++) expect(await tell(over)).toMatchObject([{ reason: 'not_firing', id: '' }]);
  });

  test('while the service stops', async () => {
    const { loop, tell } = await refused();
    await loop.drain(1_000);
    await expect(tell(alertAbout('/srv'))).rejects.toThrow('the service is stopping');
  });
});

test('property: whatever happens in between, it is refused as it would be now, and each time counted', async () => {
  const resource = fc.constantFrom('/a', '/b', '/c');
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ tell: fc.array(resource, { minLength: 1, maxLength: 4 }) }) },
    { weight: 2, arbitrary: fc.record({ wait: fc.constantFrom(1, 100, 249, 250, 251) }) },
    { weight: 1, arbitrary: fc.record({ predict: resource, as: fc.constantFrom(FAR, UNSURE) }) },
    { weight: 1, arbitrary: fc.record({ pause: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ exclude: fc.constantFrom([], ['/a'], ['/b', '/c']) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const { clock, ledger, known, predict, tell } = await world();
      const state = { paused: false, exclude: [] as readonly string[], predicted: new Map<string, object>() };
      const expected = (about: string): string => {
        if (!state.predicted.has(about)) return 'no_prediction';
        if (state.paused) return 'kill_switch';
        if (state.exclude.includes(about)) return 'excluded';
        return state.predicted.get(about) === FAR ? 'not_urgent_yet' : 'low_confidence';
      };
      let told = 0;
      for (const one of steps) {
        if ('wait' in one) clock.now += one.wait;
        else if ('predict' in one) {
          state.predicted.set(one.predict, one.as);
          predict(one.predict, one.as);
        } else if ('pause' in one) {
          state.paused = one.pause;
          if (one.pause) await ledger.pause({ name: 'default', reason: null, since: clock.now, until: null });
          else await ledger.resume('default');
        } else if ('exclude' in one) {
          state.exclude = one.exclude;
          known.config = configWith([MAPPING], one.exclude);
        } else {
          told += one.tell.length;
          const decisions = await tell(...one.tell.map((about) => alertAbout(about)));
          expect(decisions.map(({ reason }) => reason)).toEqual(one.tell.map(expected));
        }
      }
      const { decisions } = await ledger.summary(clock.now);
      expect(decisions.reduce((sum, { count }) => sum + count, 0)).toBe(told);
      await ledger.close();
    }),
    { numRuns: 20 },
  );
});
