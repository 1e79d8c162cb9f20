import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { residentAtMost } from '../support/memory.ts';
import { alertBody, DISK, ended, makeHome, type Service, startService } from '../support/service.ts';
import { type Answered, createSender, expectSoundHistory, settled } from './traffic.ts';
import { watched } from './watched.ts';

const ASKED = process.env['FORESTALL_SOAK_SECONDS'];
const SECONDS = Number(ASKED ?? 8);
const MB = 1024 * 1024;
const FLOOD = ASKED === undefined ? 100_000_000 : 10_000_000_000;
/** So many requests a second at most, over so many connections. */
const RATE = 500;
const CONNECTIONS = 20;
/** Readings of the memory over the whole time. */
const READINGS = 20;

vi.setConfig({ testTimeout: SECONDS * 1_000 + 600_000 });

let service: Service | undefined;
afterEach(async () => {
  await service?.stop();
  service = undefined;
});

interface Reading {
  readonly second: number;
  readonly heap: number;
  readonly resident: number;
}

async function memoryOf(on: Service, since: number): Promise<Reading> {
  const text = await (await on.get('/metrics')).text();
  const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]) / MB;
  return {
    second: Math.round((performance.now() - since) / 1_000),
    heap: Math.round(value('nodejs_heap_size_used_bytes')),
    resident: Math.round(value('process_resident_memory_bytes')),
  };
}

test(`a storm of ${SECONDS} s leaves memory flat, every alert on record, and one run`, async () => {
  const home = await watched(
    makeHome({
      mapping: (mapping) => {
        mapping.mappings[0].resource_filter = '/data/*';
        return mapping;
      },
    }),
  );
  const resources = Array.from({ length: 100 }, (_, at) => `/data/${at}`);
  home.writePredictions(resources.map((resource) => ({ ...DISK, resource })));
  service = await home.start();
  const sender = createSender(service, CONNECTIONS);
  const since = performance.now();
  const over = since + SECONDS * 1_000;
  const statuses = new Map<string, number>();
  const approved: Answered[] = [];
  let alerts = 0;
  async function keepSending(lane: number): Promise<void> {
    for (let turn = lane; performance.now() < over; turn += CONNECTIONS) {
      const next = delay((1_000 * CONNECTIONS) / RATE);
      const answer = await sender.deliver(alertBody({ resource: resources[turn % resources.length]! }));
      statuses.set(String(answer.status), (statuses.get(String(answer.status)) ?? 0) + 1);
      alerts += answer.decisions.length;
      if (answer.decisions.some(({ verdict }) => verdict === 'approved')) approved.push(answer);
      await next;
    }
  }
  const lanes = Array.from({ length: CONNECTIONS }, (_, lane) => keepSending(lane));
  const readings: Reading[] = [];
  while (performance.now() < over) {
    await delay((SECONDS * 1_000) / READINGS);
    readings.push(await memoryOf(service, since));
  }
  await Promise.all(lanes);
  sender.close();
  await settled(home);
  await service.stop();
  const words = readings.map(({ second, heap, resident }) => `${second} s: ${heap} and ${resident}`);
  console.info(`${alerts} alerts in ${SECONDS} s; MB of heap and RSS after ${words.join(', ')}`);

  console.info(`answers: ${[...statuses].map(([status, count]) => `${count} ${status}`).join(', ')}`);
  // A disk that is too slow for a moment is a 503, never anything else.
  expect([...statuses.keys()].filter((status) => status !== '200' && status !== '503')).toEqual([]);
  expect(home.runs()).toHaveLength(1);
  const { decisions } = expectSoundHistory(home, approved, { mostRuns: 1 });
  const recorded = decisions.reduce((sum, { repeats }) => sum + 1 + repeats, 0);
  if (statuses.has('503')) expect(recorded).toBeGreaterThanOrEqual(alerts);
  else expect(recorded).toBe(alerts);
  const most = (part: readonly Reading[]) => Math.max(...part.map(({ resident }) => resident));
  const half = Math.floor(readings.length / 2);
  expect(most(readings)).toBeLessThan(512);
  // Before a minute is over the heap is still finding its size.
  if (SECONDS >= 120) expect(most(readings.slice(half))).toBeLessThan(most(readings.slice(0, half)) * 1.1 + 16);
});

test(`a playbook that prints ${FLOOD / 1_000_000} MB of anything neither blocks nor fills (fault 49)`, async () => {
  const home = makeHome({
    config: (config: any) => ({
      ...config,
      playbooks: {
        recording: {
          ...config.playbooks.recording,
          run: ['/bin/sh', '-c', `head -c ${FLOOD} /dev/urandom; echo; echo last line`],
          dry_run: ['/bin/true'],
          timeout: '10m',
        },
      },
    }),
  });
  service = await startService(home);
  const before = residentAtMost(service.pid);
  const { decisions } = (await (await service.post('/webhook', alertBody())).json()) as any;
  const since = performance.now();
  const execution = await ended(service, decisions[0].execution_id, 590_000);
  expect(execution).toMatchObject({ state: 'succeeded' });
  const grown = Math.round((residentAtMost(service.pid) - before) / MB);
  const seconds = Math.round((performance.now() - since) / 1_000);
  console.info(`${FLOOD / 1_000_000} MB in ${seconds} s; memory grew by ${grown} MB`);
  const output = await (await service.get(`/api/v1/executions/${execution.id}/output?phase=run`)).arrayBuffer();
  expect(output.byteLength).toBeLessThanOrEqual(10 * MB);
  expect(Buffer.from(output.slice(-10)).toString()).toBe('last line\n');
  expect(grown).toBeLessThan(256);
});
