import { describe, expect, it, vi } from 'vitest';
import { alertBody, ended, makeHome, type Service, startService } from '../support/service.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 90_000 });

/** A service whose one mapping is for every disk, and asks nothing but what `action` says. */
async function serving(action: object, global: object = {}, run: readonly string[] = []) {
  const home = makeHome({
    config: (config: any) => {
      config.playbooks.recording.run.push(...run);
      return config;
    },
    mapping: (document) => {
      const [mapping] = document.mappings;
      mapping.resource_filter = '*';
      mapping.action = { playbook: 'recording', version: '1.0', cooldown_hours: 0, ...action };
      document.global_settings = { dry_run_mode: false, ...global };
      return document;
    },
  });
  return { home, service: await startService(home) };
}

async function deliver(service: Service, resource: string, host?: string): Promise<any> {
  const annotations = { days_until_critical: '8', confidence: '0.9' };
  const labels = { resource, ...(host === undefined ? {} : { host }) };
  return ((await (await service.post('/webhook', alertBody(labels, { annotations }))).json()) as any).decisions[0];
}

async function runs(service: Service, resource: string, host?: string): Promise<any> {
  const decision = await deliver(service, resource, host);
  expect(decision, decision.message).toMatchObject({ verdict: 'approved' });
  return await ended(service, decision.execution_id);
}

describe.concurrent('what an action says', () => {
  it('several limits: each holds by itself, and the one that opens last says when', async () => {
    const limits = [
      { runs: 1, per: '8s' },
      { runs: 2, per: '1h' },
    ];
    const { service } = await serving({ limits });
    const first = await runs(service, '/a');
    const held = await deliver(service, '/b');
    expect(held).toMatchObject({ verdict: 'deferred', reason: 'limit' });
    expect(Date.parse(held.next_attempt_at)).toBe(Date.parse(first.started_at) + 8000);
    await eventually(async () => (await service.json('/api/v1/executions')).items.length === 2, { timeout: 20_000 });
    const last = await deliver(service, '/c');
    expect(last).toMatchObject({ verdict: 'deferred' });
    await eventually(async () => (await deliver(service, '/d')).reason === 'limit', { timeout: 20_000 });
    expect(Date.parse((await deliver(service, '/e')).next_attempt_at)).toBe(Date.parse(first.started_at) + 3_600_000);
    await service.stop();
  });

  it.each([
    ['playbook', 'deferred', 'deferred'],
    ['resource', 'deferred', 'approved'],
    ['host', 'approved', 'deferred'],
  ] as const)('limit_scope %s: what holds /a on one host', async (limit_scope, sameResource, sameHost) => {
    const { service } = await serving({ limit_scope, cooldown_hours: 1 });
    await runs(service, '/a', 'one');
    expect(await deliver(service, '/a', 'two')).toMatchObject({ verdict: sameResource });
    expect(await deliver(service, '/b', 'one')).toMatchObject({ verdict: sameHost });
    await service.stop();
  });

  it.each([
    [true, false, 'awaiting_approval'],
    [false, true, 'succeeded'],
    [undefined, true, 'awaiting_approval'],
    [undefined, false, 'succeeded'],
  ] as const)('confirmation %s, where %s holds for all: %s', async (own, all, state) => {
    const { service } = await serving(own === undefined ? {} : { require_confirmation: own }, {
      require_confirmation: all,
    });
    const { execution_id } = await deliver(service, '/a');
    await eventually(async () => (await service.json(`/api/v1/executions/${execution_id}`)).state === state, {
      timeout: 20_000,
    });
    await service.stop();
  });

  it('parameters are single arguments, whatever they hold', async () => {
    const parameters = { keep: '7 days; rm -rf $HOME', 'dry-name': '{resource}' };
    const { home, service } = await serving({ parameters }, {}, ['--keep={parameter.keep}', '{parameter.dry-name}']);
    await runs(service, '/a');
    expect(home.runs()).toEqual([expect.stringMatching(/^run \S+ \/a --keep=7 days; rm -rf \$HOME \{resource\}$/)]);
    await service.stop();
  });

  it('global_settings.exclude is over resources and hosts, and nothing else', async () => {
    const { home, service } = await serving({}, { exclude: ['db?', '/mnt/*'] });
    expect(await deliver(service, '/mnt/a/b')).toMatchObject({ verdict: 'rejected', reason: 'excluded' });
    expect(await deliver(service, '/a', 'db1')).toMatchObject({ verdict: 'rejected', reason: 'excluded' });
    expect(home.runs()).toEqual([]);
    await runs(service, '/mnt', 'db12');
    await service.stop();
  });

  it('hours go by the zone that is named', async () => {
    const hour = (zone: string) =>
      Number(new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', hourCycle: 'h23' }).format());
    const two = (n: number) => String((n + 24) % 24).padStart(2, '0');
    const now = hour('Asia/Tokyo');
    const allowed_hours = `${two(now - 1)}:00-${two(now + 2)}:00`;
    const there = await serving({ allowed_hours, time_zone: 'Asia/Tokyo' }, { time_zone: 'America/New_York' });
    await runs(there.service, '/a');
    await there.service.stop();
    const here = await serving({ allowed_hours }, { time_zone: 'America/New_York' });
    expect(await deliver(here.service, '/a')).toMatchObject({
      reason: 'outside_hours',
      message: expect.stringContaining('(America/New_York)'),
    });
    await here.service.stop();
  });
});
