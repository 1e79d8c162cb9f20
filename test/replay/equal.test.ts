import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ActionMapping, Mapping } from '../../src/mapping/mapping.ts';
import { replay } from '../../src/replay/replay.ts';
import { sqliteStore } from '../ledger/sqlite-store.ts';
import { DAY, HOUR, MINUTE, NOW, permittingMapping } from '../support/decision.ts';
import { type Course, createPast, firing, policyFrom } from '../support/past.ts';

const TYPES = ['disk_exhaustion', 'memory_exhaustion'] as const;
const RESOURCES = ['/', '/', '/srv', 'jellyfin'] as const;
const HOSTS = ['nas', 'nas', 'web', null] as const;

const mappingOf = (type: string, at: number): fc.Arbitrary<Mapping> =>
  fc
    .record({
      playbook: fc.constantFrom('clean', 'restart'),
      max_executions_per_week: fc.constantFrom(null, null, 2, 5),
      cooldown_hours: fc.constantFrom(0, 0, 0, 0.5, 6, 48),
      limit_scope: fc.constantFrom('playbook', 'resource', 'host'),
      limits: fc.constantFrom([], [{ runs: 1, per: HOUR }], [{ runs: 2, per: 12 * HOUR }]),
      blast_radius: fc.constantFrom(
        null,
        { hosts: 1, percent: null, per: 6 * HOUR },
        { hosts: null, percent: 20, per: DAY },
      ),
      allowed_hours: fc.constantFrom(
        null,
        null,
        { from: 60, to: 900, text: '01:00-15:00' },
        { from: 1320, to: 300, text: '22:00-05:00' },
      ),
      time_zone: fc.constantFrom(null, 'Europe/Oslo', 'America/New_York'),
      verify: fc.constantFrom({ after: HOUR, expect: null }, { after: DAY, expect: null }),
      min_consecutive: fc.constantFrom(1, 1, 1, 2),
      resource_filter: fc.constantFrom('*', '*', '/*'),
    })
    .map(({ min_consecutive, resource_filter, ...action }) =>
      permittingMapping({
        id: `${type}:${at}`,
        prediction_type: type,
        resource_filter,
        conditions: { min_consecutive },
        action: { ...action, parameters: { secret: 'value' } },
        safety_checks: ['disk_usage < 95'],
      }),
    );

const SETTINGS = {
  enable_auto_remediation: true,
  dry_run_mode: false,
  require_confirmation: false,
  max_daily_executions: null,
  notification_channel: 'none',
};

const mappings: fc.Arbitrary<ActionMapping> = fc
  .record({
    mappings: fc.tuple(...TYPES.map(mappingOf)),
    max_daily_executions: fc.constantFrom(null, 2, 3),
    dry_run_mode: fc.constantFrom(false, false, false, false, true),
    exclude: fc.constantFrom([], [], [], ['web']),
    time_zone: fc.constantFrom(null, 'Europe/Oslo'),
  })
  .map(({ mappings, ...settings }) => ({
    version: '1',
    last_updated: null,
    mappings,
    global_settings: { ...SETTINGS, ...settings },
  }));

const courses: fc.Arbitrary<Course> = fc.record({
  delay: fc.integer({ min: 1, max: 10 * MINUTE }),
  stopped: fc.constantFrom(null, null, null, 'rejected', 'dry_run_failed', 'nothing_to_do', 'denied', 'expired'),
  duration: fc.integer({ min: 1, max: HOUR }),
  end: fc.constantFrom('succeeded', 'succeeded', 'failed', 'interrupted'),
  outcome: fc.constantFrom('effective', 'ineffective', 'ineffective', 'unknown'),
  verifiedLate: fc.integer({ min: 0, max: HOUR }),
});

const arrivals = fc.record({
  prediction_type: fc.constantFrom(...TYPES),
  resource: fc.constantFrom(...RESOURCES),
  host: fc.constantFrom(...HOSTS),
  days_until_critical: fc.constantFrom(8, 8, 8, 8, 9, 9, 8.5, 8.5, 3, 30, null),
  confidence: fc.constantFrom(0.9, 0.9, 0.9, 0.9, 0.9, 0.5),
  age: fc.constantFrom(HOUR, HOUR, HOUR, HOUR, HOUR, 2 * DAY),
  byAlert: fc.constantFrom(true, true, true, false),
  mode: fc.constantFrom('live', 'live', 'live', 'live', 'dry-run'),
  consecutive: fc.integer({ min: 1, max: 3 }),
  fleet: fc.constantFrom(10, 10, null),
});

const steps = fc.array(
  fc.record({
    wait: fc.oneof(fc.integer({ min: 1, max: HOUR }), fc.integer({ min: 1, max: 8 * HOUR })),
    arrive: fc.array(arrivals, { minLength: 1, maxLength: 4 }),
    pause: fc.constantFrom(...new Array(30).fill('none'), 'for a while', 'for good', 'resume', 'resume'),
  }),
  { minLength: 30, maxLength: 50 },
);

