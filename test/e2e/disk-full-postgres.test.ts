import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { PASSWORD, startPostgres, withPostgres } from '../support/postgres.ts';
import { alertBody, ended, makeHome, startService } from '../support/service.ts';
import { eventually } from '../support/wait.ts';
import { createSender } from './traffic.ts';

vi.setConfig({ testTimeout: 180_000 });

const succeeds = (program: string, ...args: string[]) => spawnSync(program, args).status === 0;

/** A small disk that the server can write, or null where none can be had. */
function smallDisk(folder: string): string | null {
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  const mounted = succeeds('mount', '-t', 'tmpfs', '-o', 'size=24m,mode=0777', 'small', disk);
  if (mounted) return disk;
  const words = 'a full disk of PostgreSQL (it wants root, and leave to mount)';
  if (process.env['CI'] === 'true') throw new Error(`CI has to play ${words}`);
  console.warn(`SKIPPED: ${words}`);
  return null;
}

describe.skipIf(!withPostgres)('a PostgreSQL whose disk is full', () => {
  test('is a 503, and nothing starts; what was there can be read, and it goes on by itself (fault 29)', async ({
    skip,
    onTestFinished,
  }) => {
    const server = await startPostgres();
    const disk = smallDisk(server.folder);
    if (disk === null) return skip();
    onTestFinished(async () => {
      await server.stop('SIGQUIT');
      expect(succeeds('umount', '-l', disk)).toBe(true);
    });
    const data = join(disk, 'data');
    mkdirSync(data, { mode: 0o777 });
    expect(succeeds('chown', 'postgres:postgres', data)).toBe(true);
    server.sql('postgres', `CREATE TABLESPACE small LOCATION '${data}'`);
    const database = server.database();
    server.sql('postgres', `ALTER DATABASE ${database} SET TABLESPACE small`);
    const home = makeHome({
      config: (config) => ({
        ...config,
        store: `postgres://forestall@127.0.0.1:${server.port}/${database}`,
        store_password_file: 'store-password',
      }),
    });
    writeFileSync(join(home.folder, 'store-password'), PASSWORD);
    const service = await startService(home);
    const sender = createSender(service, 1);

    const filler = join(disk, 'filler');
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(filler, Buffer.alloc(bavail * bsize));
    expect(statfsSync(disk).bavail).toBe(0);
    for (let turn = 0; turn < 3; turn++) {
      expect(await sender.deliver(alertBody())).toMatchObject({ status: 503, decisions: [] });
      expect((await fetch(`${service.url}/-/healthy`)).status).toBe(200);
    }
    expect((await service.json('/api/v1/executions')).items).toEqual([]);
    expect(home.records()).toEqual([]);
    expect(JSON.stringify(service.log())).toContain('No space left on device');

    rmSync(filler);
    const { decisions } = await eventually(async () => {
      const answer = await sender.deliver(alertBody());
      return answer.status === 200 ? answer : null;
    });
    expect(await ended(service, decisions[0]!.execution_id!, 60_000)).toMatchObject({ state: 'succeeded' });
    expect(home.runs()).toHaveLength(1);
    sender.close();
    expect(await service.stop()).toBe(0);
  });
});
