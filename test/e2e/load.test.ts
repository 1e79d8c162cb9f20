import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { residentAtMost } from '../support/memory.ts';
import { alertBody, DISK, ended, type Home, makeHome, type Service, startService, TOKEN } from '../support/service.ts';
import { eventually } from '../support/wait.ts';
import { type Answered, createSender, expectSoundHistory, settled } from './traffic.ts';
import { watched } from './watched.ts';

vi.setConfig({ testTimeout: 180_000 });

const LONG = process.env['FORESTALL_SOAK_SECONDS'] !== undefined;
const MB = 1024 * 1024;

let service: Service | undefined;
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await service?.stop();
  service = undefined;
});

function homeOfAll(): Home {
  return makeHome({
    mapping: (mapping) => {
      mapping.mappings[0].resource_filter = '/data/*';
      return mapping;
    },
  });
}

const times = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));
const entry = (resource: string) => (alertBody({ resource }) as { alerts: object[] }).alerts[0]!;

const DIFFERENT = LONG ? 10_000 : 2_000;
test(`${DIFFERENT} different alerts, each in a body of its own, are each on record, and one of them runs`, async () => {
  const home = await watched(homeOfAll());
  const resources = times(DIFFERENT, (at) => `/data/${at}`);
  home.writePredictions(resources.map((resource) => ({ ...DISK, resource })));
  service = await home.start();
  const since = performance.now();
  const sender = createSender(service);
  const answers: Answered[] = [];
  await Promise.all(
    resources.map(async (resource, at) => {
      const body = alertBody({ resource }, { fingerprint: at.toString(16).padStart(16, '0') });
      // A machine under load may keep the disk from the ledger for too long: a sender delivers that again.
      for (let status: number | null = 503; status === 503; ) {
        const answer = await sender.deliver(body);
        answers.push(answer);
        status = answer.status;
      }
    }),
  );
  sender.close();
  const seconds = (performance.now() - since) / 1_000;
  console.info(`${DIFFERENT} different alerts in ${seconds.toFixed(1)} s`);
  expect(answers.filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
  await settled(home);
  await service.stop();
  const { decisions } = expectSoundHistory(home, answers, { mostRuns: 1 });
  expect(home.runs()).toHaveLength(1);
  const recorded = decisions.reduce((sum, { repeats }) => sum + 1 + repeats, 0);
  if (answers.length > DIFFERENT) expect(recorded).toBeGreaterThanOrEqual(DIFFERENT);
  else expect(recorded).toBe(DIFFERENT);
});

/** A request written by hand: its head at once, then what `write` does, until the server has closed; what it said. */
async function byHand(port: number, head: string, write: (socket: Socket) => Promise<void>): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  sockets.add(socket);
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  const closed = once(socket, 'close').catch(() => {});
  await once(socket, 'connect');
  socket.write(`POST /webhook HTTP/1.1\r\nhost: forestall\r\nauthorization: Bearer ${TOKEN}\r\n${head}\r\n`);
  await write(socket);
  await closed;
  return answer;
}

function drainedOrClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
}

const JSON_TYPE = 'content-type: application/json\r\n';

test('a gigabyte in chunks is refused at its first bytes too many, and memory stays flat (fault 42)', async () => {
  const home = makeHome();
  service = await startService(home);
  await (await service.post('/webhook', alertBody({ resource: '/nobody' }))).text();
  const before = residentAtMost(service.pid);
  const piece = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(MB, ' '), Buffer.from('\r\n')]);
  let sent = 0;
  const answer = await byHand(service.port, `${JSON_TYPE}transfer-encoding: chunked\r\n`, async (socket) => {
    for (; sent < 1_024 && !socket.destroyed; sent++) {
      if (!socket.write(piece)) await drainedOrClosed(socket);
    }
  });
  const grown = residentAtMost(service.pid) - before;
  console.info(`of 1,024 MB ${sent} were sent until the end; memory grew by ${Math.round(grown / MB)} MB`);
  expect(answer).toMatch(/^(HTTP\/1\.1 413 |$)/);
  expect(sent).toBeLessThan(1_024);
  expect(grown).toBeLessThan(256 * MB);
  const zipped = await byHand(
    service.port,
    `${JSON_TYPE}content-encoding: gzip\r\ncontent-length: 9\r\n`,
    async () => {},
  );
  expect(zipped).toMatch(/^HTTP\/1\.1 415 /);
  expect((await service.get('/-/healthy')).status).toBe(200);
});

