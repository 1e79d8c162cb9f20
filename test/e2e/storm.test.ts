import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { alertBody, DISK, makeHome, type Service } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { type Answered, createSender, expectSoundHistory, settled } from './traffic.ts';
import { type WatchedHome, watched } from './watched.ts';

vi.setConfig({ testTimeout: 90_000 });

const services = new Set<Service>();

async function start(home: WatchedHome): Promise<Service> {
  const service = await home.start();
  services.add(service);
  return service;
}

async function stopAll(): Promise<void> {
  await Promise.all([...services].map((service) => service.stop()));
  services.clear();
}

afterAll(stopAll);

/** Every body to each service in turn, all at once, over 50 connections a service; the answers in the order of the bodies. */
async function storm(services: readonly Service[], bodies: readonly object[]): Promise<readonly Answered[]> {
  const senders = services.map((service) => createSender(service));
  const answers = await Promise.all(bodies.map((body, at) => senders[at % senders.length]!.deliver(body)));
  for (const sender of senders) sender.close();
  return answers;
}

function decisionsIn(answers: readonly Answered[]) {
  return answers.flatMap(({ decisions }) => decisions);
}

/** Waits for the end, stops the services, and asserts that all of it made one run. */
async function expectOneRun(home: WatchedHome, answers: readonly Answered[]): Promise<void> {
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  await settled(home);
  await stopAll();
  expect(home.runs()).toHaveLength(1);
  expect(decisionsIn(answers).filter(({ verdict }) => verdict === 'approved')).toHaveLength(1);
  const { executions, decisions } = expectSoundHistory(home, answers, { mostRuns: 1 });
  expect(executions.map(({ state }) => state)).toEqual(['succeeded']);
  // Nothing is dropped: each alert is a row, or counted on one.
  expect(decisions.reduce((sum, { repeats }) => sum + 1 + repeats, 0)).toBe(decisionsIn(answers).length);
}

const times = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));

it('runs once for 500 identical alerts from 50 connections', async () => {
  const home = await watched(makeHome());
  const service = await start(home);
  const body = alertBody();
  await expectOneRun(
    home,
    await storm(
      [service],
      times(500, () => body),
    ),
  );
});

it('runs once for 500 identical alerts to two services on one ledger (fault 10)', async () => {
  const home = await watched(makeHome());
  const both = await Promise.all([start(home), start(home)]);
  const body = alertBody();
  await expectOneRun(
    home,
    await storm(
      both,
      times(500, () => body),
    ),
  );
});

it('runs once for the same alert from two Alertmanagers that tell it differently (fault 11)', async () => {
  const home = await watched(makeHome());
  const both = await Promise.all([start(home), start(home)]);
  const bodies = times(40, (at) => {
    const fingerprint = `c0ffee00000000${at % 2}1`;
    const startsAt = new Date(Date.now() - (at % 2 === 0 ? 0 : 17_000)).toISOString();
    const externalURL = `http://alertmanager-${at % 2}`;
    const groupKey = `{}:{resource="/data",replica="${at % 2}"}`;
    return { ...alertBody({}, { fingerprint, startsAt }), externalURL, groupKey };
  });
  await expectOneRun(home, await storm(both, bodies));
});

it('runs once for an alert whose labels change with every delivery (fault 12)', async () => {
  const home = await watched(makeHome());
  const service = await start(home);
  const bodies = times(100, (at) =>
    alertBody(
      { value: `8.${String(at).padStart(3, '0')}`, pod: `exporter-${at}` },
      { fingerprint: at.toString(16).padStart(16, '0') },
    ),
  );
  await expectOneRun(home, await storm([service], bodies));
});

