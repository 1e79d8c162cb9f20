import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createAlertmanagerClient } from '../../src/prometheus/alertmanager.ts';
import { createPrometheusClient } from '../../src/prometheus/client.ts';
import { bodyOf, freePort, listen } from '../support/http.ts';
import { eventually } from '../support/wait.ts';

const vector = (...values: readonly (string | number)[]) => ({
  status: 'success',
  data: { resultType: 'vector', result: values.map((value) => ({ metric: { host: 'a' }, value: [1, value] })) },
});

async function prometheus(handler: RequestListener, timeout = 5_000) {
  const { url } = await listen(handler);
  return createPrometheusClient({ url, timeout });
}

const answering =
  (body: unknown, status = 200): RequestListener =>
  (_request, response) =>
    void response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(typeof body === 'string' ? body : JSON.stringify(body));

describe('the Prometheus client', () => {
  it('posts the expression and a time limit below the path prefix', async () => {
    let seen = '';
    const { url } = await listen(async (request, response) => {
      seen = `${request.method} ${request.url} ${request.headers.authorization} ${await bodyOf(request)}`;
      answering(vector('1'))(request, response);
    });
    const client = createPrometheusClient({ url: `${url.replace('//', '//me:se%20cret@')}/prom`, timeout: 1_500 });
    expect(await client.queryScalar('up == 1')).toBe(1);
    const basic = Buffer.from('me:se cret').toString('base64');
    expect(seen).toBe(`POST /prom/api/v1/query Basic ${basic} query=up+%3D%3D+1&timeout=1500ms`);
  });

  it('names the server without its credentials', async () => {
    const port = await freePort();
    const client = createPrometheusClient({ url: `http://me:canary@127.0.0.1:${port}`, timeout: 1_000 });
    const error = await client.query('up').catch((reason: unknown) => reason);
    expect((error as Error).message).toMatch(`Prometheus at http://127.0.0.1:${port} could not be asked: `);
    expect((error as Error).message).toContain('ECONNREFUSED');
    expect(`${(error as Error).stack} ${JSON.stringify(error)}`).not.toContain('canary');
  });

  it('falls back to GET where only reading is let through', async () => {
    const client = await prometheus((request, response) => {
      if (request.method === 'GET' && request.url?.startsWith('/api/v1/query?query=up&'))
        answering(vector('7'))(request, response);
      else answering('no', 405)(request, response);
    });
    expect(await client.queryScalar('up')).toBe(7);
  });

  it('passes Prometheus errors on, on one line', async () => {
    const client = await prometheus(answering({ status: 'error', errorType: 'timeout', error: 'too\nslow' }, 503));
    await expect(client.query('up')).rejects.toMatchObject({
      status: 503,
      errorType: 'timeout',
      message: expect.stringMatching(/: timeout: too slow$/),
    });
  });

  it.each([
    ['a proxy error page', answering('<html>', 502), /answered 502/],
    ['what is not JSON', answering('<html>'), /not a query result/],
    [
      'another shape',
      answering({ status: 'success', data: { resultType: 'vector', result: [{ metric: {} }] } }),
      /not a query result/,
    ],
    ['too much', answering(`"${'x'.repeat(1_100_000)}"`), /more than 1048576 bytes/],
  ])('refuses %s', async (_name, handler, message) => {
    const client = await prometheus(handler);
    await expect(client.query('up')).rejects.toThrow(message);
  });

  it('follows no redirect', async () => {
    const asked: string[] = [];
    const client = await prometheus((request, response) => {
      asked.push(request.url ?? '');
      if (request.url === '/elsewhere') answering(vector('1'))(request, response);
      else response.writeHead(307, { location: '/elsewhere' }).end();
    });
    await expect(client.query('up')).rejects.toThrow(/could not be asked/);
    expect(asked).toEqual(['/api/v1/query']);
  });

  it.each([
    ['no samples', vector(), /no samples/],
    ['two samples', vector('1', '2'), /2 samples/],
    ['NaN', vector('NaN'), /is NaN/],
    ['an empty value', vector(''), /is NaN/],
    ['infinity', vector('+Inf'), /is Infinity/],
    ['a warning', { ...vector('1'), warnings: ['a store is missing'] }, /may not be whole: a store is missing/],
  ])('a scalar refuses %s', async (_name, body, message) => {
    const client = await prometheus(answering(body));
    await expect(client.queryScalar('up')).rejects.toThrow(message);
  });

  it('gives up after its time-out, also in the middle of an answer', async () => {
    const silent = await prometheus(() => {}, 100);
    await expect(silent.query('up')).rejects.toThrow(/did not answer within 0.1 s/);
    const slow = await prometheus((_request, response) => void response.writeHead(200).write('{"status":'), 100);
    await expect(slow.query('up')).rejects.toThrow(/did not answer within 0.1 s/);
    await expect(slow.query('up', { timeout: 50 })).rejects.toThrow(/within 0.05 s/);
  });

  it('stops reading an endless answer', async () => {
    let ended = false;
    const client = await prometheus((_request, response) => {
      response.on('close', () => {
        ended = true;
      });
      const write = () => {
        while (!ended && response.write('x'.repeat(65_536)));
        if (!ended) response.once('drain', write);
      };
      write();
    });
    await expect(client.query('up')).rejects.toThrow(/more than/);
    await eventually(() => ended);
  });

  it('can be cancelled', async () => {
    const client = await prometheus(() => {});
    const controller = new AbortController();
    const asked = client.query('up', { signal: controller.signal });
    controller.abort();
    await expect(asked).rejects.toThrow(/was cancelled/);
  });

  it('wants an http URL, and does not repeat it', () => {
    const create = (url: string) => () => createPrometheusClient({ url, timeout: 1 });
    expect(create('ftp://canary@host')).toThrow(/^Prometheus: an http or https URL is needed$/);
    expect(create('canary')).toThrow(/^Prometheus: the URL cannot be read$/);
  });
});

describe('the Alertmanager client', () => {
  it.each([
    ['an error', answering({ code: 500 }, 500), /Alertmanager at .* answered 500/],
    ['another shape', answering({ silences: [] }), /not a list of silences/],
    ['a silence that it cannot read', answering([{ id: 'a', status: { state: 'active' } }]), /not a list of silences/],
  ])('refuses %s', async (_name, handler, message) => {
    const { url } = await listen(handler);
    await expect(createAlertmanagerClient({ url, timeout: 1_000 }).silences()).rejects.toThrow(message);
  });

  it('takes a matcher without isEqual for an equal one', async () => {
    const { url } = await listen(
      answering([
        {
          id: 'a',
          status: { state: 'active' },
          matchers: [{ name: 'host', value: 'b', isRegex: false }],
          startsAt: '2026-01-01T00:00:00.000Z',
          endsAt: '2026-01-02T00:00:00.000+01:00',
        },
      ]),
    );
    const [silence] = await createAlertmanagerClient({ url, timeout: 1_000 }).silences();
    expect(silence).toMatchObject({
      id: 'a',
      matchers: [{ is_equal: true }],
      starts_at: Date.UTC(2026, 0, 1),
      ends_at: Date.UTC(2026, 0, 1, 23),
    });
  });
});
