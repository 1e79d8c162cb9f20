import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { ENV, forestall, makeHome } from '../support/service.ts';

vi.setConfig({ testTimeout: 60_000 });

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const hasTerminals = existsSync('/usr/bin/script');
if (!hasTerminals) console.error('\n*** script(1) is not installed: COLOUR ON A TERMINAL IS NOT TESTED ***\n');

const ESCAPE = /\x1b\[/;
const home = makeHome();
const ARGUMENTS = ['check', '--config', home.config];

/** What `check` shows on a terminal. */
function onTerminal(env: NodeJS.ProcessEnv): string {
  const command = [process.execPath, MAIN, ...ARGUMENTS].map((word) => `'${word}'`).join(' ');
  return spawnSync('/usr/bin/script', ['-qec', command, '/dev/null'], {
    encoding: 'utf8',
    env: { ...ENV, TERM: 'xterm', ...env },
  }).stdout;
}

test.skipIf(!hasTerminals)('colour is on a terminal, unless NO_COLOR is set', () => {
  expect(onTerminal({})).toMatch(/\x1b\[32mok {7}/);
  const plain = onTerminal({ NO_COLOR: '1' });
  expect(plain).toMatch(/^ok {7}/m);
  expect(plain).not.toMatch(ESCAPE);
});

test('a pipe gets none', async () => {
  const { stdout } = await forestall(ARGUMENTS, { env: { FORCE_COLOR: '1', TERM: 'xterm' } });
  expect(stdout).toMatch(/^ok {7}/m);
  expect(stdout).not.toMatch(ESCAPE);
});
