import { spawnSync } from 'node:child_process';
import { accessSync, constants, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { SHELLS } from '../../src/cli/completion.ts';
import { forestall } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const installed = (program: string): boolean =>
  (process.env['PATH'] ?? '').split(':').some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
const missing = SHELLS.filter((shell) => !installed(shell));
if (missing.length > 0)
  console.error(`\n*** not installed: ${missing.join(', ')}: THEIR COMPLETION IS NOT PARSED ***\n`);

const folder = tempDir();
const file = (shell: string) => join(folder, `completion.${shell}`);

beforeAll(async () => {
  for (const shell of SHELLS) {
    const { code, stdout, stderr } = await forestall(['completion', shell]);
    expect([code, stderr]).toEqual([0, '']);
    writeFileSync(file(shell), stdout);
  }
});

/** Command and option names as `--help` prints them. */
async function helpNames(...args: string[]): Promise<{ commands: string[]; options: string[] }> {
  const { stdout } = await forestall([...args, '--help']);
  const section = (title: string) => stdout.split(`${title}:\n`)[1]?.split('\n\n')[0] ?? '';
  const names = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name]) => name!);
  return {
    commands: names(section('Commands'), /^ {2}([a-z]+)/gm).filter((name) => name !== 'help'),
    options: names(section('Options'), /^ {2}(?:-\w, )?(--[\w-]+)/gm),
  };
}

/** What bash offers behind these words; the last one is being typed. */
function offered(...words: string[]): string[] {
  const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _forestall; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script, 'bash', file('bash'), 'forestall', ...words], {
    encoding: 'utf8',
    cwd: folder,
  });
  expect([status, stderr]).toEqual([0, '']);
  return stdout.split('\n').filter(Boolean);
}

test('bash takes it and knows whose it is', () => {
  expect(spawnSync('bash', ['-n', file('bash')], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  const { stdout } = spawnSync('bash', ['-c', `source "$1"; complete -p forestall`, 'bash', file('bash')], {
    encoding: 'utf8',
  });
  expect(stdout).toBe('complete -F _forestall forestall\n');
});

test('bash is offered every command, every option, and what an option takes', async () => {
  const { commands } = await helpNames();
  expect(commands).toEqual(expect.arrayContaining(['serve', 'approve', 'reject', 'status', 'completion']));
  expect(offered('').filter((word) => !word.startsWith('-'))).toEqual(commands);
  for (const command of ['run', 'history', 'resume', 'approve']) {
    expect(offered(command, '--').sort()).toEqual((await helpNames(command)).options.sort());
  }
  expect(offered('app')).toEqual(['approve']);
  expect(offered('completion', 'f')).toEqual(['fish']);
  expect(offered('run', '--log-format', '')).toEqual(['json', 'pretty']);
  expect(offered('history', '--state', 'den')).toEqual(['denied']);
  writeFileSync(join(folder, 'my config.yaml'), '');
  expect(offered('run', '--config', 'my')).toEqual(['my config.yaml']);
  expect(offered('pause', '--reason', '')).toEqual([]);
});

test.each(['zsh', 'fish'] as const)('%s names every command and option', async (shell) => {
  const text = (await forestall(['completion', shell])).stdout;
  const { commands } = await helpNames();
  for (const command of commands) expect(text).toMatch(new RegExp(`\\b${command}\\b`));
  const { options } = await helpNames('history');
  for (const option of options) expect(text).toContain(shell === 'fish' ? ` -l ${option.slice(2)} ` : `${option}[`);
});

test.skipIf(!installed('zsh'))('zsh can parse it', () => {
  expect(spawnSync('zsh', ['-n', file('zsh')], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
});

test.skipIf(!installed('fish'))('fish can parse it', () => {
  expect(spawnSync('fish', ['--no-execute', file('fish')], { encoding: 'utf8' })).toMatchObject({
    status: 0,
    stderr: '',
  });
});

test('another shell is wrong usage', async () => {
  expect(await forestall(['completion', 'tcsh'])).toMatchObject({ code: 2, stdout: '' });
});
