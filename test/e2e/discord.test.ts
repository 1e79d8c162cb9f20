import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it, vi } from 'vitest';
import { bodyOf, type Listening, listen } from '../support/http.ts';
import { alertBody, DISK, ended, type Home, makeHome, type Service, startService } from '../support/service.ts';
import { eventually } from '../support/wait.ts';
import { readLedger } from './ledger-file.ts';

vi.setConfig({ testTimeout: 60_000 });

const SECRET = 'wh-SeCrEt_0123456789abcdef';
const PATH = `/api/webhooks/1097531/${SECRET}`;

interface Message {
  readonly at: number;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: any;
  readonly text: string;
  /** What it was answered; null: nothing yet. */
  status: number | null;
}

interface Receiver extends Listening {
  /** Every request, in order. */
  readonly messages: readonly Message[];
  /** Those that were taken (a 2xx). */
  taken(): readonly Message[];
}

type Answer = (response: ServerResponse, message: Message, number: number) => void;

const ok: Answer = (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"1"}');

/** A server in Discord's place, which answers each request as `answer` says; `number` counts from 1. */
async function receiver(answer: Answer = ok, port = 0): Promise<Receiver> {
  const messages: Message[] = [];
  const listening = await listen(async (request, response) => {
    const text = await bodyOf(request);
    const { url = '', headers } = request;
    const message: Message = { at: performance.now(), url, headers, body: JSON.parse(text), text, status: null };
    messages.push(message);
    response.on('finish', () => {
      message.status = response.statusCode;
    });
    answer(response, message, messages.length);
  }, port);
  return { ...listening, messages, taken: () => messages.filter(({ status }) => status !== null && status < 300) };
}

/** A home in which every resource below `/data` is a scope of its own, and whose reports go to this port. */
function homeFor(port: number, resources: readonly string[] = ['/data/a', '/data/b'], env = {}): Home {
  const home = makeHome({
    env,
    config: (config) => ({ ...config, discord: { webhook_url: `http://127.0.0.1:${port}${PATH}` } }),
    mapping: (mapping) => {
      mapping.mappings[0].resource_filter = '*';
      mapping.mappings[0].action.limit_scope = 'resource';
      mapping.global_settings.max_daily_executions = 100;
      return mapping;
    },
  });
  home.writePredictions(resources.map((resource) => ({ ...DISK, resource })));
  return home;
}

/** Posts an alert for this resource and waits for the end of what it claimed; the execution. */
async function run(service: Service, resource: string): Promise<any> {
  const { decisions } = (await (await service.post('/webhook', alertBody({ resource }))).json()) as any;
  expect(decisions[0]).toMatchObject({ verdict: 'approved' });
  return await ended(service, decisions[0].execution_id);
}

const about = (message: Message, execution: { readonly id: string }) => message.text.includes(execution.id);

function allDelivered(home: Home, timeout = 30_000): Promise<unknown> {
  return eventually(() => readLedger(home.database).reports === 0, { timeout, interval: 50 });
}

/** What holds for every message, whatever happens to it. */
function expectWithinTheRules(messages: readonly Message[]): void {
  for (const { url, headers, body } of messages) {
    expect(url).toBe(`${PATH}?wait=true`);
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': expect.stringMatching(/./) });
    expect(body.allowed_mentions).toEqual({ parse: [] });
    expect(body.content ?? '').toHaveLength(0);
    expect(body.embeds).toHaveLength(1);
    const [{ title, description, fields = [], footer }] = body.embeds;
    expect(title.length).toBeLessThanOrEqual(256);
    expect(description.length).toBeLessThanOrEqual(4096);
    expect(fields.length).toBeLessThanOrEqual(25);
    const parts = [title, description, footer?.text ?? ''];
    for (const { name, value } of fields) {
      expect(name.length).toBeLessThanOrEqual(256);
      expect(value.length).toBeLessThanOrEqual(1024);
      parts.push(name, value);
    }
    expect(parts.join('').length).toBeLessThanOrEqual(6000);
  }
}

