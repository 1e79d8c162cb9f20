import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { DISK, forestall, type Home, type Service, startService } from '../support/service.ts';
import { deliver, discord, forecastAfter, run, verified, verifyingHome } from '../support/verification.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 90_000 });

/** Long enough for the forecaster of the test to say something in between. */
const soon = { verify: { after: '6s' } };
const atOnce = { verify: { after: '1s' } };

const metric = async (service: Service, name: string) =>
  (await (await service.get('/metrics')).text())
    .split('\n')
    .find((line) => line.startsWith(`${name} `))
    ?.slice(name.length + 1);

const counted = (outcome: string) => `proactive_remediation_outcomes_total{playbook="recording",outcome="${outcome}"}`;
const DAYS_GAINED = 'proactive_remediation_days_gained{playbook="recording"}';
const PREVENTED = 'proactive_remediation_prevented_incidents';

describe.concurrent('a run that succeeded is verified', () => {
  it('effective: its prediction is gone; told once, counted once, and the target may run again', async () => {
    const { configure, told } = await discord();
    const home = verifyingHome(soon, configure);
    const service = await startService(home);
    const execution = await run(service);
    expect(Date.parse(execution.verify_at) - Date.parse(execution.finished_at)).toBe(6000);
    forecastAfter(home, execution, null);
    const after = await verified(service, execution);
    expect(after).toMatchObject({
      outcome: 'effective',
      outcome_message: 'disk_exhaustion of /data is not predicted any more; critical in 8.2 days before',
      days_before: 8.2,
      days_after: null,
      message: execution.message,
    });
    expect(Date.parse(after.verified_at)).toBeGreaterThanOrEqual(Date.parse(after.verify_at));
    await eventually(() => told().length === 2, { timeout: 20_000 });
    expect(told().map(({ title }) => title)).toEqual(['recording succeeded: /data', 'recording helped: /data']);
    expect(told()[1]!.description).toBe('no crossing any more');
    expect(await metric(service, counted('effective'))).toBe('1');
    expect(await metric(service, PREVENTED)).toBe('1');
    expect(await metric(service, DAYS_GAINED)).toBeUndefined();
    const page = await (await service.get(`/executions/${execution.id}`)).text();
    expect(page).toContain('is not predicted any more');
    home.writePredictions([DISK]);
    await eventually(async () => (await service.json('/api/v1/predictions')).items.length === 1);
    expect(await deliver(service)).toMatchObject({ verdict: 'approved' });
    await service.stop();
  });

  it('effective: its days grew; nothing runs on the target while that is not known', async () => {
    const { configure, told } = await discord();
    const home = verifyingHome(soon, configure);
    const service = await startService(home);
    const execution = await run(service);
    forecastAfter(home, execution, 9.6);
    const held = await deliver(service);
    expect(held).toMatchObject({ verdict: 'deferred', reason: 'settling', next_attempt_at: execution.verify_at });
    expect(held.message).toMatch(/^exec_\S+ ended .* ago; whether it helped is found out at 20/);
    const page = await (await service.get(`/executions/${execution.id}`)).text();
    expect(page).toMatch(/not known, verified <time [^>]*>in \d s<\/time>/);
    const { stdout } = await forestall(['history', execution.id, '--config', home.config]);
    expect(stdout).toMatch(/ {2}verified at 20\d\d-/);
    const after = await verified(service, execution);
    expect(after).toMatchObject({ outcome: 'effective', days_before: 8.2, days_after: 9.6 });
    expect(home.runs()).toHaveLength(1);
    expect(Number(await metric(service, DAYS_GAINED))).toBeCloseTo(1.4);
    await eventually(() => told().length === 2, { timeout: 20_000 });
    expect(told()[1]).toMatchObject({ title: 'recording helped: /data', description: 'bought 1.4 days' });
    const { stdout: known } = await forestall(['history', execution.id, '--config', home.config]);
    expect(known).toMatch(/ {2}effective: .*critical in 9\.6 days; critical in 8\.2 days before; bought 1\.4 days, 20/);
    await service.stop();
  });

  it('ineffective: its days did not grow; the circuit opens as after failures', async () => {
    const { configure, told } = await discord();
    const home = verifyingHome(soon, (document) => ({
      ...configure(document),
      execution: { circuit_breaker: { failures: 2, reset_after: '1h' } },
    }));
    const service = await startService(home);
    for (const days of [8.2, 7.9]) {
      const execution = await run(service);
      forecastAfter(home, execution, days);
      expect(await verified(service, execution)).toMatchObject({ outcome: 'ineffective', days_after: days });
    }
    expect(await metric(service, PREVENTED)).toBe('0');
    expect(await metric(service, counted('ineffective'))).toBe('2');
    const opened = 'proactive_remediation_circuit_open{playbook="recording"}';
    expect(await metric(service, opened)).toBe('1');
    expect(await deliver(service)).toMatchObject({
      reason: 'circuit_open',
      message: expect.stringMatching(/^the last 2 runs of recording all failed or did not help; held until/),
    });
    await eventually(() => told().filter(({ title }) => title === 'recording did not help: /data').length === 2, {
      timeout: 20_000,
    });
    await service.stop();
  });

  const unreadable = (home: Home) => writeFileSync(home.predictions, '{"predictions": [');
  it.each([
    ['the forecaster wrote nothing since the run', () => undefined, /no forecast since the run/],
    ['its source is not readable', unreadable, /is down: is not JSON/],
    ['its source is gone', (home: Home) => rmSync(home.predictions), /is down: does not exist/],
    [
      'the last word of a forecaster that died is old',
      (home: Home) => {
        writeFileSync(home.predictions, '{"generated_at":"2020-01-01T00:00:00Z","predictions":[]}');
      },
      /lacks it, and is not newer than the run/,
    ],
  ])('unknown: %s; for the log, not for Discord, and the target may run again', async (_why, happens, says) => {
    const { configure, told } = await discord();
    const home = verifyingHome(soon, configure);
    const service = await startService(home);
    const execution = await run(service);
    happens(home);
    const after = await verified(service, execution);
    expect(after).toMatchObject({ outcome: 'unknown', days_after: null, days_before: 8.2 });
    expect(after.outcome_message).toMatch(says);
    const line = await eventually(() => service.log().find(({ event }) => event === 'outcome') ?? null);
    expect(line).toMatchObject({ level: 'warn', outcome: 'unknown', execution_id: execution.id });
    expect(await metric(service, counted('unknown'))).toBe('1');
    expect(await metric(service, PREVENTED)).toBe('0');
    home.writePredictions([DISK]);
    await eventually(async () => (await deliver(service)).verdict === 'approved', { timeout: 20_000, interval: 200 });
    await eventually(() => home.runs().length === 2 && told().length === 2, { timeout: 20_000 });
    expect(told().map(({ title }) => title)).toEqual(['recording succeeded: /data', 'recording succeeded: /data']);
    await service.stop();
  });

  it('unknown: only its alert knew of it', async () => {
    const home = verifyingHome(atOnce);
    home.writePredictions([]);
    const service = await startService(home);
    const { decisions } = (await (
      await service.post('/webhook', {
        version: '4',
        status: 'firing',
        receiver: 'r',
        groupKey: '{}',
        truncatedAlerts: 0,
        groupLabels: {},
        commonLabels: {},
        commonAnnotations: {},
        externalURL: 'http://a',
        alerts: [
          {
            status: 'firing',
            labels: { alertname: 'X', prediction_type: 'disk_exhaustion', resource: '/data' },
            annotations: { days_until_critical: '8.2', confidence: '0.9' },
            startsAt: new Date().toISOString(),
            endsAt: '0001-01-01T00:00:00Z',
            generatorURL: '',
            fingerprint: '01',
          },
        ],
      })
    ).json()) as any;
    expect(decisions[0]).toMatchObject({ verdict: 'approved' });
    expect(await verified(service, { id: decisions[0].execution_id })).toMatchObject({
      outcome: 'unknown',
      outcome_message: 'only its alert knew of it',
    });
    await service.stop();
  });

  it('by a fact: it holds, it does not, it cannot be had', async () => {
    const expecting = { verify: { after: '1s', expect: 'level < 85%' } };
    const home = verifyingHome(expecting, (document) => ({
      ...document,
      facts: { level: { command: ['./level'] } },
    }));
    const level = join(home.folder, 'level');
    const set = (script: string) => {
      writeFileSync(level, `#!/bin/sh\n${script}\n`);
      chmodSync(level, 0o755);
    };
    home.writeConfig((document) => ({ ...document, facts: { level: { command: [level] } } }));
    set('echo 80');
    const service = await startService(home);
    const outcomes: string[] = [];
    for (const script of ['echo 80', 'echo 90', 'echo broken; exit 7']) {
      set(script);
      const { outcome, outcome_message } = await verified(service, await run(service));
      outcomes.push(outcome);
      expect(outcome_message).toContain('level < 85%');
    }
    expect(outcomes).toEqual(['effective', 'ineffective', 'unknown']);
    await service.stop();
  });

  it('not when it failed: nothing settles, its outcome stays open', async () => {
    const home = verifyingHome(atOnce, (document: any) => {
      document.playbooks.recording.env.EXIT_RUN = '3';
      return document;
    });
    const service = await startService(home);
    const { execution_id: id } = await deliver(service);
    await eventually(async () => (await service.json(`/api/v1/executions/${id}`)).state === 'failed');
    expect(await service.json(`/api/v1/executions/${id}`)).toMatchObject({ verify_at: null, outcome: null });
    expect(await (await service.get(`/executions/${id}`)).text()).toContain('not verified');
    expect(await deliver(service)).toMatchObject({ verdict: 'approved' });
    await service.stop();
  });
});

