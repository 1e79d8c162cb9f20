import { writeFileSync } from 'node:fs';
import { OpenAPIClientAxios } from 'openapi-client-axios';
import { beforeAll, describe, expect, it } from 'vitest';
import { ANSWERS, type AnswerName } from '../../src/http/openapi-components.ts';
import { type Answered, lint, type OpenapiDocument, operationsOf, withAnswers } from '../support/openapi.ts';
import { alertBody, DISK, ended, type Home, makeHome, type Service, startService, TOKEN } from '../support/service.ts';
import { eventually } from '../support/wait.ts';

/** `/asks/…` waits for confirmation, `/fails/…` fails, `/runs/…` runs; each resource apart from the others. */
function mappings(document: any) {
  const [first] = document.mappings;
  const action = { ...first.action, limit_scope: 'resource', cooldown_hours: 1, max_executions_per_week: 50 };
  return {
    ...document,
    mappings: [
      { ...first, id: 'asks', resource_filter: '/asks/*', action: { ...action, require_confirmation: true } },
      { ...first, id: 'fails', resource_filter: '/fails/*', action: { ...action, playbook: 'failing' } },
      { ...first, id: 'runs', resource_filter: '/runs/*', action },
    ],
    global_settings: { ...document.global_settings, max_daily_executions: 100 },
  };
}

const home = (): Home =>
  makeHome({
    config(config) {
      const { recording } = config['playbooks'] as { recording: { env: object } };
      const env = { ...recording.env, EXIT_RUN: '3', RESULT: '{"changes":1,"affects":["jellyfin.service"]}' };
      return { ...config, playbooks: { recording, failing: { ...recording, env } } };
    },
    mapping: mappings,
  });

