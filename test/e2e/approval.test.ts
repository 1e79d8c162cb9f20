import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { bodyOf, listen } from '../support/http.ts';
import {
  alertBody,
  DISK,
  ended,
  forestall,
  type Home,
  makeHome,
  RECORDING_PLAYBOOK,
  type Service,
  startService,
} from '../support/service.ts';
import { eventually } from '../support/wait.ts';
import { expectSoundHistory } from './traffic.ts';
import { type WatchedHome, watched } from './watched.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const WAIT = { timeout: 60_000, interval: 50 };

/** Everything waits for confirmation, each resource on its own, but what the mapping `free` matches. */
function confirmingHome(
  changes: { readonly config?: (document: any) => any; readonly env?: Record<string, string> } = {},
) {
  return makeHome({
    ...(changes.env === undefined ? {} : { env: changes.env }),
    config: (document: any) => {
      const playbooks = {
        ...document.playbooks,
        other: { ...document.playbooks.recording, run: [RECORDING_PLAYBOOK, '{resource}'] },
      };
      return (changes.config ?? ((same) => same))({ ...document, playbooks });
    },
    mapping: (document) => {
      const [first] = document.mappings;
      const action = { ...first.action, limit_scope: 'resource' };
      const other = { ...first.action, playbook: 'other' };
      return {
        ...document,
        mappings: [
          { ...first, resource_filter: '/data*', action },
          { ...first, id: 'slow', resource_filter: '/slow', action: other },
          {
            ...first,
            id: 'free',
            resource_filter: '/free',
            action: { ...other, limit_scope: 'resource', require_confirmation: false },
          },
        ],
        global_settings: { ...document.global_settings, require_confirmation: true, max_daily_executions: null },
      };
    },
  });
}

/** Posts the alert of a resource; the id of the execution that now waits for confirmation. */
async function waiting(service: Service, resource: string): Promise<string> {
  const answer = await service.post('/webhook', alertBody({ resource }));
  const { decisions } = (await answer.json()) as any;
  expect(decisions[0]).toMatchObject({ verdict: 'approved' });
  await eventually(async () => (await stateOf(service, decisions[0].execution_id)) === 'awaiting_approval', WAIT);
  return decisions[0].execution_id;
}

async function stateOf(service: Service, id: string): Promise<string> {
  return (await service.json(`/api/v1/executions/${id}`)).state;
}

async function answer(
  service: Service,
  id: string,
  what: 'approve' | 'reject',
): Promise<{ status: number; body: any }> {
  const response = await service.post(`/api/v1/executions/${id}/${what}`, '', { headers: {} });
  return { status: response.status, body: await response.json() };
}

const runsOf = (home: Home, id: string) => home.runs().filter((line) => line.includes(id));
const known = (resource: string, more: object = {}) => ({ ...DISK, resource, ...more });