/** Each of them lets enough run for guards that come late to stop something. */
const loose = fc
  .constantFrom(
    { limits: [{ runs: 2, per: 12 * HOUR }], limit_scope: 'resource' as const },
    { max_executions_per_week: 2, cooldown_hours: 0.5 },
    { cooldown_hours: 12 },
    { verify: { after: DAY, expect: null }, limit_scope: 'host' as const },
    { limit_scope: 'resource' as const, max_daily_executions: 2 },
    {
      limit_scope: 'host' as const,
      blast_radius: { hosts: 1, percent: null, per: 6 * HOUR },
      allowed_hours: { from: 60, to: 900, text: '01:00-15:00' },
    },
  )
  .map(({ max_daily_executions = null, ...changes }): ActionMapping => {
    const none = { max_executions_per_week: null, limits: [], blast_radius: null, allowed_hours: null };
    const action = { ...none, cooldown_hours: 0, verify: { after: HOUR, expect: null }, ...changes };
    const mappings = TYPES.map((prediction_type) =>
      permittingMapping({ id: prediction_type, prediction_type, resource_filter: '*', action }),
    );
    return {
      version: '1',
      last_updated: null,
      mappings,
      global_settings: { ...SETTINGS, max_daily_executions, exclude: [], time_zone: null },
    };
  });

/** Everything that a replay may be asked about, for histories that nobody thought of. */
const histories = fc.record({
  mapping: fc.oneof(mappings, mappings, loose),
  steps,
  courses: fc.array(courses, { minLength: 5, maxLength: 20 }),
});

type History = typeof histories extends fc.Arbitrary<infer T> ? T : never;

async function lived({ mapping, steps, courses }: History) {
  let claims = 0;
  const past = await createPast({
    ledger: (now) => sqliteStore().open({ now }),
    start: NOW,
    mapping,
    courseOf: () => courses[claims++ % courses.length]!,
  });
  past.policy = policyFrom(mapping, { circuit_breaker: { failures: 2, reset_after: 30 * HOUR } });
  const { ledger } = past;
  for (const { wait, arrive, pause } of steps) {
    await past.until(past.now() + wait);
    const at = past.now();
    if (pause === 'resume') await ledger.resume(null);
    else if (pause !== 'none') {
      await ledger.pause({ name: pause, reason: null, since: at, until: pause === 'for good' ? null : at + 5 * HOUR });
    }
    await past.until(at + 1);
    await past.arrive(
      arrive.map(({ prediction_type, resource, host, days_until_critical, confidence, age, byAlert, ...rest }) => ({
        ...rest,
        alert: byAlert ? firing(`${prediction_type}Predicted`, past.now() - HOUR) : null,
        prediction: {
          ...{ prediction_type, resource, host, days_until_critical, confidence },
          ...{ observed_at: past.now() - age, source: 'file:p', labels: {} },
        },
      })),
    );
  }
  await past.until(past.now() + 2 * DAY);
  return past;
}

const OVER_PAST_RUNS = [
  'approved',
  'kill_switch',
  'in_progress',
  'circuit_open',
  'cooldown',
  'settling',
  'retry_later',
  'limit',
  'weekly_limit',
  'daily_limit',
  'blast_radius',
  'outside_hours',
];

/** Replays many histories with their own mapping; the reasons that they gave. */
async function equal(
  histories: fc.Arbitrary<History>,
  parameters: {
    readonly numRuns: number;
    readonly seed?: number;
    readonly unbiased?: boolean;
  },
): Promise<ReadonlySet<string>> {
  const reasons = new Set<string>();
  const property = fc.asyncProperty(histories, fc.integer({ min: -1, max: 3 }), async (history, days) => {
    const past = await lived(history);
    const since = days < 0 ? 0 : NOW + days * DAY;
    const { ledger } = past;
    const question = { since, mapping: history.mapping, localZone: 'UTC' };
    const { flips, unexplained, decisions, playbooks } = await replay(ledger.past, question);
    const items = (await ledger.decisions({ limit: 500 })).items.filter(({ decided_at }) => decided_at >= since);
    for (const { reason } of items) reasons.add(reason);
    expect(decisions).toBe(items.length);
    expect(flips).toEqual([]);
    expect(unexplained).toBe(0);
    for (const { runs_before, runs_after, saved, added } of playbooks) {
      expect({ runs_after, saved, added }).toEqual({ runs_after: runs_before, saved: 0, added: 0 });
    }
    await ledger.close();
  });
  await fc.assert(property, parameters);
  return reasons;
}

test('replayed with the mapping of the time nothing flips, whatever happened', { timeout: 120_000 }, async () => {
  await equal(histories, { numRuns: 10 });
});

test('the same for histories that reach every guard', { timeout: 120_000 }, async () => {
  const reasons = await equal(
    histories.chain((history) => loose.map((mapping) => ({ ...history, mapping }))),
    {
      numRuns: 24,
      seed: 8,
      unbiased: true,
    },
  );
  expect([...reasons]).toEqual(expect.arrayContaining(OVER_PAST_RUNS));
});
