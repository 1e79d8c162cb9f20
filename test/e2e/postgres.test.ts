import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { PASSWORD, type PostgresServer, startPostgres, withPostgres } from '../support/postgres.ts';
import {
  alertBody,
  DISK,
  ended,
  forestall,
  type Home,
  makeHome,
  type Service,
  startService,
} from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 90_000 });

const recordsIn = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []);

describe.skipIf(!withPostgres)('replicas on PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });

  /** Homes of as many replicas: one database, and one file in which their playbooks note their starts. */
  function replicas(count: number, env: Record<string, string> = {}): readonly Home[] {
    const store = `postgres://forestall@127.0.0.1:${server.port}/${server.database()}`;
    const record = join(tempDir(), 'record.txt');
    return Array.from({ length: count }, () => {
      const home = makeHome({
        env: { ...env, RECORD_FILE: record },
        config: (config) => ({ ...config, store, store_password_file: 'store-password' }),
        mapping(mapping) {
          mapping.mappings[0].resource_filter = '/data*';
          mapping.mappings[0].action.limit_scope = 'resource';
          mapping.mappings[0].safety_checks = [];
          return mapping;
        },
      });
      writeFileSync(join(home.folder, 'store-password'), PASSWORD);
      home.writePredictions(['/data', '/data/b', '/data/c'].map((resource) => ({ ...DISK, resource })));
      return { ...home, records: () => recordsIn(record) };
    });
  }

  const post = async (service: Service, resource = '/data') => {
    const answer = await service.post('/webhook', alertBody({ resource }));
    return {
      status: answer.status,
      body: (await answer.json()) as { decisions: { reason: string; execution_id: string | null }[] },
    };
  };

  test('the same alert to two at once is run once, and both show the same', async () => {
    const homes = replicas(2);
    const services = await Promise.all(homes.map((home) => startService(home)));
    const answers = await Promise.all(Array.from({ length: 40 }, (_, at) => post(services[at % 2]!)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const ids = answers.flatMap(({ body }) => body.decisions.flatMap(({ execution_id }) => execution_id ?? []));
    expect(ids).toHaveLength(1);
    const [one, two] = await Promise.all(services.map((service) => ended(service, ids[0]!)));
    expect(one).toEqual(two);
    expect(one.state).toBe('succeeded');
    expect(homes[0]!.records().filter((line) => line.startsWith('run '))).toHaveLength(1);
    // What each has counted in memory is with the other soon.
    const counted = async (service: Service) => {
      const page = await (await service.get('/metrics')).text();
      return page.split('\n').filter((line) => /^proactive_remediation_(?:decisions|executions)_total/.test(line));
    };
    await eventually(
      async () => {
        const [ours, theirs] = await Promise.all(services.map(counted));
        expect(ours!.toSorted()).toEqual(theirs!.toSorted());
        expect(ours!.filter((line) => !line.endsWith(' 0')).length).toBeGreaterThan(1);
        return true;
      },
      { timeout: 15_000, interval: 200 },
    );
    // A pause that one was told of holds the other.
    await services[0]!.post('/api/v1/pause', { reason: 'upgrade' });
    expect((await post(services[1]!, '/data/b')).body.decisions[0]!.reason).toBe('kill_switch');
    const logs = JSON.stringify(services.map((service) => service.log()));
    expect(logs).not.toContain(PASSWORD);
    for (const service of services) expect(await service.stop()).toBe(0);
  });

  test('what one claimed and died with, the other brings to its end', async () => {
    const release = join(tempDir(), 'release');
    const homes = replicas(2, { HOLD_RUN: release });
    const [first, second] = await Promise.all(homes.map((home) => startService(home)));
    const running = (await post(first!)).body.decisions[0]!.execution_id!;
    const waiting = (await post(first!, '/data/b')).body.decisions[0]!.execution_id!;
    await eventually(() => homes[0]!.records().some((line) => line.startsWith(`run ${running}`)), { timeout: 20_000 });
    first!.signal('SIGKILL');
    await first!.exited();
    writeFileSync(release, '');
    expect(await ended(second!, running, 40_000)).toMatchObject({ state: 'interrupted' });
    expect(await ended(second!, waiting, 40_000)).toMatchObject({ state: 'succeeded' });
    const runs = homes[0]!.records().filter((line) => line.startsWith('run '));
    expect(runs.map((line) => line.split(' ')[1]).sort()).toEqual([running, waiting].sort());
    expect((await post(second!)).body.decisions[0]!.reason).toMatch(/cooldown|settling|circuit_open/);
    await second!.stop();
  });

  test('without the server: 503 in time, healthy and not ready; with it again: on it goes (fault 16)', async () => {
    const [home] = replicas(1);
    const service = await startService(home!);
    const first = (await post(service)).body.decisions[0]!.execution_id!;
    await ended(service, first);
    await server.stop('SIGQUIT');
    try {
      const start = performance.now();
      expect((await service.post('/webhook', alertBody({ resource: '/data/b' }))).status).toBe(503);
      expect(performance.now() - start).toBeLessThan(2_000);
      expect((await service.get('/-/healthy')).status).toBe(200);
      expect((await service.get('/-/ready')).status).toBe(503);
      expect((await service.get('/metrics')).status).toBe(200);
    } finally {
      await server.start();
    }
    await eventually(async () => (await service.get('/-/ready')).status === 200, { timeout: 10_000 });
    const second = (await post(service, '/data/b')).body.decisions[0]!.execution_id!;
    expect(await ended(service, second)).toMatchObject({ state: 'succeeded' });
    expect(home!.records().filter((line) => line.startsWith('run '))).toHaveLength(2);
    await service.stop();
  });

  test('the commands ask the same store, and say what is wrong with it', async () => {
    const [home] = replicas(1);
    const config = ['--config', home!.config];
    expect(await forestall(['pause', '--reason', 'upgrade', ...config])).toMatchObject({ code: 0 });
    expect((await forestall(['status', ...config])).stdout).toContain('upgrade');
    expect(await forestall(['check', '--probe', ...config])).toMatchObject({
      stdout: expect.stringMatching(/ok +store postgres:\/\/forestall@127\.0\.0\.1:\d+\/test_\d+/),
    });
    home!.writeConfig(({ store_password_file: _file, ...rest }) => rest);
    const passfile = join(home!.folder, 'pgpass');
    writeFileSync(passfile, `*:*:*:*:${PASSWORD}\n`, { mode: 0o600 });
    const withFile = await forestall(['status', ...config], { env: { PGPASSFILE: passfile } });
    expect(withFile).toMatchObject({ code: 0, stderr: expect.not.stringContaining('Warning') });
    expect((await forestall(['history', ...config])).stderr).toContain(
      'it asks for a password, and none is configured',
    );
    home!.writeConfig((rest) => ({ ...rest, store_password_file: 'store-password' }));
    writeFileSync(join(home!.folder, 'store-password'), 'canary-wrong');
    for (const command of [['check', '--probe'], ['history'], ['serve']]) {
      const { code, stdout, stderr } = await forestall([...command, ...config]);
      expect([command, code]).toEqual([command, command[0] === 'check' ? 1 : code]);
      expect(code).toBeGreaterThan(0);
      expect(stdout + stderr).toContain('password authentication failed');
      expect(stdout + stderr).not.toContain('canary');
    }
  });
});
