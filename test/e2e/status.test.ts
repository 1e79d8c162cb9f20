import { beforeAll, describe, expect, it, vi } from 'vitest';
import { alertBody, DISK, forestall, type Home, makeHome, type Service, startService } from '../support/service.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let home: Home;
let service: Service;
let second: Service;
const on = (...args: string[]) => forestall([...args, '--config', home.config]);
const resume = async (body: object): Promise<any> => await (await service.post('/api/v1/resume', body)).json();

beforeAll(async () => {
  home = makeHome();
  home.writePredictions([DISK, { ...DISK, resource: '/old', observed_at: '2020-01-01T00:00:00Z' }]);
  [service, second] = await Promise.all([startService(home), startService(home)]);
});

describe('the status', () => {
  it('has its numbers and texts at the top, and the command line says the same', async () => {
    await eventually(async () => (await service.json('/api/v1/status')).predictions === 2);
    const status = await service.json('/api/v1/status');
    const { pauses, sources, ...flat } = status;
    for (const [name, value] of Object.entries(flat))
      expect([name, typeof value]).not.toEqual([name, value && 'object']);
    expect(flat).toEqual({
      mode: 'live',
      enabled: true,
      dry_run_mode: false,
      paused: false,
      paused_by: '',
      paused_until: null,
      mappings: 1,
      predictions: 2,
      predictions_stale: 1,
      days_until_critical_min: 8.2,
      sources_up: 1,
      sources_down: 0,
      in_progress: 0,
      waiting_for_confirmation: 0,
      executions_24h: 0,
      executions_daily_limit: 5,
      executions_succeeded_7d: 0,
      executions_failed_7d: 0,
      success_rate_7d: null,
      prevented_incidents: 0,
      last_run: null,
      reports_pending: 0,
      config_last_reload_successful: true,
    });
    expect([pauses, sources]).toEqual([[], [expect.objectContaining({ up: true, problem: null })]]);

    const twin = JSON.parse((await on('status', '--json')).stdout);
    expect(twin).toEqual({
      ...status,
      config_last_reload_successful: null,
      sources: [expect.objectContaining({ up: true })],
    });
    const { code, stdout } = await on('status');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^mode +live$/m)]);
    expect(stdout).toMatch(/^predictions stale +1$/m);
  });

  it('names who paused, until when', async () => {
    await service.post('/api/v1/pause', { name: 'ann', reason: 'upgrade', for: '2h' });
    const { mode, paused_by, paused_until } = await second.json('/api/v1/status');
    expect([mode, paused_by]).toEqual(['paused', 'ann: upgrade']);
    expect(Date.parse(paused_until)).toBeGreaterThan(Date.now());
    await service.post('/api/v1/pause', { name: 'bob' });
    expect(await second.json('/api/v1/status')).toMatchObject({ paused_by: 'ann: upgrade; bob', paused_until: null });
    expect(await resume({ all: true })).toEqual({ lifted: 2, refused: { count: 0, items: [] } });
  });
});

describe('what a pause refused', () => {
  const deliver = async (times: number) => {
    for (let time = 0; time < times; time++) await service.post('/webhook', alertBody());
  };

  it('is in the answer that lifts it, with repeats', async () => {
    await service.post('/api/v1/pause', {});
    await deliver(3);
    expect(await resume({})).toMatchObject({
      lifted: 1,
      refused: { count: 3, items: [{ reason: 'kill_switch', repeats: 2, target: { resource: '/data' } }] },
    });
    expect(await resume({})).toEqual({ lifted: 0, refused: { count: 0, items: [] } });
  });

  it('is told by the command line', async () => {
    expect(JSON.parse((await on('pause', '--json', '--name', 'cli')).stdout)).toMatchObject({
      paused: true,
      name: 'cli',
    });
    await service.post('/webhook', alertBody({ resource: '/old' }));
    const { stdout } = await on('resume', '--name', 'cli');
    expect(stdout).toMatch(
      /^lifted 1 pause\n1 decision was refused meanwhile\n {2}20\S+Z {2}disk_exhaustion of \/old {2,}once\n$/,
    );
    await on('pause');
    expect(JSON.parse((await on('resume', '--json')).stdout)).toEqual({ lifted: 1, refused: { count: 0, items: [] } });
  });

  it('is logged once, by one of two services, where the pause ended by itself', async () => {
    const told = () => [service, second].flatMap((one) => one.log().filter((line) => line['pause'] === 'short'));
    await service.post('/api/v1/pause', { name: 'short', for: '1s' });
    await deliver(1);
    await eventually(() => told().length > 0, { timeout: 30_000 });
    await service.post('/api/v1/pause', { name: 'later', for: '1s' });
    await eventually(() => [service, second].some((one) => one.log().some((line) => line['pause'] === 'later')), {
      timeout: 30_000,
    });
    expect(told()).toMatchObject([
      {
        msg: expect.stringMatching(/^the pause short ended at 20.*: 1 decisions were refused meanwhile$/),
        refused: 1,
        decisions: [{ target: { resource: '/data' } }],
      },
    ]);
  });
});

it('check and rules speak JSON', async () => {
  const checked = await on('check', '--json');
  expect(JSON.parse(checked.stdout)).toMatchObject({
    ok: true,
    findings: [
      { kind: 'ok' },
      { kind: 'warning', message: expect.stringContaining('max_daily_executions') },
      { kind: 'ok' },
      { kind: 'warning', message: expect.stringContaining('no generated alert rules') },
    ],
  });
  expect(checked.code).toBe(0);
  const output = `${home.folder}/x.rules.yml`;
  const rules = async (...args: string[]) => {
    const { code, stdout } = await on('rules', '--json', '--output', output, ...args);
    return [code, JSON.parse(stdout)];
  };
  expect(await rules('--check')).toEqual([1, { output, up_to_date: false }]);
  expect(await rules()).toEqual([0, { output, written: true }]);
  expect(await rules('--check')).toEqual([0, { output, up_to_date: true }]);
});
