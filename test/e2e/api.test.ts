import { beforeAll, describe, expect, it, vi } from 'vitest';
import {
  alertBody,
  DISK,
  ended,
  forestall,
  type Home,
  makeHome,
  type Service,
  startService,
} from '../support/service.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 60_000 });

/** Any resource may run, each apart from the others. */
const anyResource = (document: any) => ({
  ...document,
  mappings: [
    {
      ...document.mappings[0],
      id: 'any',
      resource_filter: '/[any]*',
      action: { ...document.mappings[0].action, limit_scope: 'resource', max_executions_per_week: 50 },
    },
    ...document.mappings,
  ],
  global_settings: { ...document.global_settings, max_daily_executions: 100 },
});

async function post(service: Service, body: unknown, mode?: string): Promise<{ status: number; body: any }> {
  const answer = await service.post(`/api/v1/predictions${mode === undefined ? '' : `?mode=${mode}`}`, body);
  return { status: answer.status, body: await answer.json() };
}

async function postOne(service: Service, resource: string, more: object = {}, mode?: string): Promise<any> {
  const { status, body } = await post(service, { ...DISK, resource, ...more }, mode);
  expect(status).toBe(200);
  expect(body.decisions).toHaveLength(1);
  return body.decisions[0];
}

const known = async (service: Service): Promise<any[]> => (await service.json('/api/v1/predictions')).items;
const about = async (service: Service, resource: string) =>
  (await known(service)).find((item) => item.resource === resource);

/** Every item of a list, by its cursors. */
async function pages(service: Service, path: string): Promise<any[][]> {
  const found: any[][] = [];
  for (let next: string | null = ''; next !== null; ) {
    const page: any = await service.json(`${path}${next === '' ? '' : `&before=${encodeURIComponent(next)}`}`);
    found.push(page.items);
    next = page.next;
  }
  return found;
}

describe('predictions by hand', () => {
  let home: Home;
  let service: Service;
  beforeAll(async () => {
    home = makeHome({ mapping: anyResource });
    service = await startService(home);
  });

  it.for([
    ['one', { ...DISK, resource: '/[any]/one' }, ['/[any]/one']],
    ['an array', [{ ...DISK, resource: '/[any]/array' }], ['/[any]/array']],
    [
      'a document',
      {
        predictions: [
          { ...DISK, resource: '/[any]/a', days_until_critical: '8.2e+00' },
          { ...DISK, resource: '/[any]/b' },
        ],
      },
      ['/[any]/a', '/[any]/b'],
    ],
    [
      'the homelab cache',
      {
        generated_at: new Date().toISOString(),
        predictions: {
          disk: { mountpoint: '/[any]/cache', days_until_90pct: '6', confidence: 0.9 },
          memory: [{ service: 'jellyfin', hours_until_4gb: 'never', confidence: 0.16 }],
        },
      },
      ['/[any]/cache', 'jellyfin'],
    ],
  ] as const)('%s: exported and decided on', async ([, document, resources]) => {
    const { status, body } = await post(service, document);
    expect(status).toBe(200);
    expect(body).toMatchObject({ received: resources.length, problems: [] });
    expect(body.decisions.map((decision: any) => decision.prediction.resource)).toEqual(resources);
    for (const decision of body.decisions) {
      expect(decision).toMatchObject({ trigger: 'api', id: expect.any(String) });
      expect(await about(service, decision.prediction.resource)).toMatchObject({ source: 'api', stale: false });
      if (decision.prediction.resource === 'jellyfin') {
        expect(decision).toMatchObject({ reason: 'no_mapping', prediction: { days_until_critical: null } });
      } else {
        expect(decision).toMatchObject({ verdict: 'approved', mapping: 'any', playbook: 'recording' });
        expect(await ended(service, decision.execution_id)).toMatchObject({ state: 'succeeded', trigger: 'api' });
      }
    }
    const metrics = await (await service.get('/metrics')).text();
    for (const resource of resources) expect(metrics).toMatch(`resource="${resource}",source="api"`);
  });

  it('entries that cannot be used are problems, the others count', async () => {
    const { status, body } = await post(service, {
      predictions: [
        { ...DISK, confidence: 1.5 },
        { ...DISK, resource: '/unmapped' },
        { ...DISK, days_until_critical: -1 },
      ],
    });
    expect(status).toBe(200);
    expect(body.decisions).toMatchObject([{ reason: 'no_mapping', prediction: { resource: '/unmapped' } }]);
    expect(body.problems.map(({ path }: any) => path)).toEqual([
      'predictions[0].confidence',
      'predictions[2].days_until_critical',
    ]);
  });

  it.for([
    [[{ ...DISK, confidence: 'high' }], '[0].confidence'],
    [{ predictions: [] }, null],
    [{ forecasts: [] }, ''],
    ['text', ''],
  ] as const)('nothing usable is a 400: %j', async ([document, path]) => {
    const { status, body } = await post(service, JSON.stringify(document));
    expect(status).toBe(400);
    expect(body.error.code).toBe('bad_request');
    if (path !== null) expect(body.error.issues[0]).toMatchObject({ path, message: expect.stringMatching(/./) });
  });

  it('what the query says has to be known', async () => {
    expect(await post(service, DISK, 'perhaps')).toMatchObject({
      status: 400,
      body: { error: { issues: [{ path: 'mode' }] } },
    });
  });

  it('mode=explain shows every gate and leaves no trace', async () => {
    const resource = '/[any]/explained';
    const before = await service.json('/api/v1/decisions?limit=500');
    const decision = await postOne(service, resource, { confidence: 0.1, days_until_critical: 1 }, 'explain');
    expect(decision).toMatchObject({ id: null, verdict: 'escalated', reason: 'too_urgent', execution_id: null });
    const stopped = decision.gates.filter(({ outcome }: any) => outcome === 'stop').map(({ gate }: any) => gate);
    expect(stopped).toEqual(['too_urgent', 'low_confidence']);
    expect(decision.gates.at(-1).gate).toBe('outside_hours');
    expect(await service.json('/api/v1/decisions?limit=500')).toEqual(before);
    expect(await about(service, resource)).toBeUndefined();
  });

  it('mode=publish only exports', async () => {
    const resource = '/[any]/published';
    const before = await service.json('/api/v1/decisions?limit=500');
    expect(await post(service, { ...DISK, resource }, 'publish')).toMatchObject({
      status: 200,
      body: { received: 1, decisions: [], problems: [] },
    });
    expect(await about(service, resource)).toMatchObject({ days_until_critical: 8.2, mapping: 'any' });
    expect(await (await service.get('/metrics')).text()).toMatch(`resource="${resource}"`);
    expect(await service.json('/api/v1/decisions?limit=500')).toEqual(before);
  });

  it('mode=dry-run stops after the dry run, and neither asks nor spends cooldowns and limits', async () => {
    const resource = '/[any]/rehearsed';
    for (const _ of [1, 2]) {
      const decision = await postOne(service, resource, {}, 'dry-run');
      expect(await ended(service, decision.execution_id)).toMatchObject({
        state: 'dry_run_only',
        run: null,
        started_at: null,
      });
    }
    expect(home.runs().filter((line) => line.endsWith(resource))).toEqual([]);
    const real = await postOne(service, resource);
    expect(await ended(service, real.execution_id)).toMatchObject({ state: 'succeeded' });
    expect(await postOne(service, resource)).toMatchObject({ reason: 'cooldown' });
    const after = await postOne(service, resource, {}, 'dry-run');
    expect(await ended(service, after.execution_id)).toMatchObject({ state: 'dry_run_only' });
    expect(home.runs().filter((line) => line.endsWith(resource))).toHaveLength(1);
  });

  it('a second prediction of the same is a second decision: no second run', async () => {
    const resource = '/[any]/twice';
    const first = await postOne(service, resource);
    await ended(service, first.execution_id);
    expect(await postOne(service, resource, { days_until_critical: 7 })).toMatchObject({ reason: 'cooldown' });
    expect(await about(service, resource)).toMatchObject({ days_until_critical: 7 });
    expect(home.runs().filter((line) => line.endsWith(resource))).toHaveLength(1);
  });
});