describe('two services on one store', () => {
  const resources = ['/data', '/data1', '/data2', '/data3', '/data4', '/data5', '/data6', '/data7', '/slow', '/free'];
  const discord: any[] = [];
  let home: WatchedHome;
  let service: Service;
  let second: Service;
  let busy: string;

  beforeAll(async () => {
    const receiver = await listen(async (request, response) => {
      discord.push(JSON.parse(await bodyOf(request)).embeds[0]);
      response.writeHead(204).end();
    });
    home = await watched(
      confirmingHome({
        config: (document) => ({
          ...document,
          web: {
            ...document.web,
            external_url: 'https://forestall.example.org/x',
            tokens: [{ name: 'ann', role: 'operate', token: 'token-of-ann' }],
          },
          discord: { webhook_url: `${receiver.url}/api/webhooks/1/secret` },
          facts: { busy: { command: ['test', '-e', 'busy'] } },
        }),
      }),
    );
    busy = join(home.folder, 'busy');
    home.writeConfig((document: any) => ({ ...document, facts: { busy: { command: ['test', '-e', busy] } } }));
    home.writeMapping((document) => ({
      ...document,
      mappings: document.mappings.map((mapping: any) => ({ ...mapping, safety_checks: ['no_busy'] })),
    }));
    home.writePredictions(resources.map((resource) => known(resource)));
    [service, second] = await Promise.all([home.start(), home.start()]);
  });

  it('an alert waits, is told of, and runs once it is approved', async () => {
    const id = await waiting(service, '/data');
    expect(home.runs()).toEqual([]);
    const again = (await (await service.post('/webhook', alertBody())).json()) as any;
    expect(again.decisions[0]).toMatchObject({
      reason: 'in_progress',
      message: expect.stringContaining(`recording waits for confirmation as ${id} since `),
    });
    expect(await service.json('/api/v1/status')).toMatchObject({ waiting_for_confirmation: 1 });
    const message = await eventually(() => discord.find(({ title }) => /waits for confirmation/.test(title)), WAIT);
    expect(message).toMatchObject({ url: `https://forestall.example.org/x/executions/${id}` });
    expect(JSON.stringify(message.fields)).toMatch(/cleaned; 3 changes/);

    const headers = { authorization: 'Bearer token-of-ann' };
    const approved = await service.post(`/api/v1/executions/${id}/approve`, '', { headers });
    expect(approved.status).toBe(200);
    const answered = { by: 'ann', from: '127.0.0.1', at: expect.stringMatching(/^20.*Z$/) };
    expect(await approved.json()).toMatchObject({ id, state: 'awaiting_approval', answered });
    expect(await ended(service, id, 60_000)).toMatchObject({ state: 'succeeded', answered });
    expect(runsOf(home, id)).toHaveLength(1);

    for (const what of ['approve', 'reject'] as const) {
      expect(await answer(second, id, what)).toEqual({
        status: 409,
        body: {
          error: {
            code: 'not_waiting',
            message: expect.stringMatching(/^it does not wait for an answer: it is succeeded, answered by ann at 20/),
            issues: [],
            state: 'succeeded',
            answered: expect.objectContaining({ by: 'ann' }),
          },
        },
      });
    }
    expect((await answer(service, 'nobody', 'approve')).status).toBe(404);
    expect((await answer(service, 'nobody', 'reject')).status).toBe(404);
  });

  it('of a hundred approvals at once over both, one makes a run', async () => {
    const id = await waiting(service, '/data1');
    const all = await Promise.all(
      Array.from({ length: 100 }, (_, at) => answer(at % 2 === 0 ? service : second, id, 'approve')),
    );
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(new Set(all.map(({ status, body }) => `${status} ${body.error?.code ?? 'approved'}`))).toEqual(
      new Set(['200 approved', '409 not_waiting']),
    );
    expect(await ended(service, id, 60_000)).toMatchObject({ state: 'succeeded' });
    expect(runsOf(home, id)).toHaveLength(1);
  });

  it('an approval is refused while a gate would stop it, and it goes on waiting', async () => {
    const id = await waiting(service, '/data2');
    const others = resources.filter((resource) => resource !== '/data2').map((resource) => known(resource));
    const refused = async (reason: string) => {
      const { status, body } = await answer(service, id, 'approve');
      expect([status, body.error.code, body.error.reason]).toEqual([409, 'refused', reason]);
      expect(body.error.message).toMatch(new RegExp(`^${reason}: .`));
      expect(await service.json(`/api/v1/executions/${id}`)).toMatchObject({
        state: 'awaiting_approval',
        answered: null,
      });
    };
    const now = async (...about: Record<string, unknown>[]) => {
      home.writePredictions([...others, ...about]);
      await eventually(async () => {
        const { items } = await service.json('/api/v1/predictions');
        const [mine] = items.filter((item: any) => item.resource === '/data2');
        return (
          JSON.stringify(mine?.days_until_critical) === JSON.stringify(about[0]?.['days_until_critical']) &&
          (mine?.stale ?? false) === (about[0]?.['observed_at'] !== undefined)
        );
      }, WAIT);
    };
    await now();
    await refused('no_prediction');
    await now(known('/data2', { observed_at: new Date(Date.now() - 30 * 3_600_000).toISOString() }));
    await refused('stale_prediction');
    await now(known('/data2', { days_until_critical: 1 }));
    await refused('too_urgent');
    await now(known('/data2'));
    await second.post('/api/v1/pause', { name: 'upgrade' });
    await refused('kill_switch');
    const lifted: any = await (await second.post('/api/v1/resume', { name: 'upgrade' })).json();
    expect(lifted).toMatchObject({ lifted: 1 });
    expect((await answer(service, id, 'approve')).status).toBe(200);
    expect(await ended(service, id, 60_000)).toMatchObject({ state: 'succeeded' });
    expect(runsOf(home, id)).toHaveLength(1);
  });

  it('a run in between starts the cooldown; an action can do without confirmation', async () => {
    const id = await waiting(service, '/slow');
    const free = (await (await service.post('/webhook', alertBody({ resource: '/free' }))).json()) as any;
    expect(await ended(service, free.decisions[0].execution_id, 60_000)).toMatchObject({
      state: 'succeeded',
      answered: null,
    });
    const { status, body } = await answer(service, id, 'approve');
    expect([status, body.error.reason]).toEqual([409, 'cooldown']);
    expect((await answer(service, id, 'reject')).status).toBe(200);
  });

  it('a rejection ends it, is told of, and frees the way', async () => {
    const id = await waiting(service, '/data3');
    expect(await answer(second, id, 'reject')).toMatchObject({
      status: 200,
      body: { state: 'denied', message: 'denied by default', answered: { by: 'default' }, started_at: null },
    });
    expect(runsOf(home, id)).toEqual([]);
    await eventually(() => discord.find(({ title, footer }) => /denied/.test(title) && footer.text.includes(id)), WAIT);
    const next = await waiting(service, '/data3');
    expect(next).not.toBe(id);
    expect((await answer(service, next, 'reject')).status).toBe(200);
  });

  it('safety checks that passed before the wait are asked again after it', async () => {
    const id = await waiting(service, '/data4');
    writeFileSync(busy, '');
    expect((await answer(service, id, 'approve')).status).toBe(200);
    const execution = await ended(service, id, 60_000);
    rmSync(busy);
    expect(execution).toMatchObject({
      state: 'rejected',
      message: expect.stringMatching(/^safety check failed: no_busy/),
    });
    expect(runsOf(home, id)).toEqual([]);
  });

  it('the command line answers, and a service carries it on', async () => {
    const on = (...args: string[]) => forestall([...args, '--config', home.config]);
    const id = await waiting(service, '/data5');
    await service.post('/api/v1/pause', {});
    expect(await on('approve', id)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^not approved, it goes on waiting: kill_switch: paused: manual/m),
    });
    expect(await on('resume')).toMatchObject({ code: 0, stdout: 'lifted 1 pause\nnothing was refused meanwhile\n' });
    const approved = await on('approve', id, '--json');
    expect(approved.code).toBe(0);
    expect(JSON.parse(approved.stdout)).toMatchObject({
      id,
      taken_up: true,
      answered: { by: expect.stringMatching(/^cli:./), from: null },
    });
    expect(await ended(service, id, 60_000)).toMatchObject({ state: 'succeeded' });
    expect(runsOf(home, id)).toHaveLength(1);
    const late = await on('reject', id, '--json');
    expect([late.code, JSON.parse(late.stdout).error.code]).toEqual([1, 'not_waiting']);
    expect(await on('approve', 'nobody')).toMatchObject({ code: 1, stderr: expect.stringContaining('no execution') });
    const denied = await waiting(service, '/data6');
    expect(await on('reject', denied)).toMatchObject({ code: 0, stdout: `denied ${denied}\n` });
    expect(await stateOf(service, denied)).toBe('denied');
  });

  it('lists are filtered and paged without a gap', async () => {
    const all: any[] = (await service.json('/api/v1/executions?limit=500')).items;
    expect(new Set(all.map(({ state }) => state))).toEqual(new Set(['succeeded', 'denied', 'rejected']));
    for (const filter of ['playbook=recording', 'state=denied', 'playbook=other&state=succeeded', '']) {
      const wanted = all.filter((one) => [...new URLSearchParams(filter)].every(([key, value]) => one[key] === value));
      expect(wanted.length).toBeGreaterThan(0);
      const found: string[] = [];
      for (let next: string | null = ''; next !== null; ) {
        const page: any = await service.json(
          `/api/v1/executions?limit=2&${filter}${next === '' ? '' : `&before=${next}`}`,
        );
        expect(page.items.length).toBeLessThanOrEqual(2);
        found.push(...page.items.map(({ id }: any) => id));
        next = page.next;
      }
      expect([filter, found]).toEqual([filter, wanted.map(({ id }) => id)]);
    }
  });

  it('and all of it makes a sound history', async () => {
    await Promise.all([service.stop(), second.stop()]);
    const { executions } = expectSoundHistory(home, []);
    expect(executions.length).toBeGreaterThanOrEqual(resources.length);
  });
});