interface Asked {
  readonly id?: string;
  readonly query?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** Asks by operation, as the service's own document says, and keeps every answer in JSON. */
async function asking(service: Service) {
  const document = await service.json<OpenapiDocument>('/openapi.json');
  const operations = operationsOf(document);
  const answers: Answered[] = [];
  async function ask(operationId: string, { id = 'x', query = '', body, headers }: Asked = {}): Promise<any> {
    const { method, path } = operations.get(operationId)!;
    const response = await service.get(path.replace('{id}', id) + query, {
      method,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    });
    const answer = (await response.json()) as unknown;
    answers.push({ operationId, status: response.status, body: answer });
    return answer;
  }
  const decide = async (resource: string, more: object = {}) =>
    (await ask('postPredictions', { body: { ...DISK, resource, ...more } })).decisions[0];
  const waits = async (resource: string): Promise<string> => {
    const { execution_id } = await decide(resource);
    await eventually(async () => (await ask('getExecution', { id: execution_id })).state === 'awaiting_approval');
    return execution_id;
  };
  return { document, operations, answers, ask, decide, waits };
}

/** The schema that the document names for an answer. */
function schemaOf({ components }: OpenapiDocument, responses: any, status: number): AnswerName {
  const named = responses[status] ?? responses['default'];
  const { content } = named.$ref === undefined ? named : components.responses[named.$ref.split('/').at(-1)];
  return content['application/json'].schema.$ref.split('/').at(-1);
}

describe('the document and the service', () => {
  let service: Service;
  let place: Home;
  let all: Awaited<ReturnType<typeof asking>>;

  beforeAll(async () => {
    place = home();
    service = await startService(place);
    all = await asking(service);
    const { ask, decide, waits } = all;

    const mixed = alertBody(
      { resource: '/runs/webhook' },
      { annotations: { days_until_critical: '8.2', confidence: '0.9' } },
    );
    const [alert] = mixed['alerts'] as any[];
    const { decisions } = await ask('receiveAlerts', {
      body: {
        ...mixed,
        truncatedAlerts: 2,
        alerts: [
          alert,
          { ...alert, status: 'resolved' },
          { ...alert, startsAt: 'then' },
          { ...alert, labels: { alertname: 'Other' } },
        ],
      },
    });
    await ended(service, decisions[0].execution_id);
    await ask('receiveAlerts', { body: mixed });
    for (const body of ['{', { version: '4' }, '[]']) await ask('receiveAlerts', { body });
    await ask('receiveAlerts', { body: '{}', headers: { 'content-type': 'text/plain' } });
    await ask('receiveAlerts', { body: mixed, headers: { authorization: 'Bearer wrong' } });
    await ask('receiveAlerts', { body: mixed, headers: { origin: 'https://elsewhere.example' } });

    for (const resource of ['/runs/1', '/fails/1', '/runs/2']) {
      await ended(service, (await decide(resource, { host: 'nas', labels: { pool: 'tank' } })).execution_id);
    }
    for (const mode of ['explain', 'publish', 'dry-run']) {
      const body = [
        { ...DISK, resource: '/runs/mode' },
        { ...DISK, confidence: 2 },
        { ...DISK, days_until_critical: null },
      ];
      await ask('postPredictions', { query: `?mode=${mode}`, body });
    }
    await ask('postPredictions', { body: { predictions: [] } });
    await ask('postPredictions', { query: '?mode=x', body: DISK });
    await ask('listPredictions');
    for (const query of ['', '?limit=2', '?state=failed', '?playbook=none', '?limit=0'])
      await ask('listExecutions', { query });
    for (const query of ['', '?limit=1', '?limit=x']) await ask('listDecisions', { query });
    for (const query of ['', '?since=30d&type=disk_exhaustion&resource=/srv', '?since=x', '?since=2y']) {
      await ask('getAccuracy', { query });
    }
    await ask('getExecution', { id: 'nobody' });
    await ask('getExecutionOutput', { id: 'nobody' });
    await ask('getExecutionOutput', { id: decisions[0].execution_id, query: '?phase=x' });

    const [approved, denied] = [await waits('/asks/1'), await waits('/asks/2')];
    await ask('approveExecution', { id: approved });
    await ask('approveExecution', { id: approved });
    await ended(service, approved);
    await ask('getExecution', { id: approved });
    await ask('rejectExecution', { id: denied });
    await ask('rejectExecution', { id: denied });
    await ask('approveExecution', { id: 'nobody' });
    await ask('rejectExecution', { id: 'nobody' });

    const held = await waits('/asks/3');
    await ask('getStatus');
    await ask('pause', { body: { name: 'backup', for: '2h', reason: 'moving the disks' } });
    await ask('pause');
    await ask('pause', { body: { for: 'soon' } });
    await decide('/runs/paused');
    await decide('/runs/paused');
    await ask('approveExecution', { id: held });
    await ask('getStatus');
    await ask('resume', { body: { name: 'backup' } });
    await ask('resume', { body: { all: true } });
    await ask('resume', { body: { all: true, name: 'x' } });

    await ask('getReadiness');
    await ask('getOpenapi');
    await ask('reload');
    writeFileSync(place.mapping, '{}');
    await ask('reload');
    await ask('getStatus');
  }, 120_000);

  it('every kind of answer was seen', () => {
    const { operations, answers } = all;
    const done = new Set(answers.filter(({ status }) => status === 200).map(({ operationId }) => operationId));
    const json = [...operations.values()].filter(({ responses }) => 'application/json' in responses['200']!.content!);
    expect([...done].toSorted()).toEqual(json.map(({ operationId }) => operationId).toSorted());
    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].toSorted()).toEqual([200, 400, 401, 403, 404, 409, 415, 500]);
    const conflicts = answers.filter(({ status }) => status === 409).map(({ body }: any) => body.error.code);
    expect(new Set(conflicts)).toEqual(new Set(['not_waiting', 'refused']));
    const states = new Set(answers.map(({ body }: any) => body.state));
    for (const state of ['succeeded', 'denied', 'awaiting_approval']) expect(states).toContain(state);
  });

  it('the schemas take every answer, and allow nothing else', () => {
    const { document, operations, answers } = all;
    for (const { operationId, status, body } of answers) {
      const name = schemaOf(document, operations.get(operationId)!.responses, status);
      const read = ANSWERS[name].safeParse(body);
      expect([operationId, status, name, read.error?.issues ?? []]).toEqual([operationId, status, name, []]);
      if (operationId === 'getOpenapi') continue;
      expect(ANSWERS[name].safeParse({ ...(body as object), unheard_of: 1 }).success).toBe(false);
    }
  });

  it('the document as it is served takes every answer', async () => {
    const { document, answers } = all;
    expect(await lint(document)).toEqual([]);
    expect(await lint(withAnswers(document, answers))).toEqual([]);
  });

  it('every status that was answered is described', () => {
    const { operations, answers } = all;
    const silent = answers.filter(
      ({ operationId, status }) => status < 500 && !(String(status) in operations.get(operationId)!.responses),
    );
    expect(silent.map(({ operationId, status }) => `${operationId} ${status}`)).toEqual([]);
  });

