import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test, vi } from 'vitest';
import { PASSWORD, startPostgres, withPostgres } from '../support/postgres.ts';
import { alertBody, ended, forestall, type Home, makeHome, startService } from '../support/service.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 120_000 });

/** As if the cooldown were over. */
const CHANGE = 'UPDATE executions SET started_at = started_at - 300000000';
const BROKEN = /^forestall_ledger_chain_broken (\d)$/m;

/** A service on it runs once and ends in order. */
async function runOnce(home: Home): Promise<void> {
  const service = await startService(home);
  const { decisions } = (await (await service.post('/webhook', alertBody())).json()) as any;
  expect(await ended(service, decisions[0].execution_id)).toMatchObject({ state: 'succeeded' });
  expect(await service.stop()).toBe(0);
}

test('a cooldown that was reset in the file is no start, and no run; what to do is said (fault 32)', async () => {
  const home = makeHome();
  await runOnce(home);
  const db = new DatabaseSync(home.database);
  db.exec(CHANGE);
  db.close();
  const before = readFileSync(home.database);
  for (const command of ['serve', 'run']) {
    const { code, stdout, stderr } = await forestall([command, '--config', home.config]);
    expect([command, code]).toEqual([command, 1]);
    expect(stdout + stderr).toMatch(/changed from outside \(execution 1 is not what its hash chain says of it.*backup/);
  }
  const verified = await forestall(['history', '--verify', '--config', home.config]);
  expect(verified).toMatchObject({ code: 1, stdout: expect.stringMatching(/execution 1 .* was changed/) });
  expect(readFileSync(home.database).equals(before)).toBe(true);
  expect(home.runs()).toHaveLength(1);
});

test.runIf(withPostgres)('in a database it is seen at the start, in the log and in a metric (fault 32)', async () => {
  const server = await startPostgres();
  const database = server.database();
  const home = makeHome({
    config: (config) => ({
      ...config,
      store: `postgres://forestall@127.0.0.1:${server.port}/${database}`,
      store_password_file: 'store-password',
    }),
  });
  writeFileSync(join(home.folder, 'store-password'), PASSWORD);
  await runOnce(home);
  const looked = async (): Promise<string | undefined> => {
    const service = await startService(home);
    const value = await eventually(async () => BROKEN.exec(await (await service.get('/metrics')).text())?.[1]);
    const told = service.log().filter(({ msg }) => /damaged or changed from outside/.test(String(msg)));
    expect(told.map(({ level, problem }) => ({ level, problem }))).toEqual(
      value === '1' ? [{ level: 'error', problem: 'execution 1 is not what its hash chain says of it' }] : [],
    );
    expect(await service.stop()).toBe(0);
    return value;
  };
  expect(await looked()).toBe('0');
  server.sql(database, `SET search_path TO forestall; ${CHANGE}`);
  expect(await looked()).toBe('1');
});
