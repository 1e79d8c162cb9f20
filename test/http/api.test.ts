import { describe, expect, test } from 'vitest';
import type { Execution } from '../../src/execution/execution.ts';
import type { ExecutionFilter } from '../../src/ledger/ledger.ts';
import { LedgerUnavailable } from '../../src/ledger/ledger.ts';
import { NOW, permittingPrediction } from '../support/decision.ts';
import { someForecast } from '../support/forecasted.ts';
import { AUTHORIZED, decisionFor, type ErrorBody, errorOf, start } from './harness.ts';

const PREDICTION_ON_WIRE = {
  prediction_type: 'disk_exhaustion',
  resource: '/srv',
  host: 'nas',
  days_until_critical: 8.2,
  confidence: 0.87,
  observed_at: '2026-06-16T08:30:00.000Z',
  source: 'file:/srv/predictions.json',
  labels: {},
};

const FORECAST = someForecast();
const FORECAST_ON_WIRE = {
  p_within_1d: FORECAST.p_within_1d,
  p_within_3d: FORECAST.p_within_3d,
  p_within_7d: FORECAST.p_within_7d,
  p_within_14d: FORECAST.p_within_14d,
  reasons: FORECAST.reasons,
  critical: 0.9,
  made_at: new Date(NOW).toISOString(),
};

function execution(changes: Partial<Execution> = {}): Execution {
  return {
    id: 'E1',
    state: 'succeeded',
    playbook: 'disk-cleanup',
    mapping: 'disk',
    prediction: permittingPrediction(),
    decision_id: 'D1',
    trigger: 'webhook',
    mode: 'live',
    claimed_at: NOW,
    started_at: NOW + 1000,
    finished_at: null,
    safety_checks: [{ check: 'disk_usage < 95%', value: 91, passed: true, message: '91 < 95' }],
    dry_run: { exit_code: 0, duration_seconds: 1, result: null, used_bytes: null, error: null },
    run: null,
    verify_at: null,
    verified_at: null,
    outcome: null,
    outcome_message: null,
    days_before: null,
    days_after: null,
    answered: null,
    message: 'running',
    ...changes,
  };
}