describe.concurrent('whichever process is there when it is due', () => {
  it('verifies after a restart, what was due while nobody was there too', async () => {
    const home = verifyingHome(soon);
    const first = await startService(home);
    const execution = await run(first);
    await first.stop('SIGKILL');
    forecastAfter(home, execution, 12);
    const second = await startService(home);
    expect(await verified(second, execution)).toMatchObject({ outcome: 'effective', days_after: 12 });
    await second.stop();
  });

  it('verifies once, of two on one store', async () => {
    const { configure, told } = await discord();
    const home = verifyingHome(soon, configure);
    const services = [await startService(home), await startService(home)];
    const execution = await run(services[0]!);
    forecastAfter(home, execution, 12);
    for (const service of services) {
      expect(await verified(service, execution)).toMatchObject({ outcome: 'effective' });
      expect(await metric(service, counted('effective'))).toBe('1');
    }
    await eventually(() => told().length === 2, { timeout: 20_000 });
    const lines = services.flatMap((service) => service.log().filter(({ event }) => event === 'outcome'));
    expect(lines).toHaveLength(1);
    await Promise.all(services.map((service) => service.stop()));
    expect(told()).toHaveLength(2);
  });

  it('is `run` as well, before it decides', async () => {
    const home = verifyingHome(atOnce);
    const pass = async () => JSON.parse((await forestall(['run', '--json', '--config', home.config])).stdout);
    const first = await pass();
    expect(first).toMatchObject({ executions: [{ state: 'succeeded', outcome: null }], verified: [] });
    const [execution] = first.executions;
    forecastAfter(home, execution, 7);
    await eventually(() => Date.now() > Date.parse(execution.verify_at));
    home.writeMapping((mapping) => {
      mapping.mappings[0].action.verify.after = '1h';
      return mapping;
    });
    const second = await pass();
    expect(second.verified).toMatchObject([{ id: execution.id, outcome: 'ineffective', days_after: 7 }]);
    expect(second.decisions).toMatchObject([{ verdict: 'approved' }]);
    expect(existsSync(join(home.folder, 'proactive-remediation.prom'))).toBe(true);
    const held = await pass();
    expect(held).toMatchObject({ decisions: [{ reason: 'settling' }], executions: [], verified: [] });
    const { stdout } = await forestall(['history', '--config', home.config]);
    expect(stdout).toMatch(/ineffective\n$/);
  });
});

