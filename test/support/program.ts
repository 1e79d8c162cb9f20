import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll } from 'vitest';
import { eventually } from './wait.ts';

export interface RunningProgram {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** What it has written to both of its outputs so far. */
  log(): string;
  /** Ends it and waits until it has; safe to call twice. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const running = new Set<RunningProgram>();

/**
 * Starts a server that is told to listen on 127.0.0.1, finds the port in what it logs (`address=127.0.0.1:PORT`), and waits
 * until the path `ready` of it says 200. Rejects with its log when it does not come up. Stopped after the test file.
 */
export async function startProgram(
  command: string,
  args: readonly string[],
  cwd: string,
  ready = '/-/ready',
): Promise<RunningProgram> {
  const child = spawn(command, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], TZ: 'UTC' },
  });
  let log = '';
  let failed: Error | null = null;
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  }
  child.on('error', (error) => {
    failed = error;
  });
  try {
    const port = await eventually(
      () => {
        assertAlive(child, failed);
        const found = /Listening on"? address=\S*?:(\d+)/.exec(log);
        return found === null ? null : Number(found[1]);
      },
      { timeout: 20_000 },
    );
    const url = `http://127.0.0.1:${port}`;
    await eventually(
      async () => {
        assertAlive(child, failed);
        return (await fetch(url + ready)).ok;
      },
      { timeout: 20_000, interval: 50 },
    );
    const program: RunningProgram = {
      url,
      port,
      pid: child.pid ?? 0,
      log: () => log,
      async stop(signal = 'SIGTERM') {
        running.delete(program);
        await end(child, signal);
      },
    };
    running.add(program);
    return program;
  } catch (error) {
    await end(child, 'SIGKILL');
    throw new Error(`${command} did not start:\n${log}`, { cause: failed ?? error });
  }
}

function assertAlive(child: ChildProcess, failed: Error | null): void {
  if (failed !== null) throw failed;
  if (child.exitCode !== null || child.signalCode !== null)
    throw new Error(`ended with ${child.exitCode ?? child.signalCode}`);
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  const kill = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await exited;
  clearTimeout(kill);
}

afterAll(async () => {
  await Promise.all([...running].map((program) => program.stop('SIGKILL')));
});