describe('predictions by hand', () => {
  const readable = (count: number, problems: { path: string; message: string }[] = []) =>
    start(({ predictions }) => ({
      predictions: {
        ...predictions,
        readPredictions: () => ({
          predictions: Array.from({ length: count }, () => permittingPrediction({ source: 'api' })),
          problems,
        }),
      },
    }));

  test.each([
    ['', 'live'],
    ['?mode=live', 'live'],
    ['?mode=dry-run', 'dry-run'],
    ['?mode=explain', 'explain'],
  ])('%s decides as %s', async (query, mode) => {
    const { post, calls } = await readable(2, [{ path: 'predictions[1].confidence', message: 'expected 0 to 1' }]);
    const response = await post(`/api/v1/predictions${query}`, {});
    expect(response.status).toBe(200);
    const answer = (await response.json()) as { decisions: object[] };
    expect(answer).toMatchObject({
      received: 3,
      problems: [{ path: 'predictions[1].confidence', message: 'expected 0 to 1' }],
    });
    expect(answer.decisions).toHaveLength(2);
    expect(answer.decisions[0]).toMatchObject({ trigger: 'api', prediction: { ...PREDICTION_ON_WIRE, source: 'api' } });
    expect(answer.decisions[0]).not.toHaveProperty('alertname');
    expect(answer.decisions[0]).not.toHaveProperty('fingerprint');
    expect(calls.decided).toEqual([{ count: 2, mode }]);
    expect(calls.published).toEqual([]);
  });

  test('mode=publish only exports', async () => {
    const { post, calls } = await readable(2);
    const response = await post('/api/v1/predictions?mode=publish', {});
    expect(await response.json()).toEqual({ received: 2, decisions: [], problems: [] });
    expect([calls.published, calls.decided]).toEqual([[2], []]);
  });

  test.each([
    '?mode=dryrun',
    '?mode=',
    '?dry_run=1',
    '?mode=live&mode=explain',
    '?Mode=explain',
    '?mode=explain&__proto__=1',
  ])('%s is a 400, and nothing is decided', async (query) => {
    const { post, calls } = await readable(1);
    const response = await post(`/api/v1/predictions${query}`, {});
    expect(response.status).toBe(400);
    expect((await errorOf(response)).issues.length).toBeGreaterThan(0);
    expect([calls.published, calls.decided]).toEqual([[], []]);
  });

  test('none usable is a 400 with the problems', async () => {
    const { post } = await readable(0, [{ path: 'confidence', message: 'expected a number from 0 to 1' }]);
    const response = await post('/api/v1/predictions', {});
    expect(response.status).toBe(400);
    expect((await errorOf(response)).issues).toEqual([
      { path: 'confidence', message: 'expected a number from 0 to 1' },
    ]);
  });

  test('problems that do not fit are left out, from the end', async () => {
    const problems = Array.from({ length: 500 }, (_, at) => ({
      path: `predictions[${at}].confidence`,
      message: 'expected "0" to 1 ☃',
    }));
    const { post } = await readable(0, problems);
    const response = await post('/api/v1/predictions', {});
    const text = await response.text();
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(300);
    expect((JSON.parse(text) as ErrorBody).error.issues[0]?.path).toBe('predictions[0].confidence');
  });

  test('a problem of any length and script fits, and stays JSON', async () => {
    for (const letter of ['x', '☃', '🔥', '"', '\u0000', '\ud800']) {
      const { post } = await readable(0, [{ path: letter.repeat(5000), message: letter.repeat(5000) }]);
      const text = await (await post('/api/v1/predictions', {})).text();
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(300);
      expect((JSON.parse(text) as ErrorBody).error.code).toBe('bad_request');
      if (letter.isWellFormed()) expect(text).not.toContain('\ufffd');
    }
  });

  test('more than 10,000 are too many', async () => {
    const { post, calls } = await readable(10_001);
    expect((await post('/api/v1/predictions', {})).status).toBe(413);
    expect(calls.decided).toEqual([]);
  });

  test('those known now, with age, staleness and mapping', async () => {
    const { get } = await start(({ predictions }) => ({
      predictions: {
        ...predictions,
        currentPredictions: async () => [
          { prediction: permittingPrediction(), age_seconds: 3600, stale: false, mapping: 'disk', forecast: FORECAST },
          {
            prediction: permittingPrediction({ host: null, days_until_critical: null }),
            age_seconds: 1,
            stale: true,
            mapping: null,
            forecast: null,
          },
        ],
      },
    }));
    const { host: _host, ...withoutHost } = PREDICTION_ON_WIRE;
    expect(await (await get('/api/v1/predictions')).json()).toEqual({
      items: [
        { ...PREDICTION_ON_WIRE, age_seconds: 3600, stale: false, mapping: 'disk', forecast: FORECAST_ON_WIRE },
        { ...withoutHost, days_until_critical: null, age_seconds: 1, stale: true, mapping: null },
      ],
      next: null,
    });
  });
});

describe('the ledger', () => {
  async function asked() {
    const filters: ExecutionFilter[] = [];
    const running = await start(({ record }) => ({
      record: {
        ...record,
        executions: async (filter) => {
          filters.push(filter);
          return { items: [execution()], next: 'cursor-2' };
        },
        decisions: async (filter) => {
          filters.push(filter);
          return { items: [decisionFor({ next_attempt_at: NOW })], next: null };
        },
        execution: async (id) => (id === 'E1' ? execution() : null),
      },
    }));
    return { ...running, filters };
  }

  test('executions are filtered, and times are ISO 8601', async () => {
    const { get, filters } = await asked();
    const response = await get('/api/v1/executions?playbook=disk-cleanup&state=succeeded&limit=500&before=abc');
    expect(filters).toEqual([{ playbook: 'disk-cleanup', state: 'succeeded', limit: 500, before: 'abc' }]);
    expect(await response.json()).toEqual({
      items: [
        {
          ...execution(),
          prediction: PREDICTION_ON_WIRE,
          claimed_at: '2026-06-16T09:30:00.000Z',
          started_at: '2026-06-16T09:30:01.000Z',
          finished_at: null,
        },
      ],
      next: 'cursor-2',
    });
  });

  test('50 where nothing is said', async () => {
    const { get, filters } = await asked();
    await get('/api/v1/executions');
    await get('/api/v1/decisions');
    expect(filters).toEqual([{ limit: 50 }, { limit: 50 }]);
  });

  test('decisions, with the time of the next attempt', async () => {
    const { get } = await asked();
    expect(await (await get('/api/v1/decisions?limit=1')).json()).toMatchObject({
      items: [{ id: 'D1', next_attempt_at: '2026-06-16T09:30:00.000Z' }],
      next: null,
    });
  });

  test.each([
    'executions?limit=0',
    'executions?limit=501',
    'executions?limit=-1',
    'executions?limit=1.5',
    'executions?limit=',
    'executions?limit=1e2',
    'executions?limit=%2050',
    'executions?limit=0x10',
    'executions?limit=50&limit=51',
    'executions?state=done',
    'executions?state=',
    'executions?playbook=',
    'executions?before=',
    'executions?before=a%20b',
    'executions?before=%00',
    'executions?page=2',
    'executions?__proto__=x',
    'decisions?limit=abc',
    'decisions?state=running',
    'decisions?playbook=x',
  ])('%s is a 400 that names the parameter', async (query) => {
    const { get, filters } = await asked();
    const response = await get(`/api/v1/${query}`);
    expect(response.status).toBe(400);
    const { issues } = await errorOf(response);
    expect(issues.length).toBeGreaterThan(0);
    expect(filters).toEqual([]);
  });

  test('one execution, or a 404', async () => {
    const { get } = await asked();
    expect(await (await get('/api/v1/executions/E1')).json()).toMatchObject({ id: 'E1', state: 'succeeded' });
    for (const id of ['E2', 'E1%2f..', '%00', 'x'.repeat(200), 'E1%20', '..%2f..%2fetc%2fpasswd']) {
      expect((await get(`/api/v1/executions/${id}`)).status).toBe(404);
    }
  });

  test('a store that is not available is a 503', async () => {
    const { get } = await start(({ record }) => ({
      record: { ...record, executions: () => Promise.reject(new LedgerUnavailable('locked')) },
    }));
    expect((await get('/api/v1/executions')).status).toBe(503);
  });
});

