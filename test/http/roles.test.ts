import { describe, expect, test } from 'vitest';
import type { Token } from '../../src/http/token.ts';
import { alertmanagerBody } from '../alert/bodies.ts';
import { finishedExecution } from '../support/execution.ts';
import { start, TOKEN } from './harness.ts';

const TOKENS: readonly Token[] = [
  { name: 'alertmanager', role: 'webhook', value: 'token-of-alertmanager' },
  { name: 'dashboard', role: 'read', value: 'token-of-dashboard' },
  { name: 'ann', role: 'operate', value: 'token-of-ann' },
  { name: 'empty', role: 'operate', value: '' },
];
const tokens = () => TOKENS;

const READS = ['/metrics', '/api/v1/status', '/api/v1/executions', '/api/v1/decisions', '/api/v1/predictions'];
const DELIVERIES = ['/webhook', '/api/v1/predictions?mode=explain', '/api/v1/predictions'];
const OPERATIONS = [
  '/api/v1/pause',
  '/api/v1/resume',
  '/-/reload',
  '/api/v1/executions/x/approve',
  '/api/v1/executions/x/reject',
];

async function statusOf(url: string, method: string, path: string, token: string): Promise<[number, string]> {
  const body = method === 'POST' ? { body: JSON.stringify(alertmanagerBody()) } : {};
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(url + path, { method, headers, ...body });
  return [response.status, await response.text()];
}

describe('the role of a token', () => {
  const ALL = [
    ...READS.flatMap((path) => [['GET', path, 'read'] as const, ['HEAD', path, 'read'] as const]),
    ...DELIVERIES.map((path) => ['POST', path, 'webhook'] as const),
    ...OPERATIONS.map((path) => ['POST', path, 'operate'] as const),
  ];

  test.each(TOKENS.slice(0, 3))('$name with the role $role', async ({ name, role, value }) => {
    const { url, calls } = await start(() => ({ tokens }));
    for (const [method, path, needed] of ALL) {
      const [status, text] = await statusOf(url, method, path, value);
      if (role === 'operate' || role === needed) {
        expect([401, 403], `${method} ${path}`).not.toContain(status);
        continue;
      }
      expect([method, path, status]).toEqual([method, path, 403]);
      if (method === 'HEAD') continue;
      const message = `the token ${name} has the role ${role}; this needs ${needed === 'operate' ? '' : `${needed} or `}operate`;
      expect(JSON.parse(text)).toEqual({ error: { code: 'forbidden', message, issues: [] } });
    }
    if (role !== 'operate')
      expect([calls.pauses, calls.resumed, calls.answers, calls.reloads]).toEqual([[], [], [], 0]);
  });

  test('the token of web.bearer_token operates, an empty or unknown one does not', async () => {
    const { url } = await start(() => ({ tokens }));
    expect((await statusOf(url, 'GET', '/api/v1/status', TOKEN))[0]).toBe(200);
    for (const token of ['', 'x', 'token-of-an', 'token-of-annn', 'alertmanager']) {
      expect((await statusOf(url, 'GET', '/api/v1/status', token))[0]).toBe(401);
    }
  });

  test('tokens do without web.bearer_token, and one that is taken away is good for nothing', async () => {
    let given = TOKENS;
    const { url } = await start(() => ({ token: () => null, tokens: () => given }));
    expect((await statusOf(url, 'GET', '/api/v1/status', 'token-of-ann'))[0]).toBe(200);
    expect((await fetch(`${url}/api/v1/status`)).status).toBe(401);
    given = TOKENS.slice(0, 1);
    expect((await statusOf(url, 'GET', '/api/v1/status', 'token-of-ann'))[0]).toBe(401);
  });
});

describe('an answer to what waits', () => {
  test('is given under the name of the token, from the address of the connection', async () => {
    const { url, calls } = await start(() => ({ tokens }));
    await statusOf(url, 'POST', '/api/v1/executions/E1/approve', 'token-of-ann');
    await statusOf(url, 'POST', '/api/v1/executions/E2/reject', TOKEN);
    expect(calls.answers).toEqual([
      { id: 'E1', by: { name: 'ann', from: '127.0.0.1' }, approve: true },
      { id: 'E2', by: { name: 'default', from: '127.0.0.1' }, approve: false },
    ]);
  });

  test.each([
    [
      { kind: 'approved', execution: finishedExecution({ answered: { by: 'ann', from: null, at: 0 } }) } as const,
      200,
      'id',
    ],
    [{ kind: 'not_found' } as const, 404, 'not_found'],
    [{ kind: 'refused', reason: 'cooldown', message: 'it ran' } as const, 409, 'refused'],
    [{ kind: 'not_waiting', state: 'running', answered: null } as const, 409, 'not_waiting'],
  ])('%j', async (answer, status, code) => {
    const { post } = await start(() => ({ approvals: { approve: async () => answer, reject: async () => answer } }));
    const response = await post('/api/v1/executions/E1/approve', '');
    const body = (await response.json()) as any;
    expect(response.status).toBe(status);
    if (answer.kind === 'approved')
      expect(body.answered).toEqual({ by: 'ann', from: null, at: '1970-01-01T00:00:00.000Z' });
    else expect(body.error.code).toBe(code);
    if (answer.kind === 'refused')
      expect(body.error).toMatchObject({ message: 'cooldown: it ran', reason: 'cooldown' });
  });

  test('is a 503 once the service stops, and none at all for an id that cannot be one', async () => {
    const { post, server, calls } = await start();
    expect((await post('/api/v1/executions/a%2fb/approve', '')).status).toBe(404);
    server.refuseNewWork();
    expect((await post('/api/v1/executions/E1/approve', '')).status).toBe(503);
    expect(calls.answers).toEqual([]);
  });
});