  it('what is answered as text has the type that is described', async () => {
    const { operations, answers } = all;
    const { items } = answers.find(({ operationId }) => operationId === 'listExecutions')!.body as any;
    for (const { operationId, path, responses } of operations.values()) {
      const [type] = Object.keys(responses['200']!.content!);
      if (type === 'application/json') continue;
      const leaving = new AbortController();
      const ran = items.find(({ run }: any) => run !== null).id;
      const { status, headers } = await service.get(path.replace('{id}', ran), { signal: leaving.signal });
      expect([operationId, status, headers.get('content-type')?.split(';')[0]]).toEqual([operationId, 200, type]);
      leaving.abort();
    }
  });
});

describe('a client made from the document', () => {
  it('lists executions and approves one', { timeout: 60_000 }, async () => {
    const place = home();
    const service = await startService(place);
    const { document, waits } = await asking(service);
    const id = await waits('/asks/client');

    const client: any = await new OpenAPIClientAxios({
      definition: document as any,
      withServer: { url: service.url },
      axiosConfigDefaults: { headers: { authorization: `Bearer ${TOKEN}` }, adapter: 'fetch' },
    }).init();
    const { data: waiting } = await client.listExecutions({ state: 'awaiting_approval', limit: 10 });
    expect(waiting.items.map((item: any) => item.id)).toEqual([id]);
    expect(waiting.next).toBeNull();

    const { status, data: approved } = await client.approveExecution(id);
    expect([status, approved.id]).toEqual([200, id]);
    expect(approved.answered).toMatchObject({ by: 'default', from: '127.0.0.1' });
    const done = await eventually(async () => {
      const { data } = await client.getExecution(id);
      return data.state === 'succeeded' ? data : null;
    });
    expect(done.run).toMatchObject({ exit_code: 0, error: null });
    expect(place.runs()).toEqual([`run ${id} /asks/client`]);
    const again = await client.approveExecution(id, null, { validateStatus: () => true });
    expect([again.status, again.data.error.code]).toEqual([409, 'not_waiting']);
  });
});

describe('lists', () => {
  it('are walked by keyset: what comes meanwhile is on no page twice, and nothing is left out', {
    timeout: 60_000,
  }, async () => {
    const service = await startService(home());
    const { decide } = await asking(service);
    const made: string[] = [];
    const make = async (resource: string) => {
      const { execution_id } = await decide(resource);
      await ended(service, execution_id);
      made.unshift(execution_id);
    };
    for (let n = 0; n < 5; n++) await make(`/${n === 2 ? 'fails' : 'runs'}/${n}`);
    const before = [...made];

    const walk = async (path: string, meanwhile: () => Promise<void>) => {
      const pages: any[][] = [];
      for (let next: string | null = ''; next !== null; ) {
        const page: any = await service.json(
          `${path}&limit=2${next === '' ? '' : `&before=${encodeURIComponent(next)}`}`,
        );
        pages.push(page.items);
        next = page.next;
        if (pages.length === 1) await meanwhile();
      }
      return pages.flat();
    };
    const executions = await walk('/api/v1/executions?', () => make('/runs/meanwhile'));
    expect(executions.map(({ id }) => id)).toEqual(before);
    const decisions = await walk('/api/v1/decisions?', () => make('/runs/again'));
    expect(decisions.map(({ execution_id }) => execution_id)).toEqual(made.slice(1));

    const failed = await walk('/api/v1/executions?state=failed&playbook=failing', async () => {});
    expect(failed.map(({ id }) => id)).toEqual([before[2]]);
    const succeeded = await walk('/api/v1/executions?state=succeeded&playbook=recording', async () => {});
    expect(succeeded.map(({ id }) => id)).toEqual(made.filter((id) => id !== before[2]));
    expect(await walk('/api/v1/executions?state=succeeded&playbook=failing', async () => {})).toEqual([]);
  });

  it('say with a 304 that nothing is new, and with a new tag what is', { timeout: 60_000 }, async () => {
    const place = home();
    let service = await startService(place);
    const { execution_id: id } = await (await asking(service)).decide('/runs/1');
    await ended(service, id);
    const paths = [`/api/v1/executions/${id}`, '/api/v1/executions?limit=5', '/api/v1/decisions', '/openapi.json'];
    const tags = async () =>
      await Promise.all(paths.map(async (path) => (await service.get(path)).headers.get('etag')!));
    const known = await tags();
    const statuses = async () =>
      await Promise.all(
        paths.map(async (path, at) => (await service.get(path, { headers: { 'if-none-match': known[at]! } })).status),
      );
    expect(await statuses()).toEqual([304, 304, 304, 304]);
    await service.stop();
    service = await startService(place);
    expect(await statuses()).toEqual([304, 304, 304, 304]);
    const { decide } = await asking(service);
    await ended(service, (await decide('/runs/3')).execution_id);
    expect(await statuses()).toEqual([304, 200, 200, 304]);
  });
});