describe('what is read', () => {
  let service: Service;
  const ids: string[] = [];
  beforeAll(async () => {
    const home = makeHome({ mapping: anyResource });
    service = await startService(home);
    for (let n = 0; n < 5; n++) {
      const decision = await postOne(service, `/[any]/${n}`, { host: 'nas' }, n === 4 ? 'dry-run' : undefined);
      await ended(service, decision.execution_id);
      ids.unshift(decision.execution_id);
    }
  });
  const idsOf = (items: any[]) => items.map(({ id }) => id);

  it('executions come newest first, in pages', async () => {
    const found = await pages(service, '/api/v1/executions?limit=2');
    expect(found.map((page) => page.length)).toEqual([2, 2, 1]);
    expect(idsOf(found.flat())).toEqual(ids);
    expect((await service.json('/api/v1/executions')).next).toBeNull();
  });

  it('executions by state and playbook', async () => {
    const list = async (query: string) => idsOf((await service.json(`/api/v1/executions?${query}`)).items);
    expect(await list('state=dry_run_only')).toEqual([ids[0]]);
    expect(await list('state=succeeded&playbook=recording')).toEqual(ids.slice(1));
    expect(await list('playbook=other')).toEqual([]);
    const paged = await pages(service, '/api/v1/executions?state=succeeded&limit=3');
    expect(paged.map(idsOf)).toEqual([ids.slice(1, 4), ids.slice(4)]);
    for (const query of ['state=done', 'limit=0', 'limit=501', 'limit=x', 'before=', 'sort=up']) {
      expect([query, (await service.get(`/api/v1/executions?${query}`)).status]).toEqual([query, 400]);
    }
  });

  it('one execution, and what its phases printed', async () => {
    const path = `/api/v1/executions/${ids[1]}`;
    const [listed] = (await service.json('/api/v1/executions?state=succeeded')).items;
    expect(await service.json(path)).toEqual(listed);
    expect(listed).toMatchObject({
      mapping: 'any',
      prediction: { host: 'nas', resource: '/[any]/3' },
      days_before: 8.2,
    });
    expect(await (await service.get(`${path}/output`)).text()).toBe('run of /[any]/3\n');
    const output = await service.get(`${path}/output?phase=dry_run`);
    expect(output.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(await output.text()).toBe('dry_run of /[any]/3 --dry-run\n');
    expect((await service.get(`/api/v1/executions/${ids[0]}/output`)).status).toBe(404);
    expect((await service.get('/api/v1/executions/nobody')).status).toBe(404);
    expect((await service.get(`${path}/output?phase=claimed`)).status).toBe(400);
  });

  it('decisions come newest first, in pages, each with its execution', async () => {
    const found = await pages(service, '/api/v1/decisions?limit=2');
    expect(found.map((page) => page.length)).toEqual([2, 2, 1]);
    expect(found.flat().map((decision) => decision.execution_id)).toEqual(ids);
    for (const { gates } of found.flat()) expect(gates[0]).toMatchObject({ gate: 'unreadable', outcome: 'skip' });
  });

  it('the status', async () => {
    expect(await service.json('/api/v1/status')).toMatchObject({
      enabled: true,
      dry_run_mode: false,
      paused: false,
      mappings: 2,
      predictions: 5,
      sources: [{ up: true, problem: null, source: expect.stringMatching(/predictions\.json$/) }],
      in_progress: 0,
      executions_succeeded_7d: 4,
      executions_failed_7d: 0,
      last_run: expect.stringMatching(/^20/),
      config_last_reload_successful: true,
    });
  });
});

describe('repeats and pauses', () => {
  it('a refusal that comes again is counted on its first record, over a restart too', async () => {
    const home = makeHome();
    home.writePredictions([{ ...DISK, confidence: 0.5 }]);
    let service = await startService(home);
    const refuse = async () => ((await (await service.post('/webhook', alertBody())).json()) as any).decisions[0];
    const answers = [];
    for (let n = 0; n < 5; n++) answers.push(await refuse());
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(answers.map(({ repeats }) => repeats)).toEqual([0, 1, 2, 3, 4]);
    const total =
      'proactive_remediation_decisions_total{prediction_type="disk_exhaustion",verdict="rejected",reason="low_confidence"}';
    expect(await (await service.get('/metrics')).text()).toContain(`${total} 5`);
    expect(await service.stop()).toBe(0);

    service = await startService(home);
    const { items } = await service.json('/api/v1/decisions');
    expect(items).toMatchObject([{ id: answers[0].id, repeats: 4, last_at: answers[4].last_at }]);
    expect(await refuse()).toMatchObject({ id: answers[0].id, repeats: 5 });
    expect(await (await service.get('/metrics')).text()).toContain(`${total} 6`);
    expect(home.records()).toEqual([]);
  });

  it('pause and resume, by API and command line, are seen at once and keep each other apart', async () => {
    const home = makeHome({ mapping: anyResource });
    const service = await startService(home);
    const cli = (...args: string[]) => forestall([...args, '--config', home.config]);
    const enabled = async () =>
      /^proactive_remediation_enabled (\d)$/m.exec(await (await service.get('/metrics')).text())?.[1];
    const verdict = async () => (await postOne(service, '/[any]/x', {}, 'explain')).reason;
    expect([await verdict(), await enabled()]).toEqual(['approved', '1']);

    expect(await (await service.post('/api/v1/pause', { reason: 'by hand' })).json()).toMatchObject({
      paused: true,
      name: 'manual',
      until: null,
    });
    expect([await verdict(), await enabled()]).toEqual(['kill_switch', '0']);
    expect(await cli('pause', '--name', 'backup', '--for', '2h')).toMatchObject({ code: 0 });
    expect(await cli('resume')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/lifted 1 pause\nstill paused as backup/),
    });
    expect(await service.json('/api/v1/status')).toMatchObject({ enabled: false, pauses: [{ name: 'backup' }] });
    expect([await verdict(), await enabled()]).toEqual(['kill_switch', '0']);
    expect(await (await service.post('/api/v1/resume', { all: true })).json()).toMatchObject({ lifted: 1 });
    expect([await verdict(), await enabled()]).toEqual(['approved', '1']);

    expect(await cli('pause', '--reason', 'night')).toMatchObject({ code: 0 });
    const refused = await postOne(service, '/[any]/x');
    expect(refused).toMatchObject({ reason: 'kill_switch', message: expect.stringContaining('night') });
    for (const body of [{ for: 'soon' }, { for: '0s' }, { since: 'now' }, { name: '' }, []]) {
      expect((await service.post('/api/v1/pause', body)).status).toBe(400);
    }
    await service.stop();
    const again = await startService(home);
    expect(await again.json('/api/v1/status')).toMatchObject({
      paused: true,
      pauses: [{ name: 'manual', reason: 'night' }],
    });
    expect(await cli('resume', '--all')).toMatchObject({ code: 0 });
    await eventually(async () => (await again.json('/api/v1/status')).paused === false);
    expect(home.records()).toEqual([]);
  });
});
