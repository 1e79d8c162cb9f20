import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { startBalancer } from '../support/balancer.ts';
import { freePort, type PostgresServer, startPostgres, withPostgres } from '../support/postgres.ts';
import { startProxy, type Proxy as Way } from '../support/proxy.ts';
import { makeReplicas } from '../support/replicas.ts';
import { alertBody, ended, forestall, type Service } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { eventually } from '../support/wait.ts';
import { problemsOf } from './history-checker.ts';
import { type Answered, createSender } from './traffic.ts';
import { watchedReplicas } from './watched.ts';

vi.setConfig({ testTimeout: 120_000 });

const WAIT = { timeout: 20_000 };
const ready = async (service: Service) => (await service.get('/-/ready')).status;
const healthy = async (service: Service) => (await service.get('/-/healthy')).status;

/** Stops a service in whose playbook somebody waits: what it says while it drains, and how it ends. */
async function expectTruthWhileDraining(service: Service, release: string): Promise<void> {
  expect(await ready(service)).toBe(200);
  service.signal('SIGTERM');
  const answer = await eventually(async () => {
    const given = await service.get('/-/ready');
    return given.status === 503 ? await given.json() : null;
  }, WAIT);
  expect(answer).toMatchObject({ error: { code: 'stopping' } });
  expect(await healthy(service)).toBe(200);
  expect((await service.post('/webhook', alertBody({ resource: '/late' }))).status).toBe(503);
  expect((await service.get('/api/v1/status')).status).toBe(200);
  writeFileSync(release, '');
  expect(await service.exited()).toBe(0);
  await expect(service.get('/-/ready')).rejects.toThrow();
}

test('on SQLite: ready while the ledger is there, and not while it is gone or the service starts or drains', async () => {
  const release = join(tempDir(), 'release');
  const port = await freePort();
  const replicas = await watchedReplicas(
    makeReplicas({
      server: null,
      count: 1,
      resources: ['/data', '/late'],
      env: () => ({ HOLD_RUN: release }),
      config: (config: any) => ({ ...config, web: { ...config.web, listen: `127.0.0.1:${port}` } }),
    }),
  );
  const [home] = replicas.homes;
  const starting = replicas.start(0);
  const seen = new Set<string>();
  await eventually(async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => null);
    seen.add(answer === null ? 'refused' : `${answer.status} ${await answer.text()}`);
    return answer?.status === 200;
  }, WAIT);
  expect([...seen]).toEqual(['refused', '200 {"ready":true,"reason":"ready"}']);
  const service = await starting;
  // What cannot be loaded is not in use: the mapping before is.
  const mapping = readFileSync(home!.mapping);
  writeFileSync(home!.mapping, '{');
  expect((await service.post('/-/reload', {})).status).toBe(500);
  expect(await ready(service)).toBe(200);
  writeFileSync(home!.mapping, mapping);
  const file = replicas.store;
  renameSync(file, `${file}.away`);
  await eventually(async () => (await ready(service)) === 503, WAIT);
  expect(await healthy(service)).toBe(200);
  expect((await service.post('/webhook', alertBody({ resource: '/late' }))).status).toBe(503);
  expect(existsSync(file)).toBe(false);
  renameSync(`${file}.away`, file);
  await eventually(async () => (await ready(service)) === 200, WAIT);
  // Asked again and again, it says in its log when it changed.
  const said = () => service.log().filter(({ msg }) => /ready/.test(String(msg)));
  expect(said().map(({ msg }) => msg)).toEqual([
    'not ready: the ledger cannot be used',
    'ready again: the ledger can be used',
  ]);
  await service.post('/webhook', alertBody());
  await eventually(() => replicas.records().some((line) => line.startsWith('run ')), WAIT);
  await expectTruthWhileDraining(service, release);
  expect(problemsOf(replicas.history())).toEqual([]);
});

describe.skipIf(!withPostgres)('on PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });

  test('a replica that lost the store is passed over, and gets its turn when it has it again', async () => {
    const release = join(tempDir(), 'release');
    const ways: readonly Way[] = await Promise.all([startProxy(server.port), startProxy(server.port)]);
    const replicas = await watchedReplicas(
      makeReplicas({
        server,
        count: 2,
        resources: ['/data', '/late'],
        storePort: (at) => ways[at]!.port,
        env: (at): Record<string, string> => (at === 0 ? { HOLD_RUN: release } : {}),
      }),
    );
    const balancer = await startBalancer();
    const sender = createSender({ port: balancer.port });
    const deliveries: Answered[] = [];
    const [first, second] = await Promise.all([replicas.start(0), replicas.start(1)]);
    balancer.target('first', first.port);
    balancer.target('second', second.port);
    await eventually(() => balancer.ready().length === 2, WAIT);

    const servedBy = async (count: number) => {
      const before = new Map(balancer.served);
      const passedOn = balancer.passedOn;
      for (let at = 0; at < count; at++) {
        deliveries.push(await sender.deliver(alertBody({ resource: '/nobody' })));
        expect(deliveries.at(-1)!.status).toBe(200);
      }
      const names = ['first', 'second'];
      const served = names.filter((name) => (balancer.served.get(name) ?? 0) > (before.get(name) ?? 0));
      return { served, passedOn: balancer.passedOn - passedOn };
    };
    expect(await servedBy(6)).toEqual({ served: ['first', 'second'], passedOn: 0 });
    ways[0]!.hang(true);
    await eventually(() => balancer.ready().join() === 'second', WAIT);
    expect(await healthy(first)).toBe(200);
    expect(await servedBy(6)).toEqual({ served: ['second'], passedOn: 0 });
    ways[0]!.hang(false);
    await eventually(() => balancer.ready().length === 2, WAIT);
    expect(await servedBy(6)).toMatchObject({ served: ['first', 'second'] });

    await first.post('/webhook', alertBody());
    await eventually(() => replicas.records().some((line) => line.startsWith('run ')), WAIT);
    await expectTruthWhileDraining(first, release);
    await eventually(() => balancer.ready().join() === 'second', WAIT);
    const [{ id }] = (await second.json('/api/v1/executions')).items;
    expect(await ended(second, id)).toMatchObject({ state: 'succeeded' });
    sender.close();
    await second.stop();
    expect(problemsOf(replicas.history(deliveries))).toEqual([]);
  });

  test('one that finds no store does not start', async () => {
    const [home] = makeReplicas({ server, count: 1, resources: [], storePort: () => 1 }).homes;
    const { code, stderr } = await forestall(['serve', '--config', home!.config]);
    expect(code).toBeGreaterThan(0);
    expect(stderr).toContain('ECONNREFUSED');
    expect(stderr).not.toContain('listening on');
  });

  test('a store that only reads, as a standby does, is none; once it is the one that writes, it is', async () => {
    const replicas = await watchedReplicas(makeReplicas({ server, count: 1, resources: ['/data'] }));
    const service = await replicas.start(0);
    expect(await ready(service)).toBe(200);
    await server.stop('SIGINT');
    writeFileSync(join(server.folder, 'data/standby.signal'), '', { mode: 0o666 });
    await server.start();
    expect(server.sql('postgres', 'SELECT pg_is_in_recovery()')).toBe('t');
    expect(await ready(service)).toBe(503);
    expect(JSON.stringify(service.log())).toContain('is on a standby server, which only reads');
    expect((await service.post('/webhook', alertBody())).status).toBe(503);
    expect(server.sql('postgres', 'SELECT pg_promote()')).toBe('t');
    await eventually(async () => (await ready(service)) === 200, WAIT);
    expect((await service.post('/webhook', alertBody())).status).toBe(200);
    await service.stop();
  });
});
