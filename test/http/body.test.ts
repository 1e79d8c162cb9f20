import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { parseJson } from '../../src/http/body.ts';
import { alertmanagerBody } from '../alert/bodies.ts';
import { AUTHORIZED, raw, request, start, statusOf } from './harness.ts';

const BODY = JSON.stringify(alertmanagerBody());
const JSON_TYPE = { 'Content-Type': 'application/json' };

describe('the content type (fault 65)', () => {
  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON;charset="UTF-8"',
    'application/json ; charset=utf-8',
    'application/json;',
  ])('%s is taken', async (type) => {
    const { post } = await start();
    expect((await post('/webhook', BODY, { 'content-type': type })).status).toBe(200);
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=latin1',
    'application/json-patch+json',
    'multipart/form-data; boundary=x',
    'text/json',
    'application/json, text/plain',
    'application/json; x=y',
  ])('%s is a 415 that says what to send', async (type) => {
    const { post, calls } = await start();
    const response = await post('/webhook', BODY, { 'content-type': type });
    expect(response.status).toBe(415);
    expect(await response.text()).toContain('application/json');
    expect(calls.received).toEqual([]);
  });

  test('none is a 415', async () => {
    const { port } = await start();
    expect(statusOf(await raw(port, request('POST /webhook HTTP/1.1', AUTHORIZED, BODY)))).toBe(415);
  });

  test.each(['gzip', 'identity', 'br', ''])('the content encoding %j is a 415', async (encoding) => {
    const { port } = await start();
    const head = request('POST /webhook HTTP/1.1', { ...AUTHORIZED, ...JSON_TYPE, 'Content-Encoding': encoding }, BODY);
    expect(statusOf(await raw(port, head))).toBe(415);
  });

  test('compressed bytes without saying so are no UTF-8', async () => {
    const { post } = await start();
    expect(await (await post('/webhook', gzipSync(BODY))).text()).toContain('not valid UTF-8');
  });
});

describe('the size', () => {
  test('at the limit is taken, one byte more is not, and is not waited for', async () => {
    const { port, post, calls } = await start(() => ({ max_body_bytes: BODY.length }));
    expect((await post('/webhook', BODY)).status).toBe(200);
    expect((await post('/webhook', `${BODY} `)).status).toBe(413);
    const head = request('POST /webhook HTTP/1.1', {
      ...AUTHORIZED,
      ...JSON_TYPE,
      'Content-Length': String(BODY.length + 1),
    });
    expect(statusOf(await raw(port, head, (answer) => answer.includes('too_large')))).toBe(413);
    expect(calls.received).toHaveLength(1);
  });

  test('an unbounded chunked body is cut, and the answer arrives', async () => {
    const { port, get } = await start();
    const head = request('POST /webhook HTTP/1.1', { ...AUTHORIZED, ...JSON_TYPE, 'Transfer-Encoding': 'chunked' });
    const chunk = Buffer.from(`10000\r\n${' '.repeat(0x10000)}\r\n`);
    let sent = 0;
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connect(port, '127.0.0.1');
      socket.write(head);
      const pump = () => {
        while (socket.writable) {
          sent += chunk.length;
          if (!socket.write(chunk)) return void socket.once('drain', pump);
        }
      };
      pump();
      socket.on('data', (piece) => {
        text += piece.toString();
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(text));
    });
    expect(statusOf(answer)).toBe(413);
    expect(sent).toBeLessThan(500_000_000);
    expect((await get('/-/healthy')).status).toBe(200);
  });

  test('length and chunks together are a 400', async () => {
    const { port, calls } = await start();
    const headers = { ...AUTHORIZED, ...JSON_TYPE, 'Transfer-Encoding': 'chunked', 'Content-Length': '5' };
    expect(statusOf(await raw(port, request('POST /webhook HTTP/1.1', headers, `0\r\n\r\n`)))).toBe(400);
    expect(calls.received).toEqual([]);
  });

  test('chunks of a valid body are put together', async () => {
    const { port, calls } = await start();
    const head = request('POST /webhook HTTP/1.1', { ...AUTHORIZED, ...JSON_TYPE, 'Transfer-Encoding': 'chunked' });
    const chunks = Array.from(
      BODY.match(/.{1,100}/gs)!,
      (piece) => `${Buffer.byteLength(piece).toString(16)}\r\n${piece}\r\n`,
    );
    expect(statusOf(await raw(port, `${head}${chunks.join('')}0\r\n\r\n`))).toBe(200);
    expect(calls.received).toHaveLength(1);
  });
});

describe('what is no JSON document (fault 63)', () => {
  const problem = (bytes: Buffer | string) => {
    try {
      parseJson(Buffer.from(bytes as string));
    } catch (error) {
      return (error as Error).message;
    }
    return 'taken';
  };

  test.each<[Buffer | string, RegExp]>([
    ['', /^the body is empty$/],
    [' \n\t', /^the body is empty$/],
    ['\ufeff{}', /^the body begins with a byte order mark$/],
    [Buffer.from([0xff, 0xfe, 0x7b, 0]), /^the body is not valid UTF-8$/],
    [Buffer.from([0x22, 0xc3, 0x28, 0x22]), /^the body is not valid UTF-8$/],
    [Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), /^the body is not valid UTF-8$/],
    ['{"a":1}{"a":2}', /^there is more than one JSON document: text after its end at position 7$/],
    ['{"a":1}\n{"a":2}', /^there is more than one JSON document/],
    ['{"a":', /^the JSON is cut off/],
    ['{"a":"bc', /^the JSON is cut off/],
    ['{"a": 1 // why\n}', /^the body is not valid JSON at position 8$/],
    ["{'a': 1}", /^the body is not valid JSON at position 1$/],
    ['NaN', /^the body is not valid JSON/],
    ['a=1&password=hunter2', /^the body is not valid JSON$/],
  ])('%j', (bytes, expected) => {
    expect(problem(bytes)).toMatch(expected);
    expect(problem(bytes)).not.toContain('hunter2');
  });

  test('brackets count only outside of strings', () => {
    expect(problem(JSON.stringify('[{'.repeat(100)))).toBe('taken');
    expect(problem(JSON.stringify({ a: `\\"${'['.repeat(100)}`, b: ['\\'] }))).toBe('taken');
    expect(problem(`${'['.repeat(64)}${']'.repeat(64)}`)).toBe('taken');
    expect(problem(`${'['.repeat(65)}${']'.repeat(65)}`)).toMatch(/nested deeper than 64 levels/);
    expect(problem(`{"a\\\\":${'[{"b":'.repeat(40)}`)).toMatch(/nested deeper/);
  });

  test.each([
    ['arrays', '['.repeat(4_000_000)],
    ['objects', '{"a":'.repeat(1_000_000)],
    ['quotes', '\\"'.repeat(2_000_000)],
    ['backslashes in a string', `"${'\\'.repeat(4_000_000)}"`],
    ['quoted quotes', `"${'\\"'.repeat(2_000_000)}`],
  ])('a bomb of %s is refused at once', (_name, bomb) => {
    const bytes = Buffer.from(bomb);
    const started = performance.now();
    problem(bytes);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
