import { describe, expect, test } from 'vitest';
import type { OutlookItem, PagePort } from '../../../src/http/pages/ports.ts';
import { LedgerUnavailable } from '../../../src/ledger/ledger.ts';
import { DAY, HOUR, NOW, permittingMapping, permittingPrediction } from '../../support/decision.ts';
import { finishedExecution } from '../../support/execution.ts';
import { eventually } from '../../support/wait.ts';
import { AUTHORIZED, decisionFor, type Running, start, TOKEN } from '../harness.ts';

const withPages = (changes: Partial<PagePort>) => start((options) => ({ pages: { ...options.pages, ...changes } }));

/** As a browser sends a form of our own page. */
const submit = ({ url }: Running, path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(url + path, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { ...AUTHORIZED, origin: url, ...headers },
    redirect: 'manual',
  });

const item = (changes: Partial<OutlookItem> = {}): OutlookItem => ({
  prediction: permittingPrediction({ days_until_critical: 8, observed_at: NOW - DAY }),
  stale: false,
  asks: false,
  forecast: false,
  mapping: permittingMapping(),
  decision: decisionFor({ gates: [] }),
  ...changes,
});
const showing = (...items: OutlookItem[]) =>
  withPages({ outlook: async () => ({ total: items.length, stale: 0, items, none: [], sources: [] }) });

describe('the axis', () => {
  test('stands at now: window and crossing have aged with the prediction', async () => {
    const html = await (await (await showing(item())).get('/')).text();
    // 7 to 10 days and 8 of them, a day ago, on an axis of 12 days.
    expect(html).toContain('aria-label="critical in 7 days; the window is 7 to 10 days"');
    expect(html).toMatch(/class="window" x="500" width="250"/);
    expect(html).toMatch(/class="critical" x1="583" x2="583"/);
  });

  test('no crossing has no mark, one far away has an arrow, a past one stands at now', async () => {
    const at = async (days: number | null) => {
      const html = await (
        await (
          await showing(item({ prediction: permittingPrediction({ days_until_critical: days, observed_at: NOW }) }))
        ).get('/')
      ).text();
      return ['critical', 'beyond', 'window'].filter((name) => html.includes(`class="${name}"`));
    };
    expect(await at(null)).toEqual(['window']);
    expect(await at(300)).toEqual(['beyond', 'window']);
    expect(await at(0)).toEqual(['critical', 'window']);
  });

  test('a mapping without bounds has no window', async () => {
    const mapping = permittingMapping({ conditions: { min_days_until_critical: null, max_days_until_critical: null } });
    expect(await (await (await showing(item({ mapping }))).get('/')).text()).not.toContain('class="window"');
  });
});

