import { execFileSync } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it, test } from 'vitest';
import { alertBody, DISK, ended, makeHome, type Service, startService } from '../support/service.ts';
import { eventually } from '../support/wait.ts';
import { attach, hasStrace } from './strace.ts';
import { expectSoundHistory } from './traffic.ts';
import { watched } from './watched.ts';

let service: Service | undefined;
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await service?.stop();
});

/** Connections that say `head` and nothing else; resolves when they are there, or refused. */
async function occupy(port: number, count: number, head: string): Promise<void> {
  await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<void>((resolve) => {
          const socket = connect(port, '127.0.0.1', () => {
            socket.write(head);
            resolve();
          });
          sockets.add(socket);
          socket.resume().on('error', () => resolve());
          socket.on('close', () => sockets.delete(socket));
        }),
    ),
  );
}

async function remediates(on: Service): Promise<void> {
  const { decisions } = (await (await on.post('/webhook', alertBody())).json()) as any;
  expect(decisions).toMatchObject([{ verdict: 'approved' }]);
  expect(await ended(on, decisions[0].execution_id)).toMatchObject({ state: 'succeeded' });
}

test('without a file descriptor left it refuses, lives, and goes on when there are some again (fault 48)', async () => {
  const home = makeHome();
  service = await startService(home);
  const { pid, port } = service;
  const used = Number(execFileSync('sh', ['-c', `ls /proc/${pid}/fd | wc -l`], { encoding: 'utf8' }));
  const most = (files: number | string) => execFileSync('prlimit', [`--pid=${pid}`, `--nofile=${files}:`]);
  most(used + 12);
  await occupy(port, 60, 'POST /webhook HTTP/1.1\r\nhost: forestall\r\n');
  await expect(service.post('/webhook', alertBody(), { signal: AbortSignal.timeout(1_000) })).rejects.toThrow();
  expect(home.records()).toEqual([]);
  for (const socket of sockets) socket.destroy();
  most(1_024);
  await eventually(async () => (await service!.get('/-/ready')).ok);
  await remediates(service);
  expect(home.runs()).toHaveLength(1);
});

test('with 64 file descriptors in all it serves, refuses what is too much, and recovers (fault 48)', async () => {
  const home = makeHome();
  service = await startService(home, { wrapper: ['prlimit', '--nofile=64'] });
  await occupy(service.port, 200, 'POST /webhook HTTP/1.1\r\nhost: forestall\r\n');
  const crowded = service.post('/webhook', alertBody(), { signal: AbortSignal.timeout(2_000) }).then(
    ({ status }) => status,
    () => null,
  );
  expect([null, 503]).toContain(await crowded);
  for (const socket of sockets) socket.destroy();
  await eventually(async () => (await service!.get('/-/ready')).ok);
  expect(home.records()).toEqual([]);
  await remediates(service);
  expect(home.runs()).toHaveLength(1);
});

describe.skipIf(!hasStrace)('without what a process is made of', () => {
  it.each([
    ['EAGAIN', 'as many processes as it may have'],
    ['ENOMEM', 'no memory for another one'],
  ])('%s, %s, no playbook starts, it lives, and goes on when there is some again (fault 48)', async (error) => {
    const home = await watched(
      makeHome({
        config: (config) => ({ ...config, facts: { tells: { command: ['/bin/echo', '1'] } } }),
        mapping: (mapping) => {
          const [only] = mapping.mappings;
          const action = { ...only.action, limit_scope: 'resource' };
          const checked = { ...only, resource_filter: '/checked', action, safety_checks: ['tells == 1'] };
          return { ...mapping, mappings: [checked, { ...only, resource_filter: '/data*', action }] };
        },
      }),
    );
    home.writePredictions(['/data', '/data1', '/checked'].map((resource) => ({ ...DISK, resource })));
    service = await home.start();
    // What forks a process, and not what begins a thread.
    const tracing = await attach(service.pid, ['trace=clone,fork,vfork', `inject=clone,fork,vfork:error=${error}`]);
    const end = async (resource: string) => {
      const { decisions } = (await (await service!.post('/webhook', alertBody({ resource }))).json()) as any;
      expect(decisions).toMatchObject([{ verdict: 'approved' }]);
      return await ended(service!, decisions[0].execution_id, 60_000);
    };
    expect(await end('/data')).toMatchObject({
      state: 'dry_run_failed',
      started_at: null,
      message: expect.stringContaining(error),
    });
    expect(await end('/checked')).toMatchObject({ state: 'rejected', message: expect.stringMatching(/tells/) });
    expect((await fetch(`${service.url}/-/healthy`)).status).toBe(200);
    expect(home.records()).toEqual([]);
    await tracing.detach();
    expect(await end('/data1')).toMatchObject({ state: 'succeeded' });
    await service.stop();
    expectSoundHistory(home, [], { mostRuns: 1 });
  });
});

test('its log may end in a pipe that nobody reads any more (fault 52)', async () => {
  const home = makeHome();
  const head = 'exec "$@" 2> >(grep --line-buffered --max-count=1 address >&2)';
  service = await startService(home, { wrapper: ['bash', '-c', head, 'bash'] });
  const { decisions } = (await (await service.post('/webhook', alertBody())).json()) as any;
  expect(await ended(service, decisions[0].execution_id)).toMatchObject({ state: 'succeeded' });
  expect(service.log()).toHaveLength(1);
  expect(await service.stop()).toBe(0);
});
