import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test, vi } from 'vitest';
import { alertBody, ended, makeHome, startService } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 60_000 });

const DATAGRAMS = resolve(fileURLToPath(new URL('../programs/datagrams', import.meta.url)));
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

/** A socket as systemd opens it, and what has arrived there. */
async function notifySocket(): Promise<{ path: string; messages: () => readonly string[] }> {
  const path = join(tempDir(), 'notify');
  const child = spawn(DATAGRAMS, [path], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const lines = () => text.split('\n').slice(0, -1);
  await eventually(() => lines()[0] === 'bound');
  // systemd-notify asks last whether all before it has been read.
  return {
    path,
    messages: () =>
      lines()
        .slice(1)
        .filter((line) => line !== 'BARRIER=1'),
  };
}

test('systemd hears when it serves, reloads and stops, and the watchdog is fed', async () => {
  const { path, messages } = await notifySocket();
  const home = makeHome();
  const service = await startService(home, { env: { NOTIFY_SOCKET: path, WATCHDOG_USEC: '1000000' } });
  await eventually(() => messages().length > 0);
  expect(messages()[0]).toBe('READY=1 | STATUS=serving');
  await eventually(() => messages().filter((message) => message === 'WATCHDOG=1').length >= 2, { timeout: 20_000 });

  const said = () => messages().filter((message) => message !== 'WATCHDOG=1');
  service.signal('SIGHUP');
  await eventually(() => said().length >= 3, { timeout: 20_000 });
  expect(said()[1]).toMatch(/^RELOADING=1 \| MONOTONIC_USEC=[1-9]\d+$/);
  expect(said()[2]).toBe('READY=1 | STATUS=serving');

  home.writeConfig((config) => ({ ...config, surprise: true }));
  service.signal('SIGHUP');
  await eventually(() => said().length >= 5, { timeout: 20_000 });
  expect(said()[4]).toBe('READY=1 | STATUS=serving; the last reload failed, see the log');

  expect(await service.stop()).toBe(0);
  await eventually(() => said().length >= 6);
  expect(said().slice(5)).toEqual(['STOPPING=1 | STATUS=draining']);
});

test('the watchdog of another process is not fed', async () => {
  const { path, messages } = await notifySocket();
  const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: '2000', WATCHDOG_PID: '1' };
  const service = await startService(makeHome(), { env });
  await eventually(() => messages().length > 0);
  expect(await service.stop()).toBe(0);
  await eventually(() => messages().length >= 2);
  expect(messages()).toEqual(['READY=1 | STATUS=serving', 'STOPPING=1 | STATUS=draining']);
});

test('a systemd that does not answer is logged and holds nothing up', async () => {
  const socket = join(tempDir(), 'nobody');
  const service = await startService(makeHome(), { env: { NOTIFY_SOCKET: socket } });
  await eventually(() => service.log().some(({ msg }) => msg === 'systemd could not be told'), { timeout: 20_000 });
  expect((await service.get('/-/ready')).status).toBe(200);
  expect(await service.stop()).toBe(0);
});

test('playbooks see neither the socket nor where the secrets are', async () => {
  const { path } = await notifySocket();
  const folder = tempDir();
  const seen = join(folder, 'seen');
  const playbook = join(folder, 'tells-its-environment');
  writeFileSync(playbook, `#!/bin/sh\nenv >"${seen}"\n`);
  chmodSync(playbook, 0o755);
  const home = makeHome({
    config: (config) => ({ ...config, playbooks: { recording: { version: '1.0', run: [playbook, '{resource}'] } } }),
  });
  const env = {
    NOTIFY_SOCKET: path,
    CREDENTIALS_DIRECTORY: folder,
    WATCHDOG_USEC: '60000000',
    STATE_DIRECTORY: folder,
  };
  const service = await startService(home, { env });
  const [decision] = ((await (await service.post('/webhook', alertBody())).json()) as any).decisions;
  await ended(service, decision.execution_id);
  expect(readFileSync(seen, 'utf8')).toMatch(/^FORESTALL_EXECUTION_ID=/m);
  expect(readFileSync(seen, 'utf8')).not.toMatch(/^(?:NOTIFY_SOCKET|WATCHDOG|CREDENTIALS|STATE_DIRECTORY)/m);
  await service.stop();
});