it('tells people when the same prediction returns again and again, and when a run buys too little', async () => {
  const { configure, told } = await discord();
  const home = verifyingHome({ ...soon, min_days_gained: 2 }, configure);
  const service = await startService(home);
  for (const days of [13, 12, 8.7]) {
    const execution = await run(service);
    forecastAfter(home, execution, days);
    await verified(service, execution);
    home.writePredictions([{ ...DISK, observed_at: new Date(Date.now() + 5).toISOString() }]);
    await eventually(async () => (await service.json('/api/v1/predictions')).items[0].days_until_critical === 8.2);
  }
  await eventually(() => told().length === 6, { timeout: 30_000 });
  const helped = told().filter(({ title }) => title === 'recording helped: /data');
  expect(helped.map(({ description }) => description)).toEqual([
    'bought 4.8 days',
    'bought 3.8 days; the last two bought 4.8, 3.8',
  ]);
  const [masked, ...others] = told().filter(({ title }) => title.includes('is masked, not solved'));
  expect(others).toEqual([]);
  expect(masked!.title).toBe('A person has to act: disk_exhaustion of /data is masked, not solved');
  expect(masked!.description).toMatch(/ran for it 3 times in 30 days, since 20.*bought 0\.5 days .* min_days_gained/);
  expect(masked!.fields).toMatch(
    /effective, bought 4\.8 days.*effective, bought 3\.8 days.*effective, bought 0\.5 days/,
  );
  expect(masked!.named).toMatchObject({
    Trend: 'bought 0.5 days; the last three bought 4.8, 3.8, 0.5',
    'Look at': 'forestall history --playbook recording\ndocs/runbook.md#forestallproblemmasked',
  });
  expect(await (await service.get('/metrics')).text()).toMatch(
    /proactive_remediation_escalated\{playbook="recording",reason="masked"\} 1\n/,
  );
  expect(service.log().filter(({ event }) => event === 'masking')).toHaveLength(1);
  await service.stop();
});
