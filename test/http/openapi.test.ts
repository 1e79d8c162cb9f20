import { describe, expect, test } from 'vitest';
import type { Execution } from '../../src/execution/execution.ts';
import { createGuard } from '../../src/http/guard.ts';
import { openapiDocument } from '../../src/http/openapi.ts';
import { ANSWERS, type AnswerName } from '../../src/http/openapi-components.ts';
import { ANSWER_EXAMPLES, REQUEST_EXAMPLES } from '../../src/http/openapi-examples.ts';
import type { HttpOptions } from '../../src/http/ports.ts';
import { ERROR_CODES } from '../../src/http/problem.ts';
import { createRouter } from '../../src/http/router.ts';
import { lint, type OpenapiDocument, operationsOf, withAnswers, withRequests } from '../support/openapi.ts';
import { readText } from '../support/source-text.ts';
import { AUTHORIZED, decisionFor, start } from './harness.ts';

const document = openapiDocument({ version: '1.2.3', basePath: '' }) as OpenapiDocument;
const operations = operationsOf(document);

/** Every route that the router has, as the document writes it. */
async function routes(): Promise<string[]> {
  let options: HttpOptions | undefined;
  await start((base) => {
    options = base;
    return {};
  });
  const { routes: found } = createRouter({ ...options!, stopping: () => false }, createGuard(options!));
  return found.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
}

const isApi = (route: string) => /^\w+ \/(?:api\/|-\/|webhook$|metrics$|openapi\.json$)/.test(route);

describe('the document', () => {
  test('an OpenAPI linter finds nothing', async () => {
    expect(await lint(document)).toEqual([]);
  });

  test('the linter finds what is wrong', async () => {
    const broken = structuredClone(document);
    delete broken.components.schemas['Gate'];
    expect((await lint(broken)).join('\n')).toMatch(/no-unresolved-refs/);
    const answers = [{ operationId: 'getStatus', status: 200, body: { ...ANSWER_EXAMPLES.Status, more: 1 } }];
    expect((await lint(withAnswers(document, answers))).join('\n')).toMatch(/NOT have.*more|more/);
    expect(await lint(withRequests(document, 'receiveAlerts', [{ version: '4', alerts: [] }]))).not.toEqual([]);
  });

  test('describes every route of the API, and no other', async () => {
    const described = [...operations.values()].map(({ method, path }) => `${method} ${path}`);
    expect(described.toSorted()).toEqual((await routes()).filter(isApi).toSorted());
  });

  test('what it leaves out are the pages for people', async () => {
    for (const route of (await routes()).filter((one) => !isApi(one))) {
      expect(route).toMatch(
        /^(?:GET|POST) \/(?:$|assets\/|executions|decisions|predictions|forecast|try|pause|resume)/,
      );
    }
  });

  test.each([...operations])('%s asks for the role that its route asks for', async (_id, operation) => {
    const roles = ['webhook', 'read', 'operate'] as const;
    const { url } = await start(() => ({
      tokens: () => roles.map((role) => ({ name: role, role, value: `token-for-${role}` })),
    }));
    const leaving = new AbortController();
    const refused = async (role: string) => {
      const headers = { authorization: `Bearer token-for-${role}`, 'content-type': 'application/json' };
      const { method, path } = operation;
      const { status } = await fetch(url + path.replace('{id}', 'E1'), { method, headers, signal: leaving.signal });
      return status === 403;
    };
    const needed = /Role of the token: `(\w+)`/.exec(operation.description)?.[1] ?? null;
    expect(operation.security).toEqual(needed === null ? [] : [{ bearer: [] }, { basic: [] }]);
    for (const role of roles) {
      const mayNot = needed !== null && role !== needed && role !== 'operate';
      expect([role, await refused(role)]).toEqual([role, mayNot]);
    }
    leaving.abort();
  });

  test('every body and answer of JSON has an example that its schema takes', () => {
    for (const { operationId, requestBody, responses } of operations.values()) {
      const request = requestBody?.content?.['application/json'];
      if (request !== undefined)
        expect([operationId, Object.keys(request.examples ?? {})]).not.toEqual([operationId, []]);
      const answer = responses['200']!.content!['application/json'];
      if (answer !== undefined && operationId !== 'getOpenapi') {
        expect([operationId, answer.example]).not.toEqual([operationId, undefined]);
      }
    }
    for (const [name, example] of Object.entries(ANSWER_EXAMPLES)) {
      expect(ANSWERS[name as AnswerName].parse(example)).toEqual(example);
    }
    expect(Object.keys(REQUEST_EXAMPLES).length).toBe(4);
  });

  test('answers are strict all the way down', () => {
    const open: string[] = [];
    const visit = (schema: unknown, path: string): void => {
      if (typeof schema !== 'object' || schema === null) return;
      const { type, additionalProperties, properties } = schema as Record<string, unknown>;
      if (type === 'object' && properties !== undefined && additionalProperties !== false) open.push(path);
      for (const [key, below] of Object.entries(schema)) visit(below, `${path}.${key}`);
    };
    for (const name of Object.keys(ANSWERS)) {
      if (name !== 'OpenapiDocument') visit(document.components.schemas[name], name);
    }
    expect(open).toEqual([]);
  });

  test('every field of an answer that is a number says its unit or range', () => {
    const silent: string[] = [];
    const visit = (schema: unknown, path: string): void => {
      if (typeof schema !== 'object' || schema === null) return;
      const { type, description } = schema as { type?: unknown; description?: string };
      const isNumber = [type].flat().some((one) => one === 'number' || one === 'integer');
      if (isNumber && description === undefined && !/anyOf/.test(path)) silent.push(path);
      for (const [key, below] of Object.entries(schema)) visit(below, `${path}.${key}`);
    };
    for (const name of Object.keys(ANSWERS)) visit(document.components.schemas[name], name);
    expect(silent).toEqual([]);
  });

  test('docs/api.md names every operation, error code and component that a reader needs', () => {
    const page = readText('docs/api.md');
    for (const { method, path } of operations.values())
      expect(page).toContain(`${method} ${path.replace('{id}', 'ID')}`);
    for (const code of ERROR_CODES) expect(page).toContain(`\`${code}\``);
    for (const key of Object.keys(ANSWER_EXAMPLES.Status!)) expect(page).toContain(`\`${key}\``);
  });
});

