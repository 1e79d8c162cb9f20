import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openapiDocument } from '../../src/http/openapi.ts';
import { ANSWERS } from '../../src/http/openapi-components.ts';
import { LedgerUnavailable } from '../../src/ledger/ledger.ts';
import { type OpenapiDocument, operationsOf } from '../support/openapi.ts';
import { AUTHORIZED, errorOf, raw, request, start, statusOf, TOKEN } from './harness.ts';

const operations = [...operationsOf(openapiDocument({ version: '1.2.3', basePath: '' }) as OpenapiDocument).values()];

/** Fails where an answer that refuses is anything but a problem in JSON. */
function refusesInShape(answer: string, head: boolean): void {
  const end = answer.indexOf('\r\n\r\n');
  expect(end).toBeGreaterThan(0);
  const headers = answer.slice(0, end).toLowerCase();
  if (statusOf(answer) < 400) return;
  expect(headers).toContain('\r\ncontent-type: application/json\r\n');
  expect(headers).toContain('\r\nx-content-type-options: nosniff\r\n');
  const length = Number(/content-length: (\d+)/.exec(headers)?.[1]);
  if (head) return;
  const body = Buffer.from(answer.slice(end + 4), 'latin1').subarray(0, length);
  const { error } = ANSWERS.Conflict.parse(JSON.parse(body.toString()));
  expect(error.message).not.toBe('');
  expect(length).toBeLessThanOrEqual(300);
}

const step = fc.constantFrom(
  'x',
  '%2e%2e',
  '..',
  '%00',
  '%',
  '%ff',
  '<b>',
  'E1',
  '',
  '{id}',
  'ü',
  '?',
  '#',
  ';',
  ' ',
  '\\',
);
const path = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...operations.map((operation) => operation.path.replace('{id}', 'E1'))) },
  fc
    .record({ operation: fc.constantFrom(...operations), more: fc.array(step, { minLength: 1, maxLength: 3 }) })
    .map(({ operation, more }) => `${operation.path}/${more.join('/')}`),
  fc.array(step, { minLength: 1, maxLength: 4 }).map((steps) => `/api/${steps.join('/')}`),
  fc.constantFrom(
    '*',
    '//',
    'http://other/api/v1/x',
    '/openapi.json/',
    '/OPENAPI.json',
    '/favicon.ico',
    '/webhook/',
    '',
  ),
);
const query = fc.constantFrom(
  ...['', '', '?', '?limit=0', '?limit=9&limit=9', '?before=%00', '?state=x', '?phase=x', '?mode=x', '?mode=publish'],
  ...['?__proto__=x', '?%ff=1', '?=', '?limit=50', `?x=${'y'.repeat(500)}`],
);
const method = fc.constantFrom(
  'GET',
  'POST',
  'POST',
  'HEAD',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'TRACE',
  'get',
  'FOO',
);
const authorization = fc.constantFrom(
  `Bearer ${TOKEN}`,
  `Bearer ${TOKEN}`,
  `Bearer ${TOKEN}`,
  'Bearer x',
  'Basic %%%',
  '',
);
const type = fc.constantFrom(
  'application/json',
  'application/json',
  'text/html',
  'application/json; charset=latin1',
  '',
);
const body = fc.oneof(
  fc.constantFrom('', '{', 'null', '[]', '"x"', '{}', '<html>', '\u0000', '{"predictions":[]}', '[1', '{"for":"x"}'),
  fc.json({ maxDepth: 3 }),
  fc.string({ unit: 'binary', maxLength: 50 }),
);
const extra = fc.constantFrom<Record<string, string>>(
  {},
  {},
  { Origin: 'https://elsewhere.example' },
  { 'Content-Encoding': 'gzip' },
  { Accept: 'text/html' },
  { 'If-None-Match': '*' },
  { 'Content-Length': 'x' },
  { 'Transfer-Encoding': 'x' },
  { 'X-Odd': '\u0001' },
  { 'X-Long': 'y'.repeat(20_000) },
  { Host: '' },
  { Expect: 'the unexpected' },
);

test('property: whatever is asked, a refusal is a problem in JSON', async () => {
  const { port } = await start();
  const seen = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.record({ method, path, query, authorization, type, body, extra }),
      async ({ method: verb, path: where, query: asked, authorization: who, type: kind, body: sent, extra: more }) => {
        const headers = {
          ...(who === '' ? {} : { Authorization: who }),
          ...(kind === '' ? {} : { 'Content-Type': kind }),
        };
        const bytes = Buffer.from(request(`${verb} ${where}${asked} HTTP/1.1`, { ...headers, ...more }, sent));
        const answer = await raw(port, bytes, (text) => statusOf(text) === 200);
        seen.set(statusOf(answer), (seen.get(statusOf(answer)) ?? 0) + 1);
        refusesInShape(answer, verb === 'HEAD');
      },
    ),
    { numRuns: 1500 },
  );
  // Without these the property says nothing.
  expect([...seen.keys()]).toEqual(expect.arrayContaining([200, 400, 401, 403, 404, 405, 415]));
});

test('property: bytes that are no request at all', async () => {
  const { port } = await start();
  const line = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom('GET', 'GET / HTTP/9.9', 'GET /api/v1/status', ' ', '\u0016\u0003\u0001', 'PRI * HTTP/2.0')
      .map((text) => Buffer.from(text)),
  );
  await fc.assert(
    fc.asyncProperty(line, async (bytes) => {
      const answer = await raw(port, Buffer.concat([bytes, Buffer.from('\r\nHost: x\r\n\r\n')]));
      refusesInShape(answer, false);
    }),
    { numRuns: 200 },
  );
});

test('a fault of any port is a problem in JSON on every route', async () => {
  const fails = <T extends object>(port: T, error: Error): T =>
    Object.fromEntries(Object.keys(port).map((name) => [name, () => Promise.reject(error)])) as T;
  for (const [error, status, code] of [
    [new LedgerUnavailable('locked'), 503, 'store_unavailable'],
    [new Error('<html> /secret/path'), 500, 'internal'],
  ] as const) {
    const { url } = await start(({ record, approvals, operations: ops, predictions }) => ({
      record: fails(record, error),
      approvals: fails(approvals, error),
      operations: fails(ops, error),
      predictions: {
        ...fails(predictions, error),
        readPredictions: () => {
          throw error;
        },
      },
    }));
    const exempt = ['receiveAlerts', 'getOpenapi', 'getHealth', 'listenToEvents'];
    for (const { operationId, method: verb, path: where } of operations) {
      if (exempt.includes(operationId)) continue;
      const response = await fetch(url + where.replace('{id}', 'E1'), {
        method: verb,
        headers: { ...AUTHORIZED, 'content-type': 'application/json' },
        ...(verb === 'POST' ? { body: '{}' } : {}),
      });
      const text = await response.clone().text();
      expect([operationId, response.status]).toEqual([operationId, status]);
      expect(response.headers.get('content-type')).toBe('application/json');
      expect((await errorOf(response)).code).toBe(code);
      expect(text).not.toContain('secret');
    }
  }
});
