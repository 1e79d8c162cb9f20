import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LedgerUnavailable } from '../../src/ledger/ledger.ts';
import { alertEntry, alertmanagerBody, grafanaBody, payloadBytes, payloadNames, without } from '../alert/bodies.ts';
import { mutatedBody } from '../alert/mutations.ts';
import { AUTHORIZED, raw, request, start, statusOf } from './harness.ts';

/** The bodies on file that are refused, with a piece of the answer; all others are a 200. */
const REFUSED: Readonly<Record<string, string>> = {
  'bad-alerts-null': '"path":"alerts"',
  'bad-cut-off-json': 'the JSON is cut off',
  'bad-empty-body': 'the body is empty',
  'bad-invalid-utf8': 'the body is not valid UTF-8',
  'bad-labels-null': '"path":"alerts[0].labels"',
  'bad-proto-pollution': '"path":"alerts[0].labels.__proto__"',
  'bad-root-array': "Alertmanager's API",
  'bad-root-string': 'expected an object',
  'bad-startsat-garbage': '"path":"alerts[0].startsAt"',
  'bad-status-unknown': '"path":"alerts[0].status"',
  'bad-two-documents': 'more than one JSON document',
  'bad-version-number': '"path":"version"',
};

describe('the bodies on file', () => {
  test.each(payloadNames())('%s', async (name) => {
    const { post, calls } = await start();
    const response = await post('/webhook', payloadBytes(name));
    const answer = await response.text();
    const expected = REFUSED[name];
    if (expected === undefined) {
      expect(response.status).toBe(200);
      expect(calls.received).toHaveLength(1);
      return;
    }
    expect(response.status).toBe(400);
    expect(answer).toContain(expected);
    expect(Buffer.byteLength(answer)).toBeLessThanOrEqual(300);
    expect(calls.received).toEqual([]);
    expect(calls.webhooks).toEqual([]);
  });
});

test('answers with one decision an alert, in their order', async () => {
  const { post, calls } = await start();
  const bad = alertEntry({ labels: { alertname: 'Bad', resource: 7 }, fingerprint: 'bad1' });
  const resolved = alertEntry({ status: 'resolved', fingerprint: 'res1' });
  const response = await post('/webhook', alertmanagerBody([alertEntry(), bad, resolved]));
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/json');
  const answer = (await response.json()) as { received: number; decisions: Record<string, unknown>[] };
  expect(answer.received).toBe(3);
  expect(answer).not.toHaveProperty('truncated');
  expect(
    answer.decisions.map(({ id, alertname, fingerprint, reason }) => ({ id, alertname, fingerprint, reason })),
  ).toEqual([
    { id: 'D0', alertname: 'DiskPredictedFull', fingerprint: '24c8e1a665d15cb5', reason: 'no_prediction' },
    { id: 'D1', alertname: 'Bad', fingerprint: 'bad1', reason: 'unreadable' },
    { id: 'D2', alertname: 'DiskPredictedFull', fingerprint: 'res1', reason: 'no_prediction' },
  ]);
  expect(answer.decisions[0]).toMatchObject({
    decided_at: '2026-06-16T09:30:00.000Z',
    trigger: 'webhook',
    target: { prediction_type: 'disk_exhaustion', resource: '/srv', host: 'nas' },
    prediction: null,
    verdict: 'rejected',
    gates: [{ gate: 'unreadable', outcome: 'pass', message: 'readable' }],
    execution_id: null,
    next_attempt_at: null,
    repeats: 0,
    last_at: '2026-06-16T09:30:00.000Z',
  });
  expect(calls.webhooks).toEqual([
    {
      receiver_kind: 'alertmanager',
      alerts: [{ status: 'firing' }, { status: 'unreadable' }, { status: 'resolved' }],
      truncated: 0,
    },
  ]);
});

test('alerts that the sender cut off are counted, logged and shown', async () => {
  const { post, calls } = await start();
  const response = await post('/webhook', grafanaBody([alertEntry()], { truncatedAlerts: 12 }));
  expect(await response.json()).toMatchObject({ received: 1, truncated: 12 });
  expect(calls.webhooks).toMatchObject([{ receiver_kind: 'grafana', truncated: 12 }]);
  expect(calls.logged).toMatchObject([{ level: 'warn', fields: { truncated: 12 } }]);
});

