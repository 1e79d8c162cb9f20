import { connect, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { HttpOptions } from '../../src/http/ports.ts';
import { createHttpServer } from '../../src/http/server.ts';
import { alertmanagerBody } from '../alert/bodies.ts';
import { AUTHORIZED, raw, request, start, statusOf, TOKEN } from './harness.ts';

const BODY = JSON.stringify(alertmanagerBody());
const DELIVERY = { ...AUTHORIZED, 'Content-Type': 'application/json' };

/** Milliseconds until the server closes the connection, and what it said. */
function untilClosed(port: number, first: string): Promise<{ answer: string; after: number }> {
  const started = performance.now();
  return raw(port, first).then((answer) => ({ answer, after: performance.now() - started }));
}

describe('slow clients are cut', () => {
  const slow = () => start(() => ({ timeouts: { headers: 300, request: 600 } }));

  test.each<[string, string, number]>([
    ['a socket that says nothing', '', 0],
    ['headers that do not end', 'GET /-/healthy HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ', 408],
    ['a body that does not come', request('POST /webhook HTTP/1.1', { ...DELIVERY, 'Content-Length': '100' }), 408],
    [
      'a body that stops',
      `${request('POST /webhook HTTP/1.1', { ...DELIVERY, 'Content-Length': '100' })}{"version"`,
      408,
    ],
  ])('%s', async (_name, bytes, status) => {
    const { port, calls } = await slow();
    const { answer, after } = await untilClosed(port, bytes);
    if (status !== 0) expect(statusOf(answer)).toBe(status);
    expect(after).toBeLessThan(3000);
    expect(calls.received).toEqual([]);
    expect(calls.logged.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('and others are served meanwhile', async () => {
    const { port, get, post } = await slow();
    const idle: Socket[] = Array.from({ length: 200 }, () =>
      connect(port, '127.0.0.1')
        .on('error', () => {})
        .resume(),
    );
    expect((await get('/-/healthy')).status).toBe(200);
    expect((await post('/webhook', BODY)).status).toBe(200);
    await Promise.all(
      idle.map(
        (socket) => new Promise((resolve) => (socket.destroyed ? resolve(null) : socket.once('close', resolve))),
      ),
    );
  });
});

describe('odd clients get an answer (fault 68)', () => {
  test('HTTP/1.0', async () => {
    const { port } = await start();
    const head = `POST /webhook HTTP/1.0\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\n`;
    expect(statusOf(await raw(port, `${head}Content-Length: ${Buffer.byteLength(BODY)}\r\n\r\n${BODY}`))).toBe(200);
  });

  test('Expect: 100-continue', async () => {
    const { port } = await start();
    const answer = await raw(port, request('POST /webhook HTTP/1.1', { ...DELIVERY, Expect: '100-continue' }, BODY));
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
  });

  test('pipelining', async () => {
    const { port, calls } = await start();
    const first = request('POST /webhook HTTP/1.1', { ...DELIVERY, Connection: 'keep-alive' }, BODY);
    const answer = await raw(port, first + first + request('GET /-/healthy HTTP/1.1'));
    expect(answer.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
    expect(calls.received).toHaveLength(2);
  });

  test('a client that closes its half at once', async () => {
    const { port } = await start();
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      socket.on('data', (piece) => {
        text += piece.toString();
      });
      socket.on('end', () => resolve(text));
      socket.end(request('POST /webhook HTTP/1.1', DELIVERY, BODY));
    });
    expect(statusOf(answer)).toBe(200);
  });

  test('a client that leaves in the middle of its body', async () => {
    const { port, get, calls } = await start();
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve) =>
      socket.write(`${request('POST /webhook HTTP/1.1', { ...DELIVERY, 'Content-Length': '999' })}{`, () => resolve()),
    );
    socket.destroy();
    expect((await get('/-/healthy')).status).toBe(200);
    expect(calls.received).toEqual([]);
    expect(calls.logged.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test.each([
    '\u0016\u0003\u0001\u0002',
    'GET\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    'POST /webhook HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n',
    '\u0000'.repeat(100),
  ])('bytes that are no HTTP: %j', async (bytes) => {
    const { port, get } = await start();
    const answer = await raw(port, bytes);
    expect([400, 401]).toContain(statusOf(answer));
    expect(answer).toContain('"error"');
    expect((await get('/-/healthy')).status).toBe(200);
  });
});

describe('stopping', () => {
  test('new work is a 503, reading goes on', async () => {
    const { server, post, get, url, calls } = await start();
    server.refuseNewWork();
    for (const path of ['/webhook', '/api/v1/predictions', '/api/v1/predictions?mode=publish']) {
      const response = await post(path, BODY);
      expect([response.status, ((await response.json()) as { error: { code: string } }).error.code]).toEqual([
        503,
        'stopping',
      ]);
    }
    expect((await get('/api/v1/status')).status).toBe(200);
    expect((await fetch(`${url}/-/healthy`)).status).toBe(200);
    expect((await fetch(`${url}/-/ready`)).status).toBe(503);
    expect(calls.received).toEqual([]);
  });

  test('requests under way end, and then it is closed', async () => {
    let answerNow = () => {};
    const asked = new Promise<void>((resolve) => {
      answerNow = resolve;
    });
    let arrived = () => {};
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const { server, get, url } = await start(({ operations }) => ({
      operations: {
        ...operations,
        status: async () => {
          arrived();
          await asked;
          return { enabled: false };
        },
      },
    }));
    const answer = get('/api/v1/status');
    await arrival;
    const closed = server.close(10_000);
    await expect(fetch(`${url}/-/healthy`)).rejects.toThrow();
    answerNow();
    expect(await (await answer).json()).toEqual({ enabled: false });
    await closed;
    await server.close(0);
  });

  test('what does not end is cut', async () => {
    let arrived = () => {};
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const { server, get } = await start(({ operations }) => ({
      operations: {
        ...operations,
        status: () => {
          arrived();
          return new Promise<object>(() => {});
        },
      },
    }));
    const answer = get('/api/v1/status').catch(() => 'cut');
    await arrival;
    const started = performance.now();
    await server.close(50);
    expect(performance.now() - started).toBeLessThan(2000);
    expect(await answer).toBe('cut');
  });

  test('an address that is taken is said so', async () => {
    const { port } = await start();
    const other = createHttpServer({ host: '127.0.0.1', port, external_url: null, token: () => null } as HttpOptions);
    await expect(other.listen()).rejects.toThrow(`cannot listen on 127.0.0.1:${port}: `);
    await other.close(0);
  });
});
