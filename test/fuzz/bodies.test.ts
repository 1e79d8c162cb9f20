import { Agent, request } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openLedger } from '../../src/app/ledger.ts';
import { type App, createApp } from '../../src/app.ts';
import { startServing } from '../../src/cli/serving.ts';
import { loadConfig } from '../../src/config/load.ts';
import { SEED } from '../support/seed.ts';
import { DISK, makeHome, TOKEN } from '../support/service.ts';
import { eventually } from '../support/wait.ts';
import { LEAST, mayRun, type Request, requests } from './bodies.ts';
import { MOST_CPU, note, parameters, RUNS, type Slowest, threadCpu } from './runs.ts';

vi.setConfig({ testTimeout: 120_000 + RUNS * 10 });

const home = makeHome({
  mapping: (mapping) => {
    const [only] = mapping.mappings;
    const action = { ...only.action, cooldown_hours: 0, max_executions_per_week: 100 };
    const conditions = { min_confidence: LEAST };
    const global_settings = { ...mapping.global_settings, max_daily_executions: 100 };
    const mappings = ['disk_exhaustion', 'memory_exhaustion'].map((prediction_type) => ({
      ...only,
      prediction_type,
      resource_filter: '*',
      conditions,
      action,
    }));
    return { ...mapping, mappings, global_settings };
  },
});
const errors: unknown[] = [];
const logger = {
  debug() {},
  info() {},
  warn() {},
  error: (fields: object, message: string) => void errors.push([message, fields]),
};
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let app: App;
let port: number;

beforeAll(async () => {
  const loaded = loadConfig({ file: home.config, env: {}, home: home.folder });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  app = createApp({ config: loaded.config, ledger: await openLedger(loaded.config, logger), env: {}, logger });
  ({ port } = await startServing(app, logger));
});
afterAll(async () => {
  agent.destroy();
  await app.stop();
});

interface Answer {
  readonly status: number;
  readonly body: { readonly decisions?: readonly { readonly verdict: string; readonly reason: string }[] };
}

function post({ path, body }: Request): Promise<Answer> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` };
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('error', reject).on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode!, body: JSON.parse(Buffer.concat(chunks).toString()) });
      });
    });
    outgoing.on('error', reject);
    outgoing.setTimeout(60_000, () => outgoing.destroy(new Error('no answer within a minute')));
    outgoing.end(body);
  });
}

test(`${RUNS} bodies make no crash, no hang, no 5xx and no run`, async () => {
  console.info(`FORESTALL_SEED=${SEED} FORESTALL_FUZZ_RUNS=${RUNS}`);
  const since = performance.now();
  const slowest: Slowest = { milliseconds: 0, what: '' };
  const seen = new Map<string, number>();
  const count = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1);
  await fc.assert(
    fc.asyncProperty(requests, async (sent) => {
      if (mayRun(sent)) return count('left out: a run would be right');
      const before = threadCpu();
      let { status, body } = await post(sent);
      // A machine under load may keep the disk from the ledger for longer than a sender is kept waiting.
      for (let again = 0; status === 503 && again < 5; again++) {
        count('503, sent again');
        ({ status, body } = await post(sent));
      }
      note(slowest, threadCpu() - before, () => `${sent.path} ${sent.body.toString()}`);
      count(String(status));
      expect(status).toBeLessThan(500);
      for (const { verdict, reason } of body.decisions ?? []) {
        count(`${verdict}: ${reason}`);
        expect(verdict).not.toBe('approved');
      }
    }),
    parameters(),
  );
  const counts = [...seen].sort(([, a], [, b]) => b - a).map(([what, times]) => `${times} ${what}`);
  const seconds = Math.round((performance.now() - since) / 1_000);
  console.info(`${RUNS} bodies in ${seconds} s: ${counts.join(', ')}`);
  console.info(`the slowest took ${slowest.milliseconds.toFixed(1)} ms of CPU time: ${slowest.what}`);
  expect(slowest.milliseconds).toBeLessThan(MOST_CPU);
  expect(errors).toEqual([]);
  expect((await app.ledger.executions({ limit: 1 })).items).toEqual([]);
  expect(home.records()).toEqual([]);
  expect(seen.get('200')).toBeGreaterThan(RUNS / 10);
  expect(seen.get('400')).toBeGreaterThan(RUNS / 10);

  // The same service runs what may be run.
  const sure = { ...DISK, resource: '/sure', confidence: LEAST };
  const { body } = await post({ path: '/api/v1/predictions', body: Buffer.from(JSON.stringify(sure)) });
  expect(body.decisions).toMatchObject([{ verdict: 'approved' }]);
  await eventually(() => home.runs().length === 1);
});