describe('forms', () => {
  test('pause: a length that is left out is none, and the answer leads back', async () => {
    const running = await start();
    const answer = await submit(running, '/pause', { name: 'night', for: '', reason: ' ' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/']);
    await submit(running, '/pause', { name: 'night', for: '2h', reason: 'x' });
    expect(running.calls.pauses).toEqual([
      { name: 'night', reason: null },
      { name: 'night', reason: 'x', for: 7_200_000 },
    ]);
  });

  test.each([
    ['too long', { name: 'n'.repeat(65) }],
    ['an unknown field', { name: 'n', evil: '1' }],
    ['no duration', { name: 'n', for: 'soon' }],
    ['a control character', { name: 'a\u0007b' }],
  ])('pause with %s is a page that says so', async (_name, fields) => {
    const running = await start();
    const answer = await submit(running, '/pause', fields);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
    expect(await answer.text()).toContain('the form cannot be used');
    expect(running.calls.pauses).toEqual([]);
  });

  test('resume needs a name: no form lifts all by accident', async () => {
    const running = await start();
    expect((await submit(running, '/resume', {})).status).toBe(400);
    expect((await submit(running, '/resume', { all: 'true' })).status).toBe(400);
    expect(running.calls.resumed).toEqual([]);
    expect((await submit(running, '/resume', { name: 'night' })).status).toBe(303);
    expect(running.calls.resumed).toEqual(['night']);
  });

  test.each<[string, Record<string, string>]>([
    ['another site', { origin: 'https://evil.example' }],
    ['a sandboxed frame', { origin: 'null' }],
    ['another port', { 'sec-fetch-site': 'same-site' }],
  ])('from %s are refused', async (_name, headers) => {
    const running = await start();
    for (const path of ['/pause', '/resume', '/try', '/executions/e/approve', '/executions/e/reject']) {
      expect((await submit(running, path, { name: 'x' }, headers)).status).toBe(403);
    }
    expect([running.calls.pauses, running.calls.resumed, running.calls.decided]).toEqual([[], [], []]);
  });

  test('that are too large are not read', async () => {
    const running = await start();
    expect((await submit(running, '/pause', { name: 'n', reason: 'x'.repeat(20_000) })).status).toBe(413);
  });
});

test('a store that is not available is a page too', async () => {
  const running = await withPages({
    automation: () => Promise.reject(new LedgerUnavailable('the disk is full')),
  });
  const answer = await running.get('/');
  expect(answer.status).toBe(503);
  expect(await answer.text()).toContain('Store not available');
});

test('an execution shows its end, where it was reported, and what is still to be delivered', async () => {
  const execution = finishedExecution({ outcome: 'effective', days_after: 30.2 });
  const running = await start((options) => ({
    record: { ...options.record, execution: async (id) => (id === execution.id ? execution : null) },
    pages: {
      ...options.pages,
      reportsOf: async () => [
        { channel: 'context_log', result: 'delivered', attempts: 1, at: execution.finished_at! },
        { channel: 'discord', result: 'waiting', attempts: 3, at: null },
      ],
      outputTail: async (_id, phase) => (phase === 'run' ? { text: 'a < b\n', size: 99_000, cut: true } : null),
    },
  }));
  const html = await (await running.get('/executions/exe-1')).text();
  for (const text of [
    '58 s · 2.0 GiB freed · 22 d gained · effective',
    '8.2 days before, 30.2 days after',
    '<b>context log</b>: delivered, <time',
    'not delivered yet, 3 attempts',
    'a &lt; b',
    'the end of 96.7 KiB',
    'disk_usage &lt; 95%',
  ]) {
    expect(html).toContain(text);
  }
  expect((await running.get('/executions/none')).status).toBe(404);
  expect((await running.get('/decisions/none')).status).toBe(404);
  expect((await running.get('/predictions?from=-1')).status).toBe(400);
  expect((await running.get('/executions?state=nonsense')).status).toBe(400);
});

test.each([
  ['is verified later', { verify_at: NOW + 23 * HOUR }, /not known, verified <time [^>]*>in 23 h<\/time>/],
  ['is due', { verify_at: NOW }, /not known, being verified/],
  ['is not verified', {}, /<dd>not verified<\/dd>/],
  [
    'did not help',
    { outcome: 'ineffective', outcome_message: 'no < more', days_after: 7.9, verified_at: NOW },
    /ineffective: 8\.2 days before, 7\.9 days after; no &lt; more, <time/,
  ],
  ['helped for good', { outcome: 'effective', verified_at: NOW }, / no crossing any more · effective/],
  ['is a riddle', { outcome: 'unknown', outcome_message: 'stale', verified_at: NOW }, /<dd>unknown; stale, <time/],
] as const)('the page of an execution says that it %s', async (_what, changes, says) => {
  const execution = finishedExecution(changes);
  const running = await start((options) => ({ record: { ...options.record, execution: async () => execution } }));
  expect(await (await running.get('/executions/exe-1')).text()).toMatch(says);
});

test('who may only read is offered nothing to press', async () => {
  const waiting = finishedExecution({ state: 'awaiting_approval', run: null, finished_at: null });
  const { url } = await start((options) => ({
    tokens: () => [{ name: 'wall', role: 'read', value: 'token-of-the-wall' }],
    record: { ...options.record, execution: async () => waiting },
    pages: {
      ...options.pages,
      automation: async () => ({
        mode: 'paused',
        dry_run_mode: false,
        pauses: [{ name: 'night', reason: null, since: NOW, until: null }],
      }),
    },
  }));
  const posts = async (path: string, token: string) => {
    const answer = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
    return ((await answer.text()).match(/<form[^>]*method="post"/g) ?? []).length;
  };
  for (const [path, forms] of [
    ['/', 2],
    ['/executions/exe-1', 2],
  ] as const) {
    expect([path, await posts(path, TOKEN), await posts(path, 'token-of-the-wall')]).toEqual([path, forms, 0]);
  }
});

test('assets have a tag, and are not sent twice', async () => {
  const { get, url } = await start();
  for (const [name, type] of [
    ['style.css', 'text/css'],
    ['live.js', 'text/javascript'],
  ]) {
    const answer = await get(`/assets/${name}`);
    expect(answer.headers.get('content-type')).toContain(type);
    expect((await answer.text()).length).toBeGreaterThan(1_000);
    const etag = answer.headers.get('etag')!;
    const again = await fetch(`${url}/assets/${name}`, { headers: { ...AUTHORIZED, 'if-none-match': `W/${etag}` } });
    expect([again.status, await again.text()]).toEqual([304, '']);
  }
  expect((await get('/assets/..%2frouter.ts')).status).toBe(404);
});

describe('events', () => {
  /** What a stream has said so far. */
  async function listening({ url }: Running) {
    const abort = new AbortController();
    const answer = await fetch(`${url}/api/v1/events`, { headers: AUTHORIZED, signal: abort.signal });
    let text = '';
    let ended = false;
    const reading = (async () => {
      for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) text += chunk;
      ended = true;
    })().catch(() => {});
    const close = async () => {
      abort.abort();
      await reading;
    };
    return { answer, said: () => text, ended: () => ended, close };
  }

  test('tell the version at once, and each change of it', async () => {
    let version = 'one';
    const running = await withPages({ version: async () => version });
    const listener = await listening(running);
    await eventually(() => listener.said().includes('event: change\ndata: one\n\n'));
    expect(listener.answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
    version = 'two';
    await eventually(() => listener.said().includes('event: change\ndata: two\n\n'));
    await listener.close();
  });

  test('nothing is asked when nobody listens any more', async () => {
    let asked = 0;
    const running = await withPages({ version: async () => `v${asked++}` });
    const listener = await listening(running);
    await eventually(() => asked > 2);
    await listener.close();
    await eventually(async () => {
      const before = asked;
      await new Promise((resolve) => setTimeout(resolve, 700));
      return asked === before;
    });
  });

  test('at most fifty listen, and the place of one that left is free', async () => {
    const running = await start();
    const listeners = await Promise.all(Array.from({ length: 50 }, () => listening(running)));
    expect((await running.get('/api/v1/events')).status).toBe(503);
    await listeners[0]!.close();
    await eventually(async () => {
      const one = await listening(running);
      listeners.push(one);
      return one.answer.status === 200;
    });
    await Promise.all(listeners.map((listener) => listener.close()));
  });

  test('end when the service stops', async () => {
    const running = await start();
    const listener = await listening(running);
    running.server.refuseNewWork();
    await eventually(() => listener.ended());
    expect((await running.get('/api/v1/events')).status).toBe(503);
  });
});
