import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { listen } from '../support/http.ts';
import {
  alertBody,
  ended,
  forestall,
  type Home,
  makeHome,
  type Service,
  startService,
  TOKEN,
} from '../support/service.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 60_000 });

const LONG = { timeout: 20_000 };
const metrics = async (service: Service) => await (await service.get('/metrics')).text();
const history = async (home: Home) =>
  JSON.parse((await forestall(['history', '--json', '--config', home.config])).stdout).items;

async function decide(service: Service): Promise<any> {
  return ((await (await service.post('/webhook', alertBody())).json()) as any).decisions[0];
}

describe('starting', () => {
  it('says once where it listens, and that Discord is not configured', async () => {
    const home = makeHome();
    const service = await startService(home);
    const lines = service.log().filter((line) => line['address'] !== undefined);
    expect(lines).toMatchObject([{ level: 'info', msg: `listening on ${service.url}`, mode: 'live', mappings: 1 }]);
    expect(JSON.stringify(service.log())).toMatch(/discord is not configured/i);
    expect((await fetch(`${service.url}/-/ready`)).status).toBe(200);
    expect(await service.stop('SIGINT')).toBe(0);
  });

  it.each([
    ['dry run', { dry_run_mode: true }],
    ['disabled', { enable_auto_remediation: false }],
  ])('says that it only looks: %s (fault 8)', async (mode, settings) => {
    const home = makeHome({
      mapping: (mapping) => ({ ...mapping, global_settings: { ...mapping.global_settings, ...settings } }),
    });
    const service = await startService(home);
    expect(service.log().find(({ address }) => address !== undefined)).toMatchObject({ level: 'info', mode });
    await service.stop();
  });

  it('a port that is taken is 1, and says which', async () => {
    const { port } = await listen(() => {});
    const home = makeHome();
    home.writeConfig((document: any) => ({ ...document, web: { ...document.web, listen: `127.0.0.1:${port}` } }));
    const { code, stdout, stderr } = await forestall(['serve', '--config', home.config]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}: .*EADDRINUSE`));
  });

  it('an address that this machine does not have is 1, and says which; one of IPv6 will do (fault 71)', async () => {
    const home = makeHome();
    const listenOn = (address: string) =>
      home.writeConfig((document: any) => ({ ...document, web: { ...document.web, listen: address } }));
    listenOn('192.0.2.1:0');
    const { code, stderr } = await forestall(['serve', '--config', home.config]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/cannot listen on 192\.0\.2\.1:0: .*EADDRNOTAVAIL/);
    listenOn('[::1]:0');
    const service = await startService(home);
    expect((await fetch(`http://[::1]:${service.port}/-/ready`)).status).toBe(200);
    expect(await service.stop()).toBe(0);
  });

  it('a store that is none is 1, and stays as it was', async () => {
    const home = makeHome();
    writeFileSync(home.database, 'not a database, but long enough to be read as the header of one: '.repeat(20));
    const { code, stdout, stderr } = await forestall(['serve', '--config', home.config]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^forestall: .*forestall\.db/m);
  });

  it('an address that others can reach wants a token: 2', async () => {
    const home = makeHome({ config: (document) => ({ ...document, web: { listen: '0.0.0.0:0' } }) });
    const { code, stderr } = await forestall(['serve', '--config', home.config]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/web\.listen: .*no token: set web\.bearer_token_file/);
  });
});

describe('reloading', () => {
  it('takes a good configuration, and keeps the old one before a bad one', async () => {
    const home = makeHome();
    const service = await startService(home);
    const within = (maximum: unknown) =>
      home.writeMapping((document) => {
        document.mappings[0].conditions.max_days_until_critical = maximum;
        return document;
      });
    const gauge = async () => /^forestall_config_last_reload_successful (\d)$/m.exec(await metrics(service))?.[1];
    const since = async () =>
      Number(/^forestall_config_last_reload_success_timestamp_seconds (\S+)$/m.exec(await metrics(service))?.[1]);
    const started = await since();

    within('eight');
    const bad = await service.post('/-/reload', undefined);
    expect(bad.status).toBe(500);
    const { error } = (await bad.json()) as any;
    expect(error.issues).toMatchObject([
      { message: expect.stringMatching(/action-mapping\.json:\d+:\d+: mappings\[0\]\.conditions\.max_days/) },
    ]);
    expect([await gauge(), await since()]).toEqual(['0', started]);
    expect(await service.json('/api/v1/status')).toMatchObject({ config_last_reload_successful: false, mappings: 1 });
    const prediction = {
      prediction_type: 'disk_exhaustion',
      resource: '/data',
      days_until_critical: 8.2,
      confidence: 0.85,
    };
    const explain = async () => {
      const answer = await service.post('/api/v1/predictions?mode=explain', prediction);
      return ((await answer.json()) as any).decisions[0].reason;
    };
    expect(await explain()).toBe('approved');

    within(5);
    expect(await (await service.post('/-/reload', undefined)).json()).toEqual({ reloaded: true });
    expect(await gauge()).toBe('1');
    expect(await since()).toBeGreaterThan(started);
    expect(await explain()).toBe('not_urgent_yet');

    within(10);
    service.signal('SIGHUP');
    await eventually(async () => (await explain()) === 'approved', LONG);
    within(null);
    writeFileSync(home.mapping, '{"mappings": [');
    service.signal('SIGHUP');
    await eventually(async () => (await gauge()) === '0', LONG);
    expect(await explain()).toBe('approved');
    expect((await fetch(`${service.url}/-/ready`)).status).toBe(200);
    expect(await service.stop()).toBe(0);
  });
});