describe('captured output', () => {
  async function withOutput(output: AsyncIterable<Uint8Array> | string | null) {
    const asked: string[][] = [];
    const running = await start(({ record }) => ({
      record: {
        ...record,
        output: async (id, phase) => {
          asked.push([id, phase]);
          return output;
        },
      },
    }));
    return { ...running, asked };
  }

  test('is plain text, of the run where nothing is said', async () => {
    const { get, asked } = await withOutput('freed <b>1</b> GiB\n');
    const response = await get('/api/v1/executions/E1/output');
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await response.text()).toBe('freed <b>1</b> GiB\n');
    await get('/api/v1/executions/E1/output?phase=dry_run');
    expect(asked).toEqual([
      ['E1', 'run'],
      ['E1', 'dry_run'],
    ]);
  });

  test('comes in pieces', async () => {
    async function* pieces() {
      for (let at = 0; at < 100; at++) yield Buffer.from(`line ${at}\n`.repeat(1000));
    }
    const { get } = await withOutput(pieces());
    const text = await (await get('/api/v1/executions/E1/output')).text();
    expect(text.length).toBe(
      Array.from({ length: 100 }, (_, at) => `line ${at}\n`.length * 1000).reduce((sum, each) => sum + each),
    );
  });

  test('that breaks off says so, and the log says why', async () => {
    async function* pieces() {
      yield Buffer.from('begin\n');
      throw new Error('EIO');
    }
    const { get, calls } = await withOutput(pieces());
    expect(await (await get('/api/v1/executions/E1/output')).text()).toBe(
      'begin\n\n[the rest of the output cannot be read]\n',
    );
    expect(calls.logged).toMatchObject([{ level: 'warn', fields: { execution_id: 'E1' } }]);
  });

  test('is let go of when the client leaves, and when only the head is asked for', async () => {
    let closed = 0;
    async function* endless() {
      try {
        for (;;) {
          yield Buffer.alloc(65_536, 'x');
          await new Promise(setImmediate);
        }
      } finally {
        closed += 1;
      }
    }
    const { url, asked } = await withOutput(endless());
    const leaving = new AbortController();
    const response = await fetch(`${url}/api/v1/executions/E1/output`, { headers: AUTHORIZED, signal: leaving.signal });
    await response.body?.getReader().read();
    leaving.abort();
    await expect.poll(() => closed).toBe(1);
    const head = await fetch(`${url}/api/v1/executions/E1/output`, { method: 'HEAD', headers: AUTHORIZED });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(asked).toHaveLength(2);
  });

  test('none is a 404, another phase a 400', async () => {
    const { get } = await withOutput(null);
    expect((await get('/api/v1/executions/E1/output')).status).toBe(404);
    expect((await get('/api/v1/executions/E1/output?phase=check')).status).toBe(400);
    expect((await get('/api/v1/executions/..%2fE1/output')).status).toBe(404);
  });
});
