import { describe, expect, test } from 'vitest';
import { alertmanagerBody } from '../alert/bodies.ts';
import { AUTHORIZED, raw, request, start, statusOf } from './harness.ts';

const BODY = JSON.stringify(alertmanagerBody());
const JSON_TYPE = { 'Content-Type': 'application/json' };
const open = (external_url: string | null = null) => start(() => ({ token: () => null, external_url }));

describe('without a token, on loopback', () => {
  test('programs may do everything', async () => {
    const { port, calls } = await open();
    expect(statusOf(await raw(port, request('POST /webhook HTTP/1.1', JSON_TYPE, BODY)))).toBe(200);
    expect(statusOf(await raw(port, request('GET /metrics HTTP/1.1')))).toBe(200);
    expect(calls.received).toHaveLength(1);
  });

  test.each<[string, Record<string, string>]>([
    ['another site', { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }],
    ['another port of this machine', { Origin: 'http://localhost:3000', 'Sec-Fetch-Site': 'same-site' }],
    ['a browser without Sec-Fetch', { Origin: 'https://evil.example' }],
    ['another port, without Sec-Fetch', { Origin: 'http://127.0.0.1:1' }],
    ['a sandboxed frame or a file', { Origin: 'null' }],
    ['a form without Origin', { 'Sec-Fetch-Site': 'cross-site' }],
    ['an odd value', { 'Sec-Fetch-Site': 'x' }],
  ])('a page of %s changes nothing', async (_name, headers) => {
    const { port, calls } = await open();
    for (const path of ['/webhook', '/api/v1/predictions', '/api/v1/pause', '/api/v1/resume', '/-/reload']) {
      const answer = await raw(port, request(`POST ${path} HTTP/1.1`, { ...JSON_TYPE, ...headers }, BODY));
      expect(statusOf(answer), path).toBe(403);
    }
    expect([calls.received, calls.pauses, calls.resumed, calls.reloads]).toEqual([[], [], [], 0]);
  });

  test('a link on another page may still be followed: reading changes nothing', async () => {
    const { port } = await open();
    const headers = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' };
    expect(statusOf(await raw(port, request('GET /api/v1/status HTTP/1.1', headers)))).toBe(200);
  });

  test('our own page may', async () => {
    const { port, calls } = await open('https://forestall.example');
    const host = `127.0.0.1:${port}`;
    const pages: Record<string, string>[] = [
      { Host: host, Origin: `http://${host}`, 'Sec-Fetch-Site': 'same-origin' },
      { Host: host, Origin: `http://${host}` },
      { Host: host, 'Sec-Fetch-Site': 'none' },
      { Host: 'forestall.example', Origin: 'https://forestall.example', 'Sec-Fetch-Site': 'same-origin' },
      { Host: host, Origin: 'https://forestall.example' },
    ];
    for (const headers of pages)
      expect(statusOf(await raw(port, request('POST /-/reload HTTP/1.1', headers)))).toBe(200);
    expect(calls.reloads).toBe(pages.length);
  });

  test.each([
    'evil.example',
    'evil.example:9096',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '192.168.1.2',
    '[::2]',
    'forestall.example.evil',
  ])('a name that leads here by deceit is refused: %s', async (host) => {
    const { port, calls } = await open('https://forestall.example');
    for (const line of ['GET /metrics HTTP/1.1', 'GET /api/v1/executions HTTP/1.1', 'POST /-/reload HTTP/1.1']) {
      expect(statusOf(await raw(port, request(line, { Host: host, 'Sec-Fetch-Site': 'same-origin' })))).toBe(403);
    }
    expect(calls.reloads).toBe(0);
  });

  test.each([
    'localhost',
    'LOCALHOST:1234',
    '127.0.0.1:9096',
    '[::1]:9096',
    'forestall.example',
    'forestall.example:8443',
  ])('our own names are known: %s', async (host) => {
    const { port } = await open('https://forestall.example:8443/base');
    expect(statusOf(await raw(port, request('GET /metrics HTTP/1.1', { Host: host })))).toBe(200);
  });

  test('HTTP/1.0 without a host', async () => {
    const { port } = await open();
    expect(statusOf(await raw(port, 'GET /metrics HTTP/1.0\r\n\r\n'))).toBe(200);
  });
});

describe('with a token', () => {
  test('the name does not matter', async () => {
    const { port } = await start();
    expect(statusOf(await raw(port, request('GET /metrics HTTP/1.1', { ...AUTHORIZED, Host: 'nas.lan' })))).toBe(200);
  });

  test("a browser's remembered password does not help a page of another site", async () => {
    const { port, calls } = await start();
    const headers = { ...AUTHORIZED, Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' };
    expect(statusOf(await raw(port, request('POST /api/v1/resume HTTP/1.1', headers)))).toBe(403);
    expect(calls.resumed).toEqual([]);
  });
});
