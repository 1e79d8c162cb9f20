import { describe, expect, test } from 'vitest';
import { createGuard } from '../../src/http/guard.ts';
import type { HttpOptions } from '../../src/http/ports.ts';
import { createRouter } from '../../src/http/router.ts';
import { createHttpServer } from '../../src/http/server.ts';
import { alertmanagerBody } from '../alert/bodies.ts';
import { AUTHORIZED, type Running, raw, request, start, statusOf, TOKEN } from './harness.ts';

const BODY = JSON.stringify(alertmanagerBody());

function nothingHappened({ calls }: Running): void {
  expect(calls.received).toEqual([]);
  expect(calls.webhooks).toEqual([]);
  expect(calls.pauses).toEqual([]);
  expect(calls.resumed).toEqual([]);
  expect(calls.reloads).toBe(0);
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

describe('who is let in', () => {
  test.each<[string, string]>([
    ['bearer', `Bearer ${TOKEN}`],
    ['in lower case', `bearer ${TOKEN}`],
    ['in upper case', `BEARER ${TOKEN}`],
    ['with blanks around', `  Bearer   ${TOKEN}  `],
    ['as the password of anybody', basic('anybody', TOKEN)],
    ['as the password of nobody', basic('', TOKEN)],
  ])('%s', async (_name, authorization) => {
    const { port } = await start();
    expect(statusOf(await raw(port, request('GET /api/v1/status HTTP/1.1', { Authorization: authorization })))).toBe(
      200,
    );
  });

  test('a token in other than ASCII letters', async () => {
    const { port } = await start(() => ({ token: () => 'schlüssel-☃' }));
    const head = Buffer.from(request('GET /api/v1/status HTTP/1.1', { Authorization: 'Bearer schlüssel-☃' }));
    expect(statusOf(await raw(port, head))).toBe(200);
  });

  test('a token that changed: the new one at once, the old one no more', async () => {
    let token = TOKEN;
    const { get } = await start(() => ({ token: () => token }));
    expect((await get('/api/v1/status')).status).toBe(200);
    token = 'another one';
    expect((await get('/api/v1/status')).status).toBe(401);
  });
});

describe('who is not (fault 1)', () => {
  test.each<[string, string]>([
    ['empty', ''],
    ['the scheme alone', 'Bearer'],
    ['an empty token', 'Bearer '],
    ['a wrong token', 'Bearer x'],
    ['the beginning of the token', `Bearer ${TOKEN.slice(0, -1)}`],
    ['the token and more', `Bearer ${TOKEN}x`],
    ['the token in another case', `Bearer ${TOKEN.toUpperCase()}`],
    ['the token without a scheme', TOKEN],
    ['another scheme', `Token ${TOKEN}`],
    ['two in one header', `Bearer x, Bearer ${TOKEN}`],
    ['two in one header, the first right', `Bearer ${TOKEN}, Bearer x`],
    ['a tab between', `Bearer\t${TOKEN}`],
    ['basic without a colon', `Basic ${Buffer.from(TOKEN).toString('base64')}`],
    ['the token as the user', basic(TOKEN, '')],
    ['basic that is no base64', 'Basic %%%'],
    ['letters of other alphabets', `Bearer ${'ключ'.repeat(3)}`],
    ['8 KiB', `Bearer ${'x'.repeat(8192)}`],
    ['1 MB', `Bearer ${'x'.repeat(1_000_000)}`],
    ['NUL', `Bearer ${TOKEN}\u0000`],
  ])('%s', async (_name, authorization) => {
    const running = await start();
    const head = request(
      'POST /webhook HTTP/1.1',
      { Authorization: authorization, 'Content-Type': 'application/json' },
      BODY,
    );
    const answer = await raw(running.port, Buffer.from(head));
    expect(statusOf(answer)).toBe(401);
    expect(answer.toLowerCase()).toContain('\r\nwww-authenticate: basic realm="forestall"');
    expect(answer).not.toContain(TOKEN);
    nothingHappened(running);
  });

  test.each([
    ['the right one first', TOKEN, 'x'],
    ['the right one second', 'x', TOKEN],
    ['the right one twice', TOKEN, TOKEN],
  ])('two headers, %s', async (_name, first, second) => {
    const running = await start();
    const two = `Authorization: Bearer ${first}\r\naUTHORIZATION: Bearer ${second}`;
    const head = request('GET /api/v1/status HTTP/1.1').replace('Connection', `${two}\r\nConnection`);
    expect(statusOf(await raw(running.port, head))).toBe(401);
  });

  test('a header that goes on after a lone line feed', async () => {
    const { port } = await start();
    const head = request('GET /api/v1/status HTTP/1.1', { Authorization: `Bearer x\nAuthorization: Bearer ${TOKEN}` });
    expect(statusOf(await raw(port, head))).toBe(400);
  });

  test('nobody, not even with an empty token, once the configured one is empty', async () => {
    let token = TOKEN;
    const { port } = await start(() => ({ token: () => token }));
    token = '';
    for (const authorization of ['Bearer ', `Bearer ${TOKEN}`, basic('x', '')]) {
      expect(statusOf(await raw(port, request('GET /api/v1/status HTTP/1.1', { Authorization: authorization })))).toBe(
        401,
      );
    }
  });
});

describe('every path', () => {
  const PATHS = [
    '/',
    '//',
    '/webhook',
    '//webhook',
    '/webhook/',
    '/webhook//',
    '/WEBHOOK',
    '/Webhook',
    '/./webhook',
    '/x/../webhook',
    '/%77ebhook',
    '/webhook%2f',
    '/%2fwebhook',
    '/%2e/webhook',
    '/%2e%2e/webhook',
    '/webhook%00',
    '/webhook%0a',
    '/webhook%0d%0a',
    '/webhook%e2%80%a8',
    '/webhook%5c',
    '/webhook\\',
    '\\webhook',
    '/webhook;x=1',
    '/webhook.json',
    '/webhook?token=x',
    '/webhook#x',
    '/webhook%3f',
    '/%zz',
    '/%',
    '/%e0%80%af',
    '/-/healthy/../../webhook',
    '/-/healthy%2f..%2f..%2fwebhook',
    '/-/healthy;/webhook',
    '/-/ready/',
    '/-/HEALTHY',
    '/-//healthy',
    '/-/reload',
    '/metrics',
    '/api/v1/status',
    '/api/v1/executions',
    '/api/v1/executions/x/output',
    '/api/v1/decisions',
    '/api/v1/predictions',
    '/api/v1/pause',
    '/api/v1/resume',
    '/openapi.json',
    '/nothing',
    '*',
    'http://127.0.0.1/webhook',
    'http://elsewhere/webhook',
    'https://127.0.0.1/metrics',
    'webhook',
  ]; // prettier-ignore
  const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY'];

  test('without the token is a 401, with any method, and reaches nothing', async () => {
    const running = await start();
    for (const path of PATHS) {
      for (const method of ['GET', 'POST', 'PUT', 'HEAD']) {
        const head = request(
          `${method} ${path} HTTP/1.1`,
          { 'Content-Type': 'application/json' },
          method === 'POST' ? BODY : '',
        );
        const answer = await raw(running.port, head);
        expect([401, 400], `${method} ${path}`).toContain(statusOf(answer));
        if (statusOf(answer) === 400) expect(answer, `${method} ${path}`).toContain('not a valid HTTP request');
      }
    }
    nothingHappened(running);
  });

  test.each(METHODS)('the method %s does not help', async (method) => {
    const running = await start();
    for (const path of ['/webhook', '/api/v1/pause', '/-/reload', '/metrics', '/nothing']) {
      expect(statusOf(await raw(running.port, request(`${method} ${path} HTTP/1.1`)))).toBe(401);
    }
    nothingHappened(running);
  });

  test.each(['X-HTTP-Method-Override', 'X-Method-Override', 'X-HTTP-Method'])('%s does nothing', async (name) => {
    const running = await start();
    const headers = { ...AUTHORIZED, [name]: 'POST' };
    expect(statusOf(await raw(running.port, request('GET /-/reload HTTP/1.1', headers)))).toBe(405);
    expect(statusOf(await raw(running.port, request('PUT /-/reload HTTP/1.1', headers)))).toBe(405);
    nothingHappened(running);
  });

  test.each(['X-Original-URL', 'X-Rewrite-URL', 'X-Forwarded-Prefix'])('%s does nothing', async (name) => {
    const running = await start();
    expect(statusOf(await raw(running.port, request('GET /-/healthy HTTP/1.1', { [name]: '/metrics' })))).toBe(200);
    expect(statusOf(await raw(running.port, request('GET /metrics HTTP/1.1', { [name]: '/-/healthy' })))).toBe(401);
  });

  test('a host name that smuggles a path does not open one', async () => {
    const running = await start();
    for (const host of ['127.0.0.1/metrics?', 'x/webhook#', '127.0.0.1/api/v1/status?x=', 'a@b/metrics?']) {
      const answer = await raw(running.port, request('GET /-/healthy HTTP/1.1', { Host: host }));
      expect([200, 400, 401]).toContain(statusOf(answer));
      expect(answer).not.toContain('up 1');
      expect(answer).not.toContain('enabled');
    }
  });

  test('health is answered to everybody, for reading only', async () => {
    const running = await start();
    for (const path of ['/-/healthy', '/-/ready', '/-/healthy?x=1']) {
      expect(statusOf(await raw(running.port, request(`GET ${path} HTTP/1.1`)))).toBe(200);
      expect(statusOf(await raw(running.port, request(`HEAD ${path} HTTP/1.1`)))).toBe(200);
      expect(statusOf(await raw(running.port, request(`POST ${path} HTTP/1.1`)))).toBe(401);
    }
  });

  test('with the token, a spelling that is none of ours is a 404 or 405, never a redirect', async () => {
    const running = await start();
    for (const path of PATHS.filter((each) => each !== '/webhook' && !each.startsWith('http'))) {
      const answer = await raw(running.port, request(`PUT ${path} HTTP/1.1`, AUTHORIZED));
      expect([400, 404, 405], path).toContain(statusOf(answer));
    }
    nothingHappened(running);
  });
});

test('each handler asks by itself, also where nothing stands in front of the router (fault 25)', async () => {
  let options: HttpOptions | undefined;
  const running = await start((base) => {
    options = base;
    return {};
  });
  const guard = createGuard(options!);
  const router = createRouter({ ...options!, stopping: () => false }, guard);
  const closed = router.routes.filter(({ path }) => !['/-/healthy', '/-/ready'].includes(path));
  expect(closed.length).toBeGreaterThan(9);
  for (const { method, path } of closed) {
    const incoming = { method, url: '/-/healthy', headers: {}, rawHeaders: [] };
    for (const env of [undefined, { incoming }]) {
      const response = await router.request(path.replace(':id', 'x'), { method }, env as never);
      expect([method, path, response.status]).toEqual([method, path, 401]);
    }
  }
  nothingHappened(running);
});

test('without a token it serves loopback addresses only', () => {
  const options = (host: string, token: string | null) =>
    ({ host, port: 0, external_url: null, token: () => token }) as HttpOptions;
  for (const host of ['0.0.0.0', '::', '[::]', '192.168.1.2', 'nas.lan', '128.0.0.1', '127.0.0.1.example.org']) {
    expect(() => createHttpServer(options(host, null))).toThrow(/set web\.bearer_token_file/);
  }
  expect(() => createHttpServer(options('127.0.0.1', ''))).toThrow(/web\.bearer_token is empty/);
});
