import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { tempDir } from '../support/temp.ts';
import { eventually } from '../support/wait.ts';

const PROGRAM = '/usr/bin/strace';

export const hasStrace = existsSync(PROGRAM);

/** Tests that need strace are skipped, loudly, where it is not installed; in CI that is a failure. */
if (!hasStrace) {
  if (process.env['CI'] === 'true') throw new Error(`${PROGRAM} is not installed, and in CI nothing is skipped`);
  console.warn(`SKIPPED: ${PROGRAM} is not installed (Debian: apt-get install strace)`);
}

export interface Tracing {
  /** What was traced so far, a line a call. */
  lines(): readonly string[];
  /** Lets the process go on as if nothing had been. Safe to call twice, and after its end. */
  detach(): Promise<void>;
  /** Resolves when the traced process, and whatever it started, is gone. */
  ended(): Promise<void>;
}

const tracing = new Set<ChildProcess>();

/**
 * Goes before a program so that it is killed when one of its threads makes the `when`-th of these calls, its start-up
 * included. The program keeps the pid that it would have without.
 */
export function killedAt(call: string, when: number): readonly string[] {
  return injecting(call, `signal=KILL:when=${when}`);
}

/** Goes before a program some of whose calls shall fail, as for `strace -e inject`. */
export function injecting(call: string, what: string): readonly string[] {
  const silent = ['--daemonize', '--follow-forks', '-qqq', '-o', '/dev/null'];
  return [PROGRAM, ...silent, '-e', `trace=${call}`, '-e', `inject=${call}:${what}`];
}

/**
 * Traces a process that runs already, with all of its threads and what they start, so that its start-up is not counted.
 * `expressions` as for `strace -e`. `when=N` of an injection counts in each thread and for each call by itself. Rejects
 * where the process cannot be traced.
 */
export async function attach(pid: number, expressions: readonly string[]): Promise<Tracing> {
  const file = join(tempDir(), 'strace.txt');
  // Whole pages: what is written is found by what stands in it.
  const args = [
    '-f',
    '-y',
    '-s',
    '4200',
    '-o',
    file,
    ...expressions.flatMap((text) => ['-e', text]),
    '-p',
    String(pid),
  ];
  const child = spawn(PROGRAM, args, { stdio: ['ignore', 'ignore', 'pipe'], env: {} });
  tracing.add(child);
  const exited = once(child, 'exit').then(() => void tracing.delete(child));
  let said = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await eventually(
    () => {
      if (child.exitCode !== null) throw new Error(`strace ended: ${said}`);
      return said.includes(`Process ${pid} attached`);
    },
    { timeout: 20_000 },
  );
  return {
    lines: () => readFileSync(file, 'utf8').split('\n').filter(Boolean),
    async detach() {
      child.kill('SIGINT');
      // It can wait for a tracee that it missed the end of; the kernel lets go of the others when it is killed.
      const patience = setTimeout(() => child.kill('SIGKILL'), 3_000);
      await exited;
      clearTimeout(patience);
    },
    ended: () => exited,
  };
}

afterAll(async () => {
  for (const child of tracing) {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
});
