import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ROOT } from '../support/source-text.ts';

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'check ')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(file: string, text: string, mode = 0o644) {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text, { mode });
}

function run(program: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  return new Promise<{ code: number; lines: string[]; output: string }>((resolve) => {
    execFile(program, args, { env: { ...env }, cwd: '/' }, (error, stdout, stderr) => {
      resolve({
        code: error === null ? 0 : Number(error.code),
        lines: stdout.trimEnd().split('\n'),
        output: stdout + stderr,
      });
    });
  });
}

const result = (
  passed: number,
  failed: number,
  files: readonly { status: string; assertionResults: readonly { status: string }[] }[] = [],
) => JSON.stringify({ numPassedTests: passed, numFailedTests: failed, testResults: files });

const loadError = { name: 'test/b.test.ts', status: 'failed', message: 'no such module\nat x', assertionResults: [] };
const failedTest = {
  name: 'test/a.test.ts',
  status: 'failed',
  message: '',
  assertionResults: [
    { fullName: 'a good', status: 'passed', failureMessages: [] },
    { fullName: 'a bad', status: 'failed', failureMessages: ['Error: 1 is not 2\n    at y'] },
  ],
};
const BAD = 'test/a.test.ts: a bad: Error: 1 is not 2';
const UNREAD = 'test/b.test.ts: no such module';

describe('scripts/count-tests.ts', () => {
  test.each([
    ['all passed', result(12, 0), '0', ['12 0']],
    ['some failed', result(10, 1, [failedTest]), '1', ['10 1', BAD]],
    ['a file that could not be loaded', result(10, 0, [loadError]), '1', ['10 1', UNREAD]],
    ['both', result(10, 1, [failedTest, loadError]), '1', ['10 2', BAD, UNREAD]],
    [
      'an error outside of any test',
      result(10, 0),
      '1',
      ['10 1', 'the test run exited with 1 and 10 tests passed: see its errors above'],
    ],
    [
      'no test at all',
      result(0, 0),
      '0',
      ['0 1', 'the test run exited with 0 and 0 tests passed: see its errors above'],
    ],
  ])('%s', async (_title, json, status, expected) => {
    put('result.json', json);
    const { lines } = await run(
      process.execPath,
      [join(ROOT, 'scripts', 'count-tests.ts'), join(folder, 'result.json'), status],
      {},
    );
    expect(lines).toEqual(expected);
  });

  test('what passed when it was asked again passed, and is named', async () => {
    const again = { fullName: 'a slow', status: 'passed', failureMessages: ['Error: not within 9 ms\n    at y'] };
    put('result.json', result(1, 0, [{ ...failedTest, status: 'passed', assertionResults: [again] }]));
    const script = join(ROOT, 'scripts', 'count-tests.ts');
    const { output } = await run(process.execPath, [script, join(folder, 'result.json'), '0'], {});
    expect(output.split('\n')).toEqual([
      '1 0',
      'PASSED WHEN ASKED AGAIN: test/a.test.ts: a slow: Error: not within 9 ms',
      '',
    ]);
  });

  test.each(['', '{', '{}'])('a result that cannot be read is an error: %s', async (text) => {
    put('result.json', text);
    const { code } = await run(
      process.execPath,
      [join(ROOT, 'scripts', 'count-tests.ts'), join(folder, 'result.json'), '0'],
      {},
    );
    expect(code).not.toBe(0);
  });
});

/** A project with programs in place of the real tools that succeed or fail as told. */
describe('scripts/check.sh', () => {
  const TOOLS = [
    'prometheus',
    'prometheus-alertmanager',
    'prometheus-node-exporter',
    'ansible-playbook',
    'ip',
    'sshd',
    'strace',
    'systemd-analyze',
    'chromium',
    'initdb',
    'zsh',
    'fish',
    'promtool',
    'shellcheck',
  ];
  const BASICS = ['bash', 'sh', 'dirname', 'mktemp', 'rm', 'find', 'awk', 'sort', 'cat', 'env'];

  beforeEach(() => {
    mkdirSync(join(folder, 'scripts'));
    for (const file of ['check.sh', 'count-tests.ts'])
      copyFileSync(join(ROOT, 'scripts', file), join(folder, 'scripts', file));
    put('src/main.ts', 'process.exitCode = 0;');
    put('package.json', '{"type":"module"}');
    put('alert-rules/a.rules.yml', '');
    put('alert-rules/a.test.yml', '');
    mkdirSync(join(folder, 'basics'));
    for (const name of BASICS) symlinkSync(join('/usr/bin', name), join(folder, 'basics', name));
    mkdirSync(join(folder, 'node_modules', '.bin'), { recursive: true });
    symlinkSync(process.execPath, join(folder, 'node_modules', '.bin', 'node'));
    for (const tool of ['biome', 'tsc']) put(`node_modules/.bin/${tool}`, '#!/bin/sh\n', 0o755);
    for (const tool of TOOLS) put(`tools/${tool}`, '#!/bin/sh\n', 0o755);
    testsThat(result(30, 0), 0);
  });

  function testsThat(json: string, status: number) {
    const script = `#!/bin/sh\nfor a; do case $a in --outputFile.json=*) printf '%s' '${json}' >"\${a#*=}";; esac; done\nexit ${status}\n`;
    put('node_modules/.bin/vitest', script, 0o755);
  }

  const check = (env: Readonly<Record<string, string>> = {}) =>
    run('/bin/bash', [join(folder, 'scripts', 'check.sh')], {
      PATH: `${join(folder, 'tools')}:${join(folder, 'basics')}`,
      POSTGRESQL_VERSIONS: join(folder, 'postgresql'),
      ...env,
    });

  test('counts every test, and each other step as one', async () => {
    const { code, lines, output } = await check();
    expect(lines.at(-1), output).toBe('37 passed, 0 failed');
    expect(code).toBe(0);
  });

  test('runs every step, also after those that failed', async () => {
    put('node_modules/.bin/biome', '#!/bin/sh\nexit 1\n', 0o755);
    put('src/main.ts', 'process.exitCode = 1;');
    testsThat(result(29, 1, [failedTest]), 1);
    const { code, lines, output } = await check();
    expect(lines.at(-1), output).toBe('34 passed, 3 failed');
    expect(lines.filter((line) => line.startsWith('FAILED'))).toEqual([
      'FAILED: format and lint',
      `FAILED: ${BAD}`,
      'FAILED: alert rules are those of the mapping',
    ]);
    expect(code).toBe(1);
  });

  test('tests that leave no result are a failure', async () => {
    put('node_modules/.bin/vitest', '#!/bin/sh\nkill -9 $$\n', 0o755);
    const { code, lines } = await check();
    expect(lines.at(-1)).toBe('7 passed, 1 failed');
    expect(code).toBe(1);
  });

  test('skips what is not installed, loudly', async () => {
    for (const tool of TOOLS) rmSync(join(folder, 'tools', tool));
    const { code, lines, output } = await check();
    expect(lines.filter((line) => line.startsWith('SKIPPED: ')).map((line) => line.split(' ')[1])).toEqual(TOOLS);
    expect(lines.at(-1), output).toBe('34 passed, 0 failed');
    expect(code).toBe(0);
  });

  test('in CI what is not installed is a failure', async () => {
    for (const tool of TOOLS) rmSync(join(folder, 'tools', tool));
    const { code, lines, output } = await check({ CI: 'true' });
    expect(lines.at(-1), output).toBe(`34 passed, ${TOOLS.length} failed`);
    expect(code).toBe(1);
  });
});
