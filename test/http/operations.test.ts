import { describe, expect, test } from 'vitest';
import { AUTHORIZED, errorOf, start } from './harness.ts';

describe('the kill switch', () => {
  test.each<[unknown, object]>([
    [{}, { name: 'manual', reason: null }],
    [
      { for: '2h', reason: 'moving house' },
      { name: 'manual', reason: 'moving house', for: 7_200_000 },
    ],
    [
      { for: '1h30m', name: 'anna' },
      { name: 'anna', reason: null, for: 5_400_000 },
    ],
    [{ for: '1w2d3h4m5s6ms' }, { name: 'manual', reason: null, for: 788_645_006 }],
  ])('pause %j', async (body, expected) => {
    const { post, calls } = await start();
    const response = await post('/api/v1/pause', body);
    expect(response.status).toBe(200);
    expect(calls.pauses).toEqual([expected]);
    expect(await response.json()).toMatchObject({ paused: true, since: '2026-06-16T09:30:00.000Z' });
  });

  test('pause and resume without a body', async () => {
    const { url, calls } = await start();
    await fetch(`${url}/api/v1/pause`, { method: 'POST', headers: AUTHORIZED });
    const response = await fetch(`${url}/api/v1/resume`, { method: 'POST', headers: AUTHORIZED });
    expect(await response.json()).toEqual({ lifted: 1, refused: { count: 0, items: [] } });
    expect(calls.pauses).toEqual([{ name: 'manual', reason: null }]);
    expect(calls.resumed).toEqual(['manual']);
  });

  test.each<[unknown, string | null]>([
    [{}, 'manual'],
    [{ name: 'anna' }, 'anna'],
    [{ all: true }, null],
  ])('resume %j', async (body, expected) => {
    const { post, calls } = await start();
    expect((await post('/api/v1/resume', body)).status).toBe(200);
    expect(calls.resumed).toEqual([expected]);
  });

  test.each<[string, unknown]>([
    ['pause', { for: '2 hours' }],
    ['pause', { for: '0s' }],
    ['pause', { for: '' }],
    ['pause', { for: '-1h' }],
    ['pause', { for: 7200 }],
    ['pause', { for: '99999999999999999999y' }],
    ['pause', { until: '2026-01-01' }],
    ['pause', { name: '' }],
    ['pause', { name: 'a\nb' }],
    ['pause', { reason: 'x'.repeat(501) }],
    ['pause', { reason: '\u2028' }],
    ['pause', []],
    ['pause', 'null'],
    ['resume', { name: 'a', all: true }],
    ['resume', { names: ['a'] }],
    ['resume', { all: 'yes' }],
  ])('%s %j is a 400', async (action, body) => {
    const { post, calls } = await start();
    const sent = body === 'null' ? '"null"' : body;
    expect((await post(`/api/v1/${action}`, sent)).status).toBe(400);
    expect([calls.pauses, calls.resumed]).toEqual([[], []]);
  });
});

describe('operations', () => {
  test('health, readiness, status and metrics', async () => {
    const { get, url } = await start();
    expect((await fetch(`${url}/-/healthy`)).status).toBe(200);
    expect(await (await fetch(`${url}/-/ready`)).json()).toEqual({ ready: true, reason: 'ready' });
    expect(await (await get('/api/v1/status')).json()).toEqual({ enabled: true });
    const metrics = await get('/metrics');
    expect(metrics.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await metrics.text()).toContain('up 1');
  });

  test('not ready is a 503 with the reason', async () => {
    const { url } = await start(({ operations }) => ({
      operations: { ...operations, ready: async () => ({ ok: false, reason: 'the store is not available' }) },
    }));
    const response = await fetch(`${url}/-/ready`);
    expect([response.status, await response.json()]).toEqual([
      503,
      { error: { code: 'not_ready', message: 'the store is not available', issues: [] } },
    ]);
  });

  test('a reload that is refused is a 500 with all problems', async () => {
    const problems = Array.from({ length: 40 }, (_, at) => `forestall.yaml:${at}: unknown key number ${at}`);
    const { post } = await start(({ operations }) => ({
      operations: { ...operations, reload: async () => ({ ok: false, problems }) },
    }));
    const response = await post('/-/reload', '');
    expect(response.status).toBe(500);
    expect((await errorOf(response)).issues.map(({ message }) => message)).toEqual(problems);
  });

  test('a reload that is taken', async () => {
    const { post, calls } = await start();
    expect((await post('/-/reload', '')).status).toBe(200);
    expect(calls.reloads).toBe(1);
  });

  test('every answer is kept from caches, frames and guesses', async () => {
    const { get, url } = await start();
    for (const response of [
      await get('/api/v1/status'),
      await get('/nothing'),
      await fetch(url),
      await fetch(`${url}/-/healthy`),
    ]) {
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    }
  });

  test('paths that are not there are a 404, other methods a 405 with those that are', async () => {
    const { get, post } = await start();
    expect((await errorOf(await get('/api/v2/status'))).code).toBe('not_found');
    const response = await post('/api/v1/executions/E1/output', {});
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect((await get('/api/v1/pause')).headers.get('allow')).toBe('POST');
  });
});
