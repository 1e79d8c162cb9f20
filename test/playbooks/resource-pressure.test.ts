import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHost, type Host } from './host.ts';
import { runPlaybook } from './programs.ts';

const MiB = 1_048_576;
let host: Host;
let cgroups: string;
let ends: (() => Promise<void>)[];
beforeEach(() => {
  host = createHost();
  cgroups = join(host.folder, 'cgroup');
  mkdirSync(cgroups);
  writeFileSync(join(cgroups, 'cgroup.controllers'), 'memory\n');
  ends = [];
  // The halves of the watch last a quarter of a second here.
  writeFileSync(join(host.programs.folder, 'sleep'), '#!/bin/bash\nexec /bin/sleep 0.25\n', { mode: 0o755 });
});
afterEach(async () => {
  for (const end of ends) await end();
  host.remove();
});

/** The horizon is short, so that what other programs of this machine do for two seconds is not a leak. */
const relieve = (args: string[], env: Record<string, string> = {}) =>
  runPlaybook('resource-pressure', args, {
    programs: host.programs,
    env: {
      PRESSURE_SAMPLE_SECONDS: '2',
      PRESSURE_SETTLE_SECONDS: '0',
      PRESSURE_CGROUP_ROOT: cgroups,
      PRESSURE_HORIZON: '0',
      ...env,
    },
  });

function cgroup(name: string, megabytes: number, files: Record<string, string> = {}): string {
  const folder = join(cgroups, 'system.slice', name);
  mkdirSync(folder, { recursive: true });
  const all = {
    'memory.current': `${megabytes * MiB}`,
    'memory.stat': 'anon 5\ninactive_file 0\n',
    'memory.max': 'max',
    'memory.high': 'max',
    ...files,
  };
  for (const [file, text] of Object.entries(all)) writeFileSync(join(folder, file), `${text}\n`);
  return folder;
}