test('2,000 alerts in one body are taken within a second', async () => {
  const { post } = await start(() => ({ max_body_bytes: 8_388_608 }));
  const alerts = Array.from({ length: 2000 }, (_, at) => alertEntry({ fingerprint: `f${at}` }));
  const started = performance.now();
  const response = await post('/webhook', alertmanagerBody(alerts));
  expect(((await response.json()) as { received: number }).received).toBe(2000);
  expect(performance.now() - started).toBeLessThan(1000);
});

test('more than 10,000 alerts are too many', async () => {
  const { post, calls } = await start(() => ({ max_body_bytes: 8_388_608 }));
  const response = await post('/webhook', alertmanagerBody(Array.from({ length: 10_001 }, () => ({}))));
  expect(response.status).toBe(413);
  expect(await response.text()).toContain('10001 alerts are more than the 10000');
  expect(calls.received).toEqual([]);
  expect(calls.logged).toMatchObject([{ level: 'warn' }]);
});

describe('what goes wrong behind it', () => {
  test('a store that is not available is a 503, and the next delivery is taken', async () => {
    let down = true;
    const { post, get, calls } = await start(({ decisions }) => ({
      decisions: {
        ...decisions,
        receive: (notification) =>
          down ? Promise.reject(new LedgerUnavailable('the disk is full')) : decisions.receive(notification),
      },
    }));
    const response = await post('/webhook', alertmanagerBody());
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBeNull();
    expect(await response.json()).toMatchObject({ error: { code: 'store_unavailable' } });
    expect(calls.logged).toMatchObject([{ level: 'error' }]);
    expect((await get('/-/healthy')).status).toBe(200);
    down = false;
    expect((await post('/webhook', alertmanagerBody())).status).toBe(200);
  });

  test('an exception is a 500 with an id that the log has, and says nothing else', async () => {
    const { post, calls } = await start(({ decisions }) => ({
      decisions: { ...decisions, receive: () => Promise.reject(new TypeError('secret of the inside')) },
    }));
    const response = await post('/webhook', alertmanagerBody());
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(text).not.toContain('secret');
    const logged = calls.logged[0]!;
    expect(logged.level).toBe('error');
    expect(text).toContain((logged.fields as { request_id: string }).request_id);
    expect((await post('/webhook', alertmanagerBody())).status).toBe(500);
  });

  test('counters that throw are a 500 too, and the process lives', async () => {
    const { post } = await start(() => ({
      onWebhook: () => {
        throw new Error('counter');
      },
    }));
    expect((await post('/webhook', alertmanagerBody())).status).toBe(500);
    expect((await post('/webhook', alertmanagerBody())).status).toBe(500);
  });
});

test('hints reach the sender (fault 64)', async () => {
  const { post } = await start();
  const answerTo = async (body: unknown) => (await post('/webhook', body)).text();
  expect(await answerTo({ evalMatches: [], state: 'alerting', ruleId: 1 })).toContain('legacy Grafana');
  expect(await answerTo({ text: 'x' })).toContain('Slack');
  expect(await answerTo(alertmanagerBody([], { version: '3' }))).toContain('Alertmanager 0.6 or newer');
  expect(await answerTo(alertmanagerBody([without(alertEntry(), 'status')]))).toContain('"path":"alerts[0].status"');
});

test('property: no body is a 5xx, and no refusal is longer than 300 bytes', async () => {
  const { url } = await start();
  const body = fc.oneof(
    mutatedBody().map((value) => JSON.stringify(value)),
    fc.json(),
    fc.string(),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => new Uint8Array(bytes)),
  );
  await fc.assert(
    fc.asyncProperty(body, async (sent) => {
      const headers = { 'content-type': 'application/json', ...AUTHORIZED };
      const response = await fetch(`${url}/webhook`, { method: 'POST', headers, body: sent });
      const text = await response.text();
      expect([200, 400, 413]).toContain(response.status);
      if (response.status !== 200) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(300);
      expect(() => JSON.parse(text)).not.toThrow();
    }),
    { numRuns: 400 },
  );
});

test('only a POST delivers', async () => {
  const { port, calls } = await start();
  for (const method of ['GET', 'PUT', 'HEAD', 'DELETE', 'OPTIONS']) {
    const answer = await raw(
      port,
      request(`${method} /webhook HTTP/1.1`, { ...AUTHORIZED, 'Content-Type': 'application/json' }),
    );
    expect(statusOf(answer)).toBe(405);
    expect(answer).toContain('allow: POST');
  }
  expect(calls.received).toEqual([]);
});
