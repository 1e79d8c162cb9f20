import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { PASSWORD, startPostgres, withPostgres } from '../support/postgres.ts';
import { startProxy } from '../support/proxy.ts';
import { alertBody, ended, makeHome, startService } from '../support/service.ts';
import { eventually } from '../support/wait.ts';
import { createSender } from './traffic.ts';

vi.setConfig({ testTimeout: 120_000 });

describe.skipIf(!withPostgres)('a PostgreSQL that swallows what it is sent', () => {
  test('is a 503 in time, and nothing starts; health answers meanwhile, and it goes on by itself (fault 16)', async () => {
    const server = await startPostgres();
    const way = await startProxy(server.port);
    const home = makeHome({
      config: (config) => ({
        ...config,
        store: `postgres://forestall@127.0.0.1:${way.port}/${server.database()}`,
        store_password_file: 'store-password',
      }),
    });
    writeFileSync(join(home.folder, 'store-password'), PASSWORD);
    const service = await startService(home);
    const sender = createSender(service, 1);

    way.hang(true);
    for (let turn = 0; turn < 3; turn++) {
      let waiting = true;
      let slowest = 0;
      const health = (async () => {
        while (waiting) {
          const since = performance.now();
          expect((await fetch(`${service.url}/-/healthy`)).status).toBe(200);
          slowest = Math.max(slowest, performance.now() - since);
        }
      })();
      const { status, milliseconds } = await sender.deliver(alertBody());
      waiting = false;
      await health;
      expect(status).toBe(503);
      // What this machine takes for the simplest request is not the service's.
      expect(milliseconds).toBeLessThan(5_000 + slowest);
    }
    expect((await service.get('/-/ready')).status).toBe(503);
    expect(home.records()).toEqual([]);

    way.hang(false);
    const id = await eventually(async () => {
      const { status, decisions } = await sender.deliver(alertBody());
      return status === 200 ? (decisions[0]!.execution_id ?? (await onlyExecution())) : null;
    });
    /** What was swallowed before its commit may have been done all the same. */
    async function onlyExecution(): Promise<string | null> {
      const { items } = await service.json('/api/v1/executions');
      return items.length === 1 ? items[0].id : null;
    }
    expect(await ended(service, id, 60_000)).toMatchObject({ state: 'succeeded' });
    expect(home.runs()).toHaveLength(1);
    sender.close();
    expect(await service.stop()).toBe(0);
  });
});
