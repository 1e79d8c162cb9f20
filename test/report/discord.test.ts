import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { ReportSubject } from '../../src/execution/report.ts';
import { createDiscord } from '../../src/report/discord.ts';
import { NOW } from '../support/decision.ts';
import { finishedExecution } from '../support/execution.ts';
import { bodyOf, freePort, type Listening, listen } from '../support/http.ts';
import { recordingLog } from './recording-log.ts';

interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: { readonly embeds: readonly { readonly description: string; readonly fields: readonly unknown[] }[] };
}

const SECRET = 'tokentokentoken-secret';
const subject: ReportSubject = { kind: 'execution', execution: finishedExecution() };

let server: Listening | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

/** A server in Discord's place: request N gets answer N, the last one from then on. */
async function discordThat(...answers: readonly ((response: ServerResponse) => void)[]) {
  const received: Received[] = [];
  server = await listen(async (request, response) => {
    const { method = '', url = '', headers } = request;
    received.push({ method, url, headers, body: JSON.parse(await bodyOf(request)) });
    answers[Math.min(received.length, answers.length) - 1]!(response);
  });
  const clock = { now: NOW };
  const { log, lines } = recordingLog();
  const discord = createDiscord({
    webhookUrl: { reveal: () => `${server!.url}/api/webhooks/1/${SECRET}?thread_id=7` },
    now: () => clock.now,
    logger: log,
    externalUrl: 'https://forestall.example',
    timeout: 300,
  });
  return { discord, received, clock, lines };
}