describe.concurrent('Discord', () => {
  it('gets each message once through rate limits and errors, and is not asked before it said', async () => {
    const answers: readonly Answer[] = [
      (response) => void response.writeHead(429, { 'content-type': 'application/json' }).end('{"retry_after":1.34}'),
      (response) => void response.writeHead(500).end('oops'),
      (response) => void response.writeHead(502).end(),
    ];
    const discord = await receiver((response, message, number) =>
      (answers[number - 1] ?? ok)(response, message, number),
    );
    const home = homeFor(discord.port);
    const service = await startService(home);
    const a = await run(service, '/data/a');
    const b = await run(service, '/data/b');
    expect([a.state, b.state]).toEqual(['succeeded', 'succeeded']);
    await allDelivered(home);
    const [first, second] = discord.messages;
    expect(second!.at - first!.at).toBeGreaterThanOrEqual(1_330);
    expect(discord.taken()).toHaveLength(2);
    for (const execution of [a, b]) expect(discord.taken().filter((sent) => about(sent, execution))).toHaveLength(1);
    expectWithinTheRules(discord.messages);
    const metrics = await (await service.get('/metrics')).text();
    expect(metrics).toMatch(/notifications_total\{channel="discord",result="delivered"\} 2\n/);
    await service.stop();
  });

  it('holds nothing up while it hangs, and gets the message afterwards', async () => {
    let hangs = true;
    const discord = await receiver((response, message, number) => {
      if (!hangs) ok(response, message, number);
    });
    const home = homeFor(discord.port);
    const service = await startService(home);
    const a = await run(service, '/data/a');
    await eventually(() => discord.messages.length === 1);
    // The first report is on its way and gets no answer: the next execution ends all the same.
    const b = await run(service, '/data/b');
    expect([a.state, b.state]).toEqual(['succeeded', 'succeeded']);
    expect(discord.messages).toHaveLength(1);
    expect((await service.json('/api/v1/status')).reports_pending).toBeGreaterThanOrEqual(2);
    hangs = false;
    await allDelivered(home);
    for (const execution of [a, b]) expect(discord.taken().filter((sent) => about(sent, execution))).toHaveLength(1);
    expectWithinTheRules(discord.messages);
    expect(await service.stop()).toBe(0);
  });

  it('hears of it after a restart when it was down for the whole run', async () => {
    const gone = await receiver();
    const home = homeFor(gone.port);
    await gone.close();
    const first = await startService(home);
    const a = await run(first, '/data/a');
    await eventually(() => first.log().some(({ msg }) => /report to discord waits: .*ECONNREFUSED/.test(String(msg))));
    expect(await first.stop()).toBe(0);
    expect(readLedger(home.database).reports).toBe(1);

    const discord = await receiver(ok, gone.port);
    const second = await startService(home);
    await allDelivered(home);
    expect(discord.messages.map((message) => about(message, a))).toEqual([true]);
    expectWithinTheRules(discord.messages);
    await second.stop();
  });

  it('gets what the service that was killed had not sent yet', async () => {
    const gone = await receiver();
    const home = homeFor(gone.port);
    await gone.close();
    const first = await startService(home);
    const a = await run(first, '/data/a');
    // Between two attempts: a report that is on its way is not given to anybody else for a minute.
    await eventually(() => readLedger(home.database).attempts === 3, { timeout: 20_000 });
    await first.stop('SIGKILL');

    const discord = await receiver(ok, gone.port);
    const second = await startService(home);
    await allDelivered(home);
    expect(discord.messages.map((message) => about(message, a))).toEqual([true]);
    await second.stop();
  });

  it('gets no mention and nothing over a limit, whatever resource and playbook say (fault 57)', async () => {
    const discord = await receiver();
    const resource = `@everyone <@&1> [x](http://evil.example) ${'*_~`|'.repeat(150)}`.padEnd(1_000, '#');
    const summary = `@here ${'https://evil.example/ '.repeat(2_000)}`;
    const home = homeFor(discord.port, [resource], { RESULT: JSON.stringify({ summary, changes: 1 }) });
    const service = await startService(home);
    const a = await run(service, resource);
    expect(a.state).toBe('succeeded');
    await allDelivered(home);
    expect(discord.taken()).toHaveLength(1);
    expectWithinTheRules(discord.messages);
    const { title, description, fields } = discord.messages[0]!.body.embeds[0];
    expect(JSON.stringify([title, description, fields])).not.toMatch(/@everyone|@here|<@&1>|\]\(http/);
    await service.stop();
  });

  it('that is gone (404) is said in a metric, and never the secret of its URL, there, in a log, a page of the API or a file (fault 54)', async () => {
    const answers: readonly Answer[] = [
      (response) => void response.destroy(),
      (response, { url }) => void response.writeHead(302, { location: `http://127.0.0.1:9${url}` }).end(url),
      (response, { url }) => void response.writeHead(404).end(`${url} is unknown`),
    ];
    const discord = await receiver((response, message, number) =>
      answers[Math.min(number, answers.length) - 1]!(response, message, number),
    );
    const home = homeFor(discord.port);
    const service = await startService(home);
    const a = await run(service, '/data/a');
    await eventually(() => service.log().some(({ msg }) => /the webhook is gone/.test(String(msg))), {
      timeout: 20_000,
    });
    const says = /notifications_total\{channel="discord",result="stopped"\} [1-9]/;
    await eventually(async () => says.test(await (await service.get('/metrics')).text()));
    const seen = [JSON.stringify(service.log())];
    for (const path of [
      '/metrics',
      '/api/v1/status',
      '/api/v1/executions',
      `/api/v1/executions/${a.id}`,
      `/api/v1/executions/${a.id}/output?phase=run`,
      '/api/v1/decisions',
      '/api/v1/predictions',
      '/-/ready',
      '/nowhere',
    ]) {
      seen.push(await (await service.get(path)).text());
    }
    home.writeConfig((config) => ({ ...config, discord: { webhook_url: `${discord.url}${PATH}`, nonsense: 1 } }));
    const reloaded = await service.post('/-/reload', '');
    expect(reloaded.status).toBe(500);
    seen.push(await reloaded.text(), JSON.stringify(service.log()));
    await service.stop();
    seen.push(JSON.stringify(service.log()));
    for (const text of seen) expect(text).not.toContain(SECRET);
    expect(readLedger(home.database).reports).toBe(1);
  });
});
