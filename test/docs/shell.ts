import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll } from 'vitest';
import { ENV } from '../support/service.ts';
import { ROOT } from '../support/source-text.ts';
import { tempDir } from '../support/temp.ts';

export interface Shell {
  /** Runs a command line to its end; both outputs in the order in which they were written. */
  run(text: string): Promise<{ readonly code: number; readonly output: string }>;
  close(): void;
}

const open = new Set<Shell>();

/**
 * A bash whose folder and variables stay from one command to the next. What is not set, and any part of a pipe, fails. A
 * command may take `patience` milliseconds.
 */
export function openShell(folder: string, env: Readonly<Record<string, string>>, patience = 60_000): Shell {
  const files = tempDir();
  const child = spawn('bash', ['--norc', '--noprofile', '-s'], {
    cwd: folder,
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
    env: {
      ...ENV,
      PATH: `${join(folder, 'bin')}:${join(ROOT, 'node_modules/.bin')}:${process.env['PATH']}`,
      HOME: join(folder, 'home'),
      LC_ALL: 'C.UTF-8',
      ...env,
    },
  });
  let settle: ((code: number) => void) | null = null;
  createInterface({ input: child.stdio[3] as NodeJS.ReadableStream }).on('line', (line) => settle?.(Number(line)));
  child.once('exit', () => settle?.(-1));
  child.stdin!.on('error', () => settle?.(-1));
  child.stdin!.write('set -u -o pipefail\n');
  let count = 0;

  const shell: Shell = {
    async run(text) {
      const script = join(files, `${++count}.sh`);
      const output = join(files, `${count}.out`);
      writeFileSync(script, `${text}\n`);
      const timer = setTimeout(() => settle?.(-2), patience);
      const code = await new Promise<number>((resolve) => {
        settle = resolve;
        child.stdin!.write(`. '${script}' >'${output}' 2>&1 </dev/null; echo $? >&3\n`);
      });
      clearTimeout(timer);
      return { code, output: readFileSync(output, 'utf8') };
    },
    close() {
      open.delete(shell);
      if (child.exitCode !== null || child.signalCode !== null) return;
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // Gone already.
      }
    },
  };
  open.add(shell);
  return shell;
}

afterAll(() => {
  for (const shell of open) shell.close();
});
