import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, vi } from 'vitest';
import { DAY, MINUTE } from '../support/decision.ts';
import { alertBody, DISK, ended, type Home, makeHome, type Service, startService } from '../support/service.ts';
import { ROOT } from '../support/source-text.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 180_000 });

const LONG = { timeout: 60_000, interval: 100 };

/** The wall clock of a service under test. */
interface Clock {
  readonly env: Record<string, string>;
  now(): number;
  set(instant: number): void;
}

function wallClock(home: Home, name = 'clock'): Clock {
  const file = join(home.folder, name);
  let ahead = 0;
  const clock: Clock = {
    env: {
      NODE_OPTIONS: `--import=${join(ROOT, 'test/programs/wall-clock.mjs')}`,
      WALL_CLOCK: file,
      TZ: 'Europe/Oslo',
    },
    now: () => Date.now() + ahead,
    set(instant) {
      ahead = instant - Date.now();
      writeFileSync(`${file}.new`, String(ahead));
      renameSync(`${file}.new`, file);
    },
  };
  clock.set(Date.now());
  return clock;
}

/** Of an alert that alone knows its prediction, told now by this clock. */
async function tell(service: Service, clock: Clock): Promise<any> {
  const body = alertBody(
    { resource: '/told' },
    {
      annotations: { days_until_critical: '8', confidence: '0.9' },
      startsAt: new Date(clock.now() - MINUTE).toISOString(),
    },
  );
  const { decisions } = (await (await service.post('/webhook', body)).json()) as any;
  return decisions[0];
}

function homeOf(action: object, env: Record<string, string> = {}): Home {
  const home = makeHome({
    env,
    mapping: (mapping) => {
      mapping.mappings[0].resource_filter = '*';
      Object.assign(mapping.mappings[0].action, action);
      mapping.mappings[0].safety_checks = [];
      return mapping;
    },
  });
  home.writePredictions([]);
  return home;
}

describe('no jump of the wall clock', () => {
  it('opens a limit early, be it by a change of the clocks, the week, the year, or by a year (fault 17)', async () => {
    const home = homeOf({ cooldown_hours: 48, max_executions_per_week: 2, verify: { after: '1h' } });
    const clock = wallClock(home);
    const at = (text: string) => clock.set(Date.parse(text));
    // Summer time ends in Oslo in the night to the 25th, which has 25 hours there.
    at('2026-10-24T12:00:00Z');
    const service = await startService(home, { env: clock.env });
    const expectHeld = async (text: string, reason: string) => {
      at(text);
      // What is to be verified by this clock is verified within seconds.
      const decided = await eventually(async () => {
        const decision = await tell(service, clock);
        return decision.reason === 'settling' ? null : decision;
      }, LONG);
      expect([text, decided.verdict, decided.reason]).toEqual([text, 'deferred', reason]);
    };
    const runsEnded = (count: number) =>
      eventually(async () => {
        await tell(service, clock);
        const { items } = await service.json('/api/v1/executions');
        return items.filter(({ state }: any) => state === 'succeeded').length === count;
      }, LONG);

    await runsEnded(1);
    await expectHeld('2026-10-24T11:59:59Z', 'cooldown'); // a second back, as at a leap second
    await expectHeld('2026-10-25T00:59:00Z', 'cooldown'); // 02:59 for the first time
    await expectHeld('2026-10-25T01:01:00Z', 'cooldown'); // 02:01 for the second time
    await expectHeld('2026-10-25T23:30:00Z', 'cooldown'); // the next week has begun in Oslo
    await expectHeld('2026-10-26T11:58:00Z', 'cooldown'); // 47 hours and 58 minutes; by the wall 46
    await expectHeld('2025-10-24T12:00:00Z', 'cooldown'); // a year back: no cooldown is below nothing
    await expectHeld('1970-01-01T00:10:00Z', 'cooldown');
    at('2026-10-26T12:05:00Z');
    await runsEnded(2);
    await expectHeld('2026-10-28T12:10:00Z', 'weekly_limit');
    await expectHeld('2026-10-24T12:10:00Z', 'cooldown'); // the second has not begun yet by this clock, and counts
    await expectHeld('2025-12-31T23:59:59Z', 'cooldown');
    await expectHeld('2026-10-31T11:50:00Z', 'weekly_limit');
    expect(home.runs()).toHaveLength(2);
    expect(await service.stop()).toBe(0);
  });

  it('ends a run, or takes it from who holds it (fault 17)', async () => {
    const home = homeOf({});
    const hold = join(home.folder, 'release');
    home.writeConfig((config: any) => {
      config.playbooks.recording.env.HOLD_RUN = hold;
      config.playbooks.recording.timeout = '10m';
      return config;
    });
    const [clock, another] = [wallClock(home), wallClock(home, 'another')];
    const service = await startService(home, { env: clock.env });
    const decision = await tell(service, clock);
    await eventually(() => home.runs().length === 1, LONG);
    const other = await startService(home, { env: another.env });
    const began = Date.now();
    for (const jump of [365 * DAY, -365 * DAY]) {
      clock.set(began + jump);
      another.set(began - jump);
      // Each has looked at least twice since: who holds it says so every two seconds, by the clock that was put wrong.
      const seen = new Set<number>();
      await eventually(() => seen.add(heartbeatOf(home)).size > 2, LONG);
      for (const one of [service, other]) {
        const { items } = await one.json('/api/v1/executions');
        expect(items).toMatchObject([{ id: decision.execution_id, state: 'running' }]);
        expect(await tell(one, one === service ? clock : another)).toMatchObject({ execution_id: null });
      }
    }
    writeFileSync(hold, '');
    expect(await ended(service, decision.execution_id, 60_000)).toMatchObject({ state: 'succeeded' });
    expect([service, other].map((one) => one.log().filter(({ msg }) => /took over/.test(String(msg))))).toEqual([
      [],
      [],
    ]);
    expect(home.runs()).toHaveLength(1);
    expect(await service.stop()).toBe(0);
    expect(await other.stop()).toBe(0);
  });
});

