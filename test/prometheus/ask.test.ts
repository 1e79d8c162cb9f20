import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { createAlertmanagerState } from '../../src/prometheus/alertmanager-state.ts';
import { ask, bodyAs } from '../../src/prometheus/ask.ts';
import { createJsonClient } from '../../src/prometheus/http.ts';
import { samplesOf, sumOf } from '../../src/prometheus/samples.ts';
import { bodyOf, freePort, listen } from '../support/http.ts';

describe('what went wrong, in words', () => {
  const asked = (url: string, timeout = 5_000) =>
    ask(
      createJsonClient({ server: 'Prometheus', url, maxBytes: 1_000 }),
      { method: 'GET', path: 'api', timeout },
      bodyAs(z.object({ a: z.number() })),
    );
  const answering = async (status: number, text: string) =>
    (await listen((_request, response) => void response.writeHead(status).end(text))).url;

  it('an answer is its value', async () => {
    expect(await asked(await answering(200, '{"a":1}'))).toEqual({ ok: true, value: { a: 1 } });
  });

  it.each([
    [200, '{"a":"1"}', 'unreadable', /another form than expected: a: is this its URL/],
    [200, '<html>', 'unreadable', /no JSON/],
    [200, 'x'.repeat(2_000), 'unreachable', /more than 1000 bytes/],
    [401, '', 'unauthorized', /answered 401: it wants credentials/],
    [403, '', 'unauthorized', /answered 403/],
    [302, '', 'unreachable', /unexpected redirect/],
    [404, '', 'refused', /answered 404 to GET \/api/],
    [500, '{"a":1}', 'refused', /answered 500/],
  ])('%d %j is %s', async (status, text, kind, says) => {
    const url = (await answering(status, text)).replace('http://', 'http://anna:password@');
    const answer = await asked(url);
    expect(answer).toMatchObject({ ok: false, trouble: { kind, message: expect.stringMatching(says) } });
    expect(JSON.stringify(answer)).not.toContain('password');
  });

  it('silence and nobody are two things', async () => {
    const silent = await listen(() => {});
    expect(await asked(silent.url, 100)).toMatchObject({ trouble: { kind: 'timeout', message: /within 0\.1 s/ } });
    const half = await listen((_request, response) => void response.write('{'));
    expect(await asked(half.url, 100)).toMatchObject({ trouble: { kind: 'timeout' } });
    expect(await asked(`http://127.0.0.1:${await freePort()}`)).toMatchObject({
      trouble: { kind: 'unreachable', message: /ECONNREFUSED/ },
    });
  });
});

describe('samples of a family', () => {
  const text = `# HELP a_total help of a_total
a_total{x="1",y="}"} 3
a_total{x="2",y="\\"\\\\\\n"} 4.5e+00
a_total_more{x="1"} 7
b 1.7e9 1700000000000
c{} NaN
`;
  it('are read with their labels, and no others', () => {
    expect(samplesOf(text, 'a_total')).toEqual([
      { labels: { x: '1', y: '}' }, value: 3 },
      { labels: { x: '2', y: '"\\\n' }, value: 4.5 },
    ]);
    expect(samplesOf(text, 'b')).toEqual([{ labels: {}, value: 1.7e9 }]);
    expect(samplesOf(text, 'c')).toEqual([{ labels: {}, value: Number.NaN }]);
    expect(samplesOf(text, 'a')).toEqual([]);
  });
  it('are added up', () => {
    expect(sumOf(samplesOf(text, 'a_total'))).toBe(7.5);
    expect(sumOf(samplesOf(text, 'a_total'), { x: '2' })).toBe(4.5);
    expect(sumOf([], {})).toBe(0);
  });
});

describe('an Alertmanager', () => {
  it('is asked for its clock, and handed alerts as JSON', async () => {
    const posted: unknown[] = [];
    const { url } = await listen(async (request, response) => {
      if (request.method === 'POST') posted.push(request.headers['content-type'], JSON.parse(await bodyOf(request)));
      response.writeHead(200, { date: 'Sun, 22 Nov 2026 12:00:00 GMT' });
      response.end(JSON.stringify({ versionInfo: { version: '0.28.0' }, config: { original: 'route: {}' } }));
    });
    const state = createAlertmanagerState({ url, timeout: 5_000 });
    expect(state.url).toBe(url);
    expect(await state.status()).toEqual({
      ok: true,
      value: { version: '0.28.0', config: 'route: {}', date: Date.UTC(2026, 10, 22, 12) },
    });
    expect(await state.post([{ labels: { a: 'b' } }])).toEqual({ ok: true, value: true });
    expect(posted).toEqual(['application/json', [{ labels: { a: 'b' } }]]);
  });
});