describe('the token', () => {
  it('changes by a reload, and is not taken away by one', async () => {
    const home = makeHome();
    const service = await startService(home);
    const give = (web: object) =>
      home.writeConfig((document) => ({ ...document, web: { listen: '127.0.0.1:0', ...web } }));
    const status = async (token: string | null) => {
      const headers = token === null ? {} : { authorization: `Bearer ${token}` };
      return (await fetch(`${service.url}/api/v1/status`, { headers })).status;
    };
    expect([await status(TOKEN), await status('another-token'), await status(null)]).toEqual([200, 401, 401]);
    give({ bearer_token: 'another-token' });
    expect((await service.post('/-/reload', undefined)).status).toBe(200);
    expect([await status(TOKEN), await status('another-token'), await status(null)]).toEqual([401, 200, 401]);
    give({});
    service.signal('SIGHUP');
    await eventually(() => service.log().some(({ msg, key }) => key === 'web' && /next start/.test(String(msg))), LONG);
    expect([await status(TOKEN), await status('another-token'), await status(null)]).toEqual([401, 200, 401]);
  });
});

describe('stopping', () => {
  /** A service whose real run is held until `release`. */
  async function running(
    drain_timeout: string,
  ): Promise<{ home: Home; service: Service; id: string; release: () => void }> {
    const home = makeHome();
    const go = join(home.folder, 'go');
    home.writeConfig((document: any) => {
      document.playbooks.recording.env.HOLD_RUN = go;
      return { ...document, execution: { drain_timeout } };
    });
    const service = await startService(home);
    const { execution_id: id } = await decide(service);
    await eventually(() => home.runs().length === 1, LONG);
    return { home, service, id, release: () => writeFileSync(go, '') };
  }

  it('SIGTERM waits for what runs, and refuses new work meanwhile', async () => {
    const { home, service, id, release } = await running('30s');
    service.signal('SIGTERM');
    await eventually(async () => (await service.post('/webhook', alertBody())).status === 503, LONG);
    expect((await service.post('/api/v1/predictions', { predictions: [] })).status).toBe(503);
    expect((await fetch(`${service.url}/-/ready`)).status).toBe(503);
    expect((await fetch(`${service.url}/-/healthy`)).status).toBe(200);
    expect(await service.json(`/api/v1/executions/${id}`)).toMatchObject({ state: 'running' });
    release();
    expect(await service.exited()).toBe(0);
    expect(await history(home)).toMatchObject([{ id, state: 'succeeded', run: { exit_code: 0 } }]);
    expect(home.records().at(-1)).toBe(`run-end ${id}`);
    expect(existsSync(join(home.folder, 'issues.json'))).toBe(true);
  });

  it('what runs longer than drain_timeout is ended and recorded as interrupted, never run again', async () => {
    const { home, service, id } = await running('1s');
    expect(await service.stop()).toBe(0);
    expect(await history(home)).toMatchObject([{ id, state: 'interrupted', run: { exit_code: null } }]);
    const again = await startService(home);
    expect(await ended(again, id)).toMatchObject({ state: 'interrupted' });
    expect(await decide(again)).toMatchObject({ reason: 'cooldown' });
    const text = await metrics(again);
    expect(text).toContain('proactive_remediation_executions_total{playbook="recording",result="interrupted"} 1\n');
    expect(text).toContain('proactive_remediation_failure_count 1\n');
    expect(await again.stop()).toBe(0);
    expect(home.runs()).toHaveLength(1);
  });
});
