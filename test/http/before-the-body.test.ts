import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { eventually } from '../support/wait.ts';
import { raw, request, start, statusOf, TOKEN } from './harness.ts';

/** Nobody is cut for being slow here: what is answered is answered for another reason. */
const patient = () => start(() => ({ timeouts: { headers: 600_000, request: 600_000 }, max_body_bytes: 8_388_608 }));
const EIGHT_MEGABYTES = { 'Content-Type': 'application/json', 'Content-Length': '8388608', Connection: 'keep-alive' };
const UNKNOWN = [
  ['no token', {}],
  ['a wrong token', { Authorization: 'Bearer wrong' }],
  ['the token in another header', { 'X-Token': TOKEN }],
] as const;

describe('who sends is known before anything of the body is read (fault 24)', () => {
  test.each(UNKNOWN)('%s, 8 MB announced and none of it sent: 401 at once, and then the end', async (_who, headers) => {
    const { port, calls } = await patient();
    const head = request('POST /webhook HTTP/1.1', { ...EIGHT_MEGABYTES, ...headers });
    // Resolves when the server closes the connection: it does not wait for the rest.
    expect(statusOf(await raw(port, head))).toBe(401);
    expect(calls.webhooks).toEqual([]);
    expect(calls.received).toEqual([]);
  });

  test.each(UNKNOWN)('%s, and a body without end: the same', async (_who, headers) => {
    const { port, calls } = await patient();
    const { 'Content-Length': _none, ...chunked } = EIGHT_MEGABYTES;
    const head = request('POST /webhook HTTP/1.1', { ...chunked, ...headers, 'Transfer-Encoding': 'chunked' });
    expect(statusOf(await raw(port, `${head}4\r\n{"ve\r\n`))).toBe(401);
    expect(calls.webhooks).toEqual([]);
  });

  test.each(UNKNOWN)(
    '%s: a body that is no JSON, or too large, changes nothing about the answer',
    async (_who, more) => {
      const { port } = await patient();
      const large = { ...EIGHT_MEGABYTES, ...more, 'Content-Length': '99999999999' };
      const answers = [
        await raw(port, request('POST /webhook HTTP/1.1', more, 'no json')),
        await raw(port, request('POST /webhook HTTP/1.1', { ...more, 'Content-Encoding': 'gzip' }, 'x')),
        await raw(port, request('POST /webhook HTTP/1.1', large)),
      ];
      expect(answers.map(statusOf)).toEqual([401, 401, 401]);
    },
  );

  test('a token that is for reading: 403, just as early', async () => {
    const { port, calls } = await start(() => ({
      tokens: () => [{ name: 'dashboard', role: 'read' as const, value: 'of-another-role' }],
    }));
    const head = request('POST /webhook HTTP/1.1', { ...EIGHT_MEGABYTES, Authorization: 'Bearer of-another-role' });
    expect(statusOf(await raw(port, head))).toBe(403);
    expect(calls.webhooks).toEqual([]);
  });

  test('with the token the same head is answered when the body is there, and not before', async () => {
    const { port } = await patient();
    const authorized = { ...EIGHT_MEGABYTES, Authorization: `Bearer ${TOKEN}`, 'Content-Length': '2' };
    let answer = '';
    const socket = connect(port, '127.0.0.1').on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.write(request('POST /webhook HTTP/1.1', authorized));
    // One that was asked later is answered meanwhile.
    expect(statusOf(await raw(port, request('POST /webhook HTTP/1.1', {}, '{}')))).toBe(401);
    expect(answer).toBe('');
    socket.write('{}');
    await eventually(() => statusOf(answer) === 400);
    socket.destroy();
  });
});