test('20,000 alerts in a body are refused by their number, which a metric says (fault 43)', async () => {
  const home = homeOfAll();
  service = await startService(home);
  const alerts = times(20_000, (at) => entry(`/data/${at}`));
  const refused = await service.post('/webhook', { ...alertBody(), alerts });
  expect([refused.status, ((await refused.json()) as any).error.code]).toEqual([413, 'too_large']);
  expect(home.records()).toEqual([]);
  const metrics = await (await service.get('/metrics')).text();
  expect(metrics).toMatch(/^proactive_remediation_webhook_refused_total\{code="too_large"\} 1$/m);
  expect(metrics).toMatch(/^proactive_remediation_webhook_refused_total\{code="bad_request"\} 0$/m);
});

test('deep, wide and long bodies are a quick 400, and are served beside (fault 45)', async () => {
  service = await startService(makeHome());
  const [alert] = (alertBody() as { alerts: object[] }).alerts;
  const labels = Object.fromEntries(times(5_000, (at) => [`label_${at}`, 'x']));
  const bodies = {
    deep: `{"version":"4","alerts":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    wide: JSON.stringify({ ...alertBody(), alerts: [{ ...alert, labels }] }),
    long: JSON.stringify({ ...alertBody(), alerts: [{ ...alert, labels: { alertname: 'x'.repeat(131_072) } }] }),
  };
  for (const [name, body] of Object.entries(bodies)) {
    const each: number[] = [];
    for (let round = 0; round < 5; round++) {
      const since = performance.now();
      const answer = await service.post('/webhook', body);
      await answer.text();
      each.push(performance.now() - since);
      expect([name, answer.status]).toEqual([name, 400]);
    }
    console.info(`a ${name} body: refused after ${Math.min(...each).toFixed(1)} ms`);
    expect(Math.min(...each)).toBeLessThan(1_000);
  }
  expect((await service.get('/-/healthy')).status).toBe(200);
});

test('a thousand clients that drip their headers or bodies, or say nothing, are cut off; a good one is served (fault 44)', async () => {
  const home = makeHome();
  service = await startService(home);
  const { port } = service;
  const head = `POST /webhook HTTP/1.1\r\nhost: forestall\r\nauthorization: Bearer ${TOKEN}\r\n`;
  // Headers have to be there after 10 s, bodies after 30 s; the ordinary tests do not wait for the third kind.
  const kinds = ['', `${head}x-slow: `, `${head}${JSON_TYPE}content-length: 100000\r\n\r\n{`];
  let accepted = 0;
  await Promise.all(
    times(1_000, async (at) => {
      const first = kinds[at % kinds.length]!;
      const socket = connect(port, '127.0.0.1');
      sockets.add(socket);
      socket.resume().on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
      await once(socket, 'connect');
      accepted += 1;
      if (first !== '') socket.write(first);
    }),
  );
  expect(accepted).toBe(1_000);
  const drip = setInterval(() => {
    for (const socket of sockets) if (socket.bytesWritten > 0 && socket.writable) socket.write(' ');
  }, 250);
  const waited: number[] = [];
  const { decisions } = (await (await service.post('/webhook', alertBody())).json()) as any;
  expect(await ended(service, decisions[0].execution_id)).toMatchObject({ state: 'succeeded' });
  await eventually(
    async () => {
      const since = performance.now();
      expect((await service!.post('/webhook', alertBody())).status).toBe(200);
      waited.push(performance.now() - since);
      return sockets.size <= (LONG ? 0 : 334);
    },
    { timeout: 60_000, interval: 200 },
  );
  clearInterval(drip);
  console.info(`a good client beside 1,000 that drip: answered after ${Math.max(...waited).toFixed(0)} ms at most`);
  expect(home.runs()).toHaveLength(1);
});

test('an error that nobody expected ends the process, and the next one begins where it was (fault 50)', async () => {
  const home = makeHome();
  const thrower = join(import.meta.dirname, '../programs/throws-later.mjs');
  service = await startService(home, { env: { NODE_OPTIONS: `--import=${thrower}`, THROW_ON: 'SIGUSR2' } });
  const { decisions } = (await (await service.post('/webhook', alertBody())).json()) as any;
  expect(await ended(service, decisions[0].execution_id)).toMatchObject({ state: 'succeeded' });
  service.signal('SIGUSR2');
  expect(await service.exited()).not.toBe(0);
  expect(service.stderr()).toContain('nobody expected this');
  service = await startService(home);
  const again = (await (await service.post('/webhook', alertBody())).json()) as any;
  expect(again.decisions).toMatchObject([{ verdict: 'deferred', reason: 'cooldown' }]);
  expect(home.runs()).toHaveLength(1);
});