it('a body that is sent again days later runs nothing on the word of a prediction that is old by then (fault 23)', async () => {
  const home = homeOf({ cooldown_hours: 48, limit_scope: 'resource' });
  home.writePredictions([DISK]);
  const clock = wallClock(home);
  const service = await startService(home, { env: clock.env });
  const began = clock.now();
  const startsAt = new Date(began - MINUTE).toISOString();
  const annotations = { days_until_critical: '8', confidence: '0.9' };
  const captured = [alertBody({}, { startsAt }), alertBody({ resource: '/told' }, { startsAt, annotations })];
  const send = async () => {
    const answers = await Promise.all(captured.map(async (body) => (await service.post('/webhook', body)).json()));
    return (answers as any[]).map(({ decisions: [{ verdict, reason }] }) => `${verdict} ${reason}`);
  };
  expect(await send()).toEqual(['approved approved', 'approved approved']);
  await eventually(() => home.records().filter((line) => line.startsWith('run-end ')).length === 2, LONG);
  clock.set(began + DAY);
  await eventually(async () => {
    expect(await send()).toEqual(['deferred cooldown', 'deferred cooldown']);
    return true;
  }, LONG);
  clock.set(began + 3 * DAY);
  const [known, annotated] = await send();
  expect(known).toBe('rejected stale_prediction');
  // What only the body says is as old as the delivery: a body holds no time of sending. Cooldown and limits hold.
  expect(annotated).toMatch(/^(?:approved approved|deferred settling)$/);
  await service.stop();
  expect(home.runs().filter((line) => line.endsWith(' /data'))).toHaveLength(1);
});

/** When a service on this ledger said last that it lives. */
function heartbeatOf(home: Home): number {
  const db = new DatabaseSync(home.database, { timeout: 5_000, readOnly: true });
  try {
    return Number(db.prepare('SELECT max(heartbeat_at) AS at FROM instances').get()!['at']);
  } finally {
    db.close();
  }
}
