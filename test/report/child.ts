import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ROOT } from '../support/source-text.ts';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a module's text with this Node from the project's folder, until it ends. `stderr` may be a file descriptor. */
export async function runNode(
  module: string,
  args: readonly string[] = [],
  stderrTo: 'pipe' | number = 'pipe',
): Promise<Ended> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', module, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', stderrTo],
    env: { PATH: process.env['PATH'], TZ: 'UTC' },
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, stdout, stderr };
}