it('answers 2,000 alerts of one body in their order, and runs once', async () => {
  const home = await watched(
    makeHome({
      mapping: (mapping) => {
        mapping.mappings[0].resource_filter = '/data/*';
        return mapping;
      },
    }),
  );
  home.writePredictions(times(2_000, (at) => ({ ...DISK, resource: `/data/${at}` })));
  const service = await start(home);
  const alerts = times(2_000, (at) => (alertBody({ resource: `/data/${at}` }) as { alerts: object[] }).alerts[0]);
  const answers = await storm([service], [{ ...alertBody(), alerts }]);
  const decisions = decisionsIn(answers) as readonly { prediction?: { resource: string } }[];
  expect(decisions.map(({ prediction }) => prediction?.resource)).toEqual(times(2_000, (at) => `/data/${at}`));
  await expectOneRun(home, answers);
});

it('keeps the daily limit when many claims race for it over two services', async () => {
  const LIMIT = 5;
  const resources = times(24, (at) => `/data/${at}`);
  const release = join(tempDir(), 'release');
  const home = await watched(
    makeHome({
      env: { HOLD_DRY_RUN: release },
      config: (config) => ({ ...config, execution: { max_parallel: 4 } }),
      mapping: (mapping) => {
        mapping.mappings[0].resource_filter = '/data/*';
        mapping.mappings[0].action.limit_scope = 'resource';
        mapping.global_settings.max_daily_executions = LIMIT;
        return mapping;
      },
    }),
  );
  home.writePredictions(resources.map((resource) => ({ ...DISK, resource })));
  const both = await Promise.all([start(home), start(home)]);
  const answers = await storm(
    both,
    resources.map((resource) => alertBody({ resource })),
  );
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  expect(decisionsIn(answers).filter(({ verdict }) => verdict !== 'approved')).toEqual([]);
  writeFileSync(release, '');
  await settled(home, 60_000);
  expect(home.runs()).toHaveLength(LIMIT);
  const { executions } = expectSoundHistory(home, answers, { mostRuns: LIMIT });
  expect(executions.filter(({ state }) => state === 'succeeded')).toHaveLength(LIMIT);
  expect(executions.filter(({ state }) => state !== 'succeeded' && state !== 'rejected')).toEqual([]);
  await stopAll();
});

it('starts nothing while it is paused, however often that changes in a burst, and records what comes (fault 28)', async () => {
  const home = await watched(
    makeHome({
      config: (config) => ({ ...config, execution: { max_parallel: 2 } }),
      mapping: (mapping) => {
        const [only] = mapping.mappings;
        const action = { ...only.action, limit_scope: 'resource' };
        const global_settings = { ...mapping.global_settings, max_daily_executions: 500 };
        return { ...mapping, mappings: [{ ...only, resource_filter: '/data/*', action }], global_settings };
      },
    }),
  );
  const resources = times(90, (at) => `/data/${at}`);
  home.writePredictions(resources.map((resource) => ({ ...DISK, resource })));
  const service = await start(home);
  const answers: Answered[] = [];
  const paused: { readonly from: number; readonly to: number }[] = [];
  for (const round of [0, 1, 2]) {
    const bodies = resources.slice(round * 30, round * 30 + 30).map((resource) => alertBody({ resource }));
    const burst = storm([service], bodies);
    await service.post('/api/v1/pause', { name: 'night', reason: 'hands off' });
    const from = Date.now();
    answers.push(...(await burst));
    answers.push(...(await storm([service], bodies)));
    paused.push({ from, to: Date.now() });
    await service.post('/api/v1/resume', { all: true });
  }
  answers.push(...(await storm([service], [alertBody({ resource: '/data/89' })])));
  await settled(home, 60_000);
  await stopAll();
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  expect(decisionsIn(answers).filter(({ reason }) => reason === 'kill_switch').length).toBeGreaterThan(0);
  const { executions } = expectSoundHistory(home, answers, { mostRuns: 90 });
  const starts = executions.map(({ started_at }) => started_at).filter((at) => at !== null);
  expect(starts.at(-1)).toBeGreaterThan(paused[0]!.from);
  for (const { from, to } of paused) expect(starts.filter((at) => at > from && at < to)).toEqual([]);
});