/** A bash program that lives until the test ends; resolves once it printed a line. */
async function living(bash: string, script: string, args: string[] = []): Promise<number> {
  const child = spawn(bash, ['-c', script, 'bash', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = new Promise<void>((done) => child.once('exit', () => done()));
  ends.push(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  await new Promise((done) => child.stdout.once('data', done));
  return child.pid!;
}

const grow = (folder: string) =>
  living(
    '/bin/bash',
    `size=$(<"$1/memory.current"); echo ready
while :; do size=$((size + ${MiB})); echo $size >"$1/new"; mv "$1/new" "$1/memory.current"; read -rt 0.1 <> <(:); done`,
    [folder],
  );

describe('resource-pressure', { timeout: 120_000 }, () => {
  test('a real leak under a process limit is found and named; a process without a service is left to a person', async () => {
    const leaker = join(host.folder, 'leaker');
    copyFileSync('/bin/bash', leaker);
    const pid = await living(
      leaker,
      `ulimit -v 2000000; printf -v block '%*s' ${2 * MiB} ''; echo ready; while :; do leak+=$block; read -rt 0.1 <> <(:); done`,
    );
    const run = relieve([], { PRESSURE_HORIZON: '86400' });
    expect(run).toMatchObject({ status: 0, result: { changes: 0, affects: [] } });
    expect(run.stdout).toMatch(
      new RegExp(`process ${pid} \\("leaker"\\) uses .* of its limit of 1\\.9 GiB, and grows by .* a minute`),
    );
    expect(run.result?.summary).toContain('it belongs to no service');
    expect(host.changing()).toEqual([]);
  });

  test('a cgroup that grows towards its limit is found; the one allowed service is restarted, alone', async () => {
    const leaking = cgroup('leaky.service', 100, { 'memory.max': `${1_000 * MiB}` });
    cgroup('large.service', 5_000);
    cgroup('steady.service', 500, { 'memory.max': `${1_000 * MiB}` });
    for (const name of ['leaky.service', 'large.service', 'steady.service']) host.unit(name);
    await grow(leaking);
    const env = { PRESSURE_HORIZON: '3600' };
    const refused = relieve(['leaky'], env);
    expect(refused).toMatchObject({ status: 0, result: { changes: 0 } });
    expect(refused.result?.summary).toMatch(/leaky\.service uses .* PRESSURE_RESTART does not name it/);
    const allowed = { ...env, PRESSURE_RESTART: 'le*.service steady.service' };
    const dry = relieve(['leaky', '--dry-run'], allowed);
    expect(dry).toMatchObject({ status: 0, result: { changes: 1, downtime_seconds: 10, affects: ['leaky.service'] } });
    expect(host.changing()).toEqual([]);
    const run = relieve(['--', 'leaky.service'], allowed);
    expect(run).toMatchObject({ status: 0, result: { changes: 1, affects: ['leaky.service'] } });
    expect(host.changing()).toEqual(['systemctl restart -- leaky.service']);
    expect(relieve(['steady'], allowed)).toMatchObject({ status: 0, result: { changes: 0 } });
    expect(host.changing().length).toBe(1);
  });

  test('a reload comes first, and where it helps nothing else happens', () => {
    const folder = cgroup('app.service', 96, { 'memory.high': `${100 * MiB}`, 'memory.reclaim': '' });
    host.unit('app.service', { CanReload: 'yes' });
    const dry = relieve(['app', '--dry-run'], { PRESSURE_RESTART: '*' });
    expect(dry.result?.summary).toMatch(/would reload it, then reclaim 6\.0 MiB from its cgroup, then restart it/);
    expect(dry.result?.changes).toBe(3);
    // Its reload gives memory back.
    const real = readFileSync(join(host.programs.folder, 'systemctl'), 'utf8').replace(/^#!.*\n\{.*\n/, '');
    host.programs.add(
      'systemctl',
      `if [[ " $* " == *" reload "* ]]; then echo ${20 * MiB} >${folder}/memory.current; fi\n${real}`,
    );
    const run = relieve(['app'], { PRESSURE_RESTART: '*' });
    expect(run).toMatchObject({ status: 0, result: { changes: 1, downtime_seconds: 0 } });
    expect(host.changing()).toEqual(['systemctl reload -- app.service']);
    expect(readFileSync(join(folder, 'memory.reclaim'), 'utf8')).toBe('\n');
  });

  test('then memory.reclaim, by the surplus alone; a service that may not be restarted is not', async () => {
    const folder = cgroup('app.service', 96, { 'memory.max': `${100 * MiB}`, 'memory.reclaim': '' });
    host.unit('app.service', { CanReload: 'yes' });
    const stuck = relieve(['app'], { PRESSURE_RELOAD: '' });
    expect(stuck).toMatchObject({ status: 0, result: { changes: 1 } });
    expect(stuck.result?.summary).toContain('it still stands out; app.service is not restarted');
    expect(readFileSync(join(folder, 'memory.reclaim'), 'utf8')).toBe(`${6 * MiB}\n`);
    writeFileSync(join(folder, 'memory.reclaim'), '');
    await living(
      '/bin/bash',
      `echo ready; until [[ -s $1/memory.reclaim ]]; do read -rt 0.02 <> <(:); done; echo ${50 * MiB} >"$1/memory.current"; read -r <> <(:)`,
      [folder],
    );
    const helped = relieve(['app'], { PRESSURE_RELOAD: '', PRESSURE_RESTART: 'app.service' });
    expect(helped.result?.summary).toContain('reclaimed, it does not stand out any more');
    expect(host.changing()).toEqual([]);
  });

  test('file caches are not pressure', () => {
    cgroup('cache.service', 96, { 'memory.max': `${100 * MiB}`, 'memory.stat': `anon 1\ninactive_file ${90 * MiB}` });
    host.unit('cache.service', { CanReload: 'yes' });
    expect(relieve(['cache'])).toMatchObject({ status: 0, result: { changes: 0 } });
    expect(host.changing()).toEqual([]);
  });

  test('no culprit: nothing to do, and where to look', () => {
    cgroup('app.service', 10);
    const run = relieve(['app']);
    expect(run).toMatchObject({ status: 0, stderr: '', result: { changes: 0, affects: [] } });
    expect(run.result?.summary).toMatch(
      /^nothing to do: nothing of app\.service grows towards a limit \(\d+ % of memory available/,
    );
    expect(run.stdout).toContain('the largest of');
    expect(host.programs.calls()).toEqual([]);
  });

  test.each([
    ['systemd-journald.service', {}, 'is never restarted by a playbook'],
    ['user-named.service', { ActiveState: 'activating' }, 'left alone'],
    ['young.service', { ActiveEnterTimestamp: `@${Math.floor(Date.now() / 1000) - 60}` }, 'left alone'],
  ])('%s is named and left alone', (name, properties, why) => {
    cgroup(name, 99, { 'memory.max': `${100 * MiB}` });
    host.unit(name, { CanReload: 'yes', ...properties });
    const run = relieve([name], { PRESSURE_RESTART: '*' });
    expect(run).toMatchObject({ status: 0, result: { changes: 0 } });
    expect(run.result?.summary).toContain(why);
    expect(run.result?.summary).toContain(`${name} uses 99.0 MiB, 99 % of its limit`);
    expect(host.changing()).toEqual([]);
  });

  test('a restart that takes a forbidden service along does not happen', () => {
    cgroup('db.service', 99, { 'memory.max': `${100 * MiB}` });
    host.unit('db.service', { RequiredBy: 'dbus-broker.service' });
    host.unit('dbus-broker.service');
    const run = relieve(['db'], { PRESSURE_RESTART: '*' });
    expect(run.result).toMatchObject({ changes: 0 });
    expect(run.result?.summary).toContain('dbus-broker.service is never restarted');
    expect(host.changing()).toEqual([]);
  });

  test('names of cgroups are data: odd ones are shown, never evaluated, never taken for a service', () => {
    for (const name of ['x[$(touch canary)].service', 'a b\n"c.service', 'y]=$(touch canary);.scope']) {
      cgroup(name, 99, { 'memory.max': `${100 * MiB}` });
    }
    const run = relieve([], { PRESSURE_RESTART: '*', PRESSURE_RELOAD: '*', PRESSURE_LIMIT_PERCENT: '99' });
    expect(run).toMatchObject({ status: 0, stderr: '', result: { changes: 0 } });
    expect(run.stdout).toContain('"a b\\u000a\\"c.service" uses 99.0 MiB');
    expect(readdirSync(join(import.meta.dirname, '../../config/playbooks'))).not.toContain('canary');
    expect(host.changing()).toEqual([]);
  });

  test.each([
    [['--all'], {}, 'unknown option "--all"'],
    [['a', 'b'], {}, 'one SERVICE is expected'],
    [['--', '-x'], {}, 'not the name of a service'],
    [['a;b'], {}, 'not the name of a service'],
    [[''], {}, 'SERVICE is empty'],
    [[], { PRESSURE_SAMPLE_SECONDS: '1' }, 'has to be 2 or more'],
    [[], { PRESSURE_LIMIT_PERCENT: '101' }, 'expected a whole number from 0 to 100'],
    [[], { PRESSURE_SCOPE: 'all' }, 'expected system or user'],
    [[], { PRESSURE_CGROUP_ROOT: 'cgroup' }, 'not an absolute path'],
  ])('refuses %j %j', (args, env, why) => {
    const run = relieve(args, env as Record<string, string>);
    expect(run).toMatchObject({ status: 2, stdout: '', result: null });
    expect(run.stderr).toContain(why);
    expect(host.programs.calls()).toEqual([]);
  });

  test('--help', () => {
    expect(relieve(['--help'])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^Usage: resource-pressure/),
    });
  });
});