describe('GET /openapi.json', () => {
  test('is the document, with the version of the service', async () => {
    const { get } = await start(() => ({ version: '9.8.7' }));
    const answer = (await (await get('/openapi.json')).json()) as OpenapiDocument;
    expect(answer).toEqual({ ...document, info: { ...document.info, version: '9.8.7' } });
    expect(answer.servers).toMatchObject([{ url: '/' }]);
  });

  test('names the path that the service is reached below', async () => {
    const { get } = await start(() => ({ external_url: 'https://nas.lan/forestall/' }));
    const answer = (await (await get('/openapi.json')).json()) as OpenapiDocument;
    expect(answer.servers).toMatchObject([{ url: '/forestall' }]);
    expect(await lint(answer)).toEqual([]);
  });
});

describe('entity tags', () => {
  const execution = { id: 'E1', prediction: {}, answered: null, claimed_at: 0 } as unknown as Execution;
  let message = 'first';
  const running = () =>
    start(({ record }) => ({
      record: {
        ...record,
        execution: async () => ({ ...execution, message }),
        executions: async () => ({ items: [{ ...execution, message }], next: null }),
        decisions: async () => ({ items: [decisionFor({ message })], next: null }),
      },
    }));
  const tagged = [...operations.values()].filter(({ responses }) => '304' in responses);

  test('are where the document says', async () => {
    expect(tagged.map(({ operationId }) => operationId).toSorted()).toEqual(
      ['getExecution', 'getOpenapi', 'listDecisions', 'listExecutions'].toSorted(),
    );
    const { get } = await running();
    for (const { method, path, responses, operationId } of operations.values()) {
      if (method !== 'GET' || operationId === 'listenToEvents') continue;
      const { headers, status } = await get(path.replace('{id}', 'E1'));
      if (status === 200) expect([path, headers.has('etag')]).toEqual([path, '304' in responses]);
    }
  });

  test.each(tagged.map(({ path }) => path.replace('{id}', 'E1')))('%s', async (path) => {
    message = 'first';
    const { url } = await running();
    const ask = (headers: Record<string, string> = {}, method = 'GET') =>
      fetch(url + path, { method, headers: { ...AUTHORIZED, ...headers } });
    const first = await ask();
    const etag = first.headers.get('etag')!;
    expect(etag).toMatch(/^"[\w-]{27}"$/);
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    for (const given of [etag, `W/${etag}`, `"other", ${etag}`, `"other" ,W/${etag}`, '*']) {
      const again = await ask({ 'if-none-match': given });
      expect([given, again.status, await again.text()]).toEqual([given, 304, '']);
      expect(again.headers.get('etag')).toBe(etag);
      expect(again.headers.get('cache-control')).toBe('private, no-cache');
      expect(again.headers.has('content-type')).toBe(false);
    }
    for (const given of ['"other"', etag.slice(1, -1), etag.slice(0, -1), '', 'W/*']) {
      expect([given, (await ask({ 'if-none-match': given })).status]).toEqual([given, 200]);
    }
    expect((await ask({ 'if-none-match': etag }, 'HEAD')).status).toBe(304);
    if (path === '/openapi.json') return;
    message = 'second';
    const changed = await ask({ 'if-none-match': etag });
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).not.toBe(etag);
  });

  test('are no way around the token', async () => {
    const { url } = await running();
    const { status, headers } = await fetch(`${url}/api/v1/executions/E1`, { headers: { 'if-none-match': '*' } });
    expect([status, headers.has('etag')]).toEqual([401, false]);
  });

  test('do not hide that something is not there', async () => {
    const { url } = await start();
    const headers = { ...AUTHORIZED, 'if-none-match': '*' };
    expect((await fetch(`${url}/api/v1/executions/E1`, { headers })).status).toBe(404);
  });
});
