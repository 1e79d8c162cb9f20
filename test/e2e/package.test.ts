import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { install, nodeOf, npm, oldNode, type Package, pack } from '../support/package.ts';
import { readText } from '../support/source-text.ts';
import { tempDir } from '../support/temp.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 });

const manifest = JSON.parse(readText('package.json')) as { version: string };
const children = new Set<ChildProcess>();
let packed: Package;
let prefix: string;
/** Where the package was set up: far from the sources, with a Node on the PATH that is too old. */
let site: string;
let env: Record<string, string>;

beforeAll(() => {
  const folder = tempDir();
  packed = pack(folder);
  prefix = join(folder, 'prefix');
  install(packed.tarball, prefix);
  site = tempDir();
  env = { PATH: `${oldNode(join(folder, 'old'))}:${join(prefix, 'bin')}:/usr/bin:/bin`, HOME: '/nonexistent' };
});
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

function start(...args: readonly string[]) {
  const child = spawn('forestall', args, { cwd: site, env, stdio: ['pipe', 'pipe', 'pipe'] });
  children.add(child);
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  return { child, said };
}

/** Runs a command of the installed package to its end, in the folder that was set up. */
async function forestall(args: readonly string[], input = '') {
  const { child, said } = start(...args);
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...said };
}

test('the package holds what runs and what users read, and nothing else', () => {
  const folders = new Set(packed.files.map((path) => path.split('/')[0]!));
  expect([...folders].sort()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'alert-rules',
    'bin',
    'config',
    'deploy',
    'dist',
    'docs',
    'package.json',
  ]);
  expect(packed.files).toEqual(
    expect.arrayContaining(['dist/main.js', 'bin/forestall', 'deploy/systemd/forestall.service']),
  );
  expect(
    packed.files.filter((path) => path.endsWith('.ts') || /(?:^|\/)(?:token|discord-url|data)$/.test(path)),
  ).toEqual([]);
  console.log(`the tarball has ${packed.bytes} bytes and ${packed.files.length} files`);
  expect(packed.bytes).toBeLessThan(4 * 1_048_576);
});

test('it brings the Node that it runs on, and runs where the one on the PATH is too old', async () => {
  expect(await forestall(['--version'])).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' });
  const modules = join(prefix, 'lib/node_modules/forestall/node_modules');
  const [runtime, ...more] = readdirSync(modules).filter((name) => !name.startsWith('.'));
  expect(runtime).toMatch(/^node-linux-/);
  expect(more, 'What the service imports is built in.').toEqual([]);
  expect(nodeOf(join(modules, runtime!, 'bin/node'))).toBe(
    `v${JSON.parse(readText('package.json')).optionalDependencies[runtime!]}`,
  );
});

test('what is built in goes with its licence', () => {
  const text = readFileSync(join(prefix, 'lib/node_modules/forestall/dist/third-party.txt'), 'utf8');
  const { packages } = JSON.parse(readText('package-lock.json'));
  for (const name of ['commander', 'execa', 'hono', 'keyv', 'pino', 'pino-pretty', 'prom-client', 'yaml', 'zod']) {
    const { version, license } = packages[`node_modules/${name}`];
    expect(text).toContain(`\n${name} ${version} (${license})\n`);
  }
  expect(text.match(/Permission is hereby granted|Permission to use, copy/g)!.length).toBeGreaterThan(40);
});

test('its tree is whole, and holds nothing that nobody asked for', () => {
  const tree = JSON.parse(npm(['ls', '--global', '--prefix', prefix, '--all', '--json'], prefix));
  expect(Object.keys(tree.dependencies)).toEqual(['forestall']);
  expect(tree.problems ?? []).toEqual([]);
});

test('init sets it up, and every command works from there', async () => {
  // Nobody listens there, whatever runs on this machine.
  const nowhere = ['--prometheus', 'http://127.0.0.1:1', '--alertmanager', 'http://127.0.0.1:1'];
  const init = await forestall(['init', '--yes', ...nowhere]);
  expect(init, init.stderr).toMatchObject({ code: 0 });
  const config = join(site, 'config/forestall.yaml');
  // A free port, and state in the folder also where this machine runs systemd.
  const text = readFileSync(config, 'utf8').replaceAll('/var/lib/forestall/', `${site}/data/`);
  expect(text).toContain(`${realpathSync(prefix)}/lib/node_modules/forestall/config/playbooks/`);
  writeFileSync(config, text.replace('listen: 127.0.0.1:9096', 'listen: 127.0.0.1:0'));
  writeFileSync(join(site, 'predictions.json'), '[]');

  const check = await forestall(['check']);
  expect(check.code, check.stdout + check.stderr).toBe(0);
  expect(check.stdout).not.toContain('PROBLEM');
  expect(await forestall(['rules', '--check'])).toMatchObject({ code: 0 });
  const explain = ['--type', 'disk_exhaustion', '--resource', '/', '--days', '8', '--confidence', '0.9', '--json'];
  expect(JSON.parse((await forestall(['explain', ...explain])).stdout)).toMatchObject({ execution_id: null });
  const series = {
    series: [
      [1_700_000_000, 0.1],
      [1_700_003_600, 0.2],
    ],
    threshold: 0.9,
    now: 1_700_003_600,
  };
  const forecast = await forestall(['forecast', '--stdin'], `${JSON.stringify(series)}\n`);
  expect(JSON.parse(forecast.stdout)).toHaveProperty('confidence');

  const run = await forestall(['run', '--json']);
  expect(() => JSON.parse(run.stdout), run.stderr).not.toThrow();
  expect([0, 1]).toContain(run.code);
  expect(await forestall(['history'])).toMatchObject({ code: 0 });
});

test('serve answers, with its page, and ends when it is asked to', async () => {
  const { child, said } = start('serve', '--log-format', 'json');
  const address = await eventually(
    () => {
      if (child.exitCode !== null) throw new Error(said.stderr);
      return /"address":"([^"]+)"/.exec(said.stderr)?.[1];
    },
    { timeout: 60_000 },
  );
  const token = readFileSync(join(site, 'config/token'), 'utf8').trim();
  const get = (path: string) => fetch(`http://${address}${path}`, { headers: { authorization: `Bearer ${token}` } });
  expect((await fetch(`http://${address}/metrics`)).status).toBe(401);
  for (const path of ['/-/ready', '/', '/metrics', '/api/v1/status', '/openapi.json'])
    expect((await get(path)).status, path).toBe(200);
  const page = await (await get('/')).text();
  const assets = [...page.matchAll(/(?:src|href)="(\/[^"]*\.(?:css|js|svg)[^"]*)"/g)].map(([, path]) => path!);
  expect(assets.length).toBeGreaterThan(0);
  for (const path of assets) expect((await get(path)).status, path).toBe(200);
  child.kill('SIGTERM');
  expect((await once(child, 'exit'))[0]).toBe(0);
});

test('uninstalling takes the program away and leaves what was set up', async () => {
  npm(['uninstall', '--global', '--prefix', prefix, 'forestall'], prefix);
  expect(existsSync(join(prefix, 'lib/node_modules/forestall'))).toBe(false);
  expect(() => lstatSync(join(prefix, 'bin/forestall'))).toThrow('ENOENT');
  expect(statSync(join(site, 'config/token')).mode & 0o777).toBe(0o600);
});