it('what nobody confirms in time expires', async () => {
  const home = confirmingHome({
    config: (document) => ({ ...document, execution: { approval_timeout: '1s' } }),
  });
  const service = await startService(home);
  const { decisions } = (await (await service.post('/webhook', alertBody())).json()) as any;
  const id = decisions[0].execution_id;
  expect(await ended(service, id, 60_000)).toMatchObject({ state: 'expired', answered: null });
  expect(home.runs()).toEqual([]);
  expect((await answer(service, id, 'approve')).body.error).toMatchObject({ code: 'not_waiting', state: 'expired' });
});

it('a service that is killed between answer and run: the next one runs it, once; so with an answer by command line', async () => {
  const release = join(makeHome().folder, 'release');
  const home = await watched(confirmingHome({ env: { HOLD_RUN: release } }));
  home.writePredictions(['/data', '/data1', '/data2'].map((resource) => known(resource)));
  const service = await home.start();
  const ids: string[] = [];
  for (const resource of ['/data', '/data1', '/data2']) ids.push(await waiting(service, resource));
  const [first, queued, unanswered] = ids as [string, string, string];
  expect((await answer(service, first, 'approve')).status).toBe(200);
  await eventually(() => runsOf(home, first).length === 1, WAIT);
  expect((await answer(service, queued, 'approve')).status).toBe(200);
  await service.stop('SIGKILL');
  writeFileSync(release, '');

  const alone = await forestall(['approve', unanswered, '--config', home.config]);
  expect(alone).toMatchObject({ code: 0, stdout: expect.stringMatching(/no service is running .* runs next/) });
  expect(runsOf(home, unanswered)).toEqual([]);

  const next = await home.start();
  expect(await ended(next, queued, 60_000)).toMatchObject({ state: 'succeeded', answered: { by: 'default' } });
  expect(await ended(next, unanswered, 60_000)).toMatchObject({ state: 'succeeded', answered: { from: null } });
  expect(await ended(next, first, 60_000)).toMatchObject({ state: 'interrupted' });
  expect(ids.map((id) => runsOf(home, id).length)).toEqual([1, 1, 1]);
  await next.stop();
  const { executions } = expectSoundHistory(home, []);
  expect(executions.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
});
