import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';

/** A program of the demo's that runs until it is stopped. */
export interface Running {
  readonly address: string;
  /** Resolves when it answers; rejects with the end of what it printed when it exits first. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

/** The first of these programs on PATH; null when none is installed. */
export function findProgram(names: readonly string[], path: string): string | null {
  for (const folder of path.split(delimiter)) {
    for (const name of names) if (folder !== '' && existsSync(join(folder, name))) return join(folder, name);
  }
  return null;
}

/** A port of loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a program that answers `/-/ready` on `address` once it is up. */
export function launch(program: string, args: readonly string[], address: string, folder: string): Running {
  const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed = (printed + text).slice(-4000);
    });
  }
  const failed = new Promise<never>((_resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${program} ended with exit code ${code}:\n${printed}`)));
  });
  failed.catch(() => undefined);
  const answers = until(30_000, async () => ((await fetch(`http://${address}/-/ready`)).ok ? true : null));
  const ready = Promise.race([answers, failed]).then(() => undefined);
  ready.catch(() => undefined);
  return { address, ready, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await gone;
  clearTimeout(patience);
}

/** Asks again every 100 ms until the answer is not null; rejects after `patience` milliseconds. A rejection counts as null. */
export async function until<T>(patience: number, ask: () => Promise<T | null>): Promise<T> {
  const end = performance.now() + patience;
  let last: unknown = null;
  while (performance.now() < end) {
    try {
      const answer = await ask();
      if (answer !== null) return answer;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`nothing came within ${patience / 1000} s`, { cause: last });
}