const answer =
  (status: number, body = '', headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    void response.writeHead(status, headers).end(body);

const limited = (body: unknown, headers: Record<string, string> = {}) => answer(429, JSON.stringify(body), headers);

describe('a request', () => {
  it('asks to wait, says who it is, mentions nobody', async () => {
    const { discord, received } = await discordThat(answer(200, '{}'));
    expect(await discord.send(subject)).toEqual({ kind: 'delivered' });
    expect(received).toHaveLength(1);
    const [{ method, url, headers, body }] = received as [Received];
    expect(method).toBe('POST');
    expect(url).toBe(`/api/webhooks/1/${SECRET}?thread_id=7&wait=true`);
    expect(headers['user-agent']).toContain('Forestall');
    expect(headers['content-type']).toBe('application/json');
    expect(body).toMatchObject({
      allowed_mentions: { parse: [] },
      embeds: [{ title: expect.stringContaining('succeeded') }],
    });
  });

  it.each([
    ['204', answer(204)],
    ['200 without a body', answer(200)],
    ['200 whose body never ends', (response: ServerResponse) => void response.writeHead(200).write('{"id":')],
  ])('%s is delivered', async (_name, respond) => {
    const { discord, received } = await discordThat(respond);
    expect(await discord.send(subject)).toEqual({ kind: 'delivered' });
    expect(received).toHaveLength(1);
  });
});

describe('429', () => {
  it.each([
    ['a fraction of seconds in the body', limited({ retry_after: 2.55, global: false }), 2550],
    ['the longer one of body and header', limited({ retry_after: 2 }, { 'retry-after': '5' }), 5000],
    ['the longer one of header and body', limited({ retry_after: 7.5 }, { 'retry-after': '5' }), 7500],
    ['global', limited({ retry_after: 64.57, global: true }, { 'x-ratelimit-global': 'true' }), 64_570],
    ['an HTML page with a header', answer(429, '<html>banned</html>', { 'retry-after': '30' }), 30_000],
    ['an HTML page without one', answer(429, '<html>banned</html>'), 5000],
    ['an absurd wait', limited({ retry_after: 1e9 }), 3_600_000],
    ['a wait beyond all numbers', limited({ retry_after: 1e300 }), 5000],
    ['a negative wait', limited({ retry_after: -5 }), 5000],
    ['no wait at all', limited({ retry_after: 0 }), 1000],
    ['a wait as text', limited({ retry_after: '3.5' }), 3500],
    ['words', limited({ retry_after: 'soon' }, { 'retry-after': 'Sun, 06 Nov 1994 08:49:37 GMT' }), 5000],
    ['null', limited(null), 5000],
  ])('%s', async (_name, respond, afterMs) => {
    const { discord } = await discordThat(respond);
    expect(await discord.send(subject)).toMatchObject({ kind: 'retry', afterMs });
  });

  it('is obeyed: nothing is requested before the time, then it is (fault 53)', async () => {
    const { discord, received, clock } = await discordThat(limited({ retry_after: 10 }), answer(204));
    await discord.send(subject);
    clock.now += 4000;
    expect(await discord.send(subject)).toMatchObject({ kind: 'retry', afterMs: 6000 });
    expect(received).toHaveLength(1);
    clock.now += 6000;
    expect(await discord.send(subject)).toEqual({ kind: 'delivered' });
    expect(received).toHaveLength(2);
  });

  it('does not silence it for a year when the clock is put back', async () => {
    const { discord, clock } = await discordThat(limited({ retry_after: 10 }), answer(204));
    await discord.send(subject);
    clock.now -= 365 * 86_400_000;
    expect(await discord.send(subject)).toEqual({ kind: 'delivered' });
  });

  it('reads no more of an endless body than it needs', async () => {
    const { discord } = await discordThat((response) => {
      response.writeHead(429, { 'retry-after': '9' });
      const flood = () => {
        while (response.write('x'.repeat(65_536)));
      };
      response.on('drain', flood).on('error', () => {});
      flood();
    });
    expect(await discord.send(subject)).toMatchObject({ kind: 'retry', afterMs: 9000 });
  });
});

describe('refusals', () => {
  it('400 is tried once more, shortened', async () => {
    const { discord, received } = await discordThat(answer(400, '{"code":50035}'), answer(204));
    expect(await discord.send(subject)).toEqual({ kind: 'delivered' });
    expect(received).toHaveLength(2);
    expect(received[0]!.body.embeds[0]!.fields.length).toBeGreaterThan(0);
    expect(received[1]!.body.embeds[0]!.fields).toEqual([]);
  });

  it('400 for the short one too drops it', async () => {
    const { discord, received } = await discordThat(answer(400));
    expect(await discord.send(subject)).toMatchObject({ kind: 'dropped' });
    expect(received).toHaveLength(2);
  });

  it('429 for the short one is waited for', async () => {
    const { discord } = await discordThat(answer(400), limited({ retry_after: 2 }));
    expect(await discord.send(subject)).toMatchObject({ kind: 'retry', afterMs: 2000 });
  });

  it.each([401, 403, 404])('%i ends it: no request more', async (status) => {
    const { discord, received, lines } = await discordThat(answer(status));
    for (let time = 0; time < 5; time++) expect(await discord.send(subject)).toMatchObject({ kind: 'stopped' });
    expect(received).toHaveLength(1);
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('another 4xx drops the one report', async () => {
    const { discord, received } = await discordThat(answer(405), answer(204));
    expect(await discord.send(subject)).toMatchObject({ kind: 'dropped' });
    expect(await discord.send(subject)).toEqual({ kind: 'delivered' });
    expect(received).toHaveLength(2);
  });

  it('a redirect is not followed', async () => {
    const { discord, received } = await discordThat(answer(302, '', { location: '/elsewhere' }));
    expect(await discord.send(subject)).toMatchObject({ kind: 'retry' });
    expect(received).toHaveLength(1);
  });
});

describe('trouble', () => {
  it.each([
    ['500', answer(500)],
    ['502 with a page', answer(502, '<html>')],
    ['a reset', (response: ServerResponse) => void response.socket!.resetAndDestroy()],
    ['no answer at all', () => {}],
  ])('%s is tried again later, with one request (fault 55)', async (_name, respond) => {
    const { discord, received } = await discordThat(respond);
    expect(await discord.send(subject)).toMatchObject({ kind: 'retry', afterMs: 0 });
    expect(received).toHaveLength(1);
  });

  it.each([
    ['nobody listens', async () => `http://127.0.0.1:${await freePort()}/api/webhooks/1/${SECRET}`, 'retry'],
    ['no URL', async () => `not a url ${SECRET}`, 'stopped'],
    ['another protocol', async () => `ftp://127.0.0.1/${SECRET}`, 'stopped'],
    ['a host that is none', async () => `http://${SECRET}.invalid/x`, 'retry'],
  ])('%s: the URL is in no answer and no log line', async (_name, url, kind) => {
    const text = await url();
    const { log, lines } = recordingLog();
    const discord = createDiscord({
      webhookUrl: { reveal: () => text },
      now: () => NOW,
      logger: log,
      externalUrl: null,
      timeout: 2000,
    });
    const delivery = await discord.send(subject);
    expect(delivery.kind).toBe(kind);
    if (text.startsWith('http://127'))
      expect(delivery).toHaveProperty('problem', expect.stringContaining('ECONNREFUSED'));
    expect(JSON.stringify([delivery, lines])).not.toContain(SECRET);
  });
});
