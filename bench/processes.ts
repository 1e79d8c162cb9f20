import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** The environment of everything that is started: nothing of the caller's but what finds programs. */
const ENV: NodeJS.ProcessEnv = { PATH: process.env['PATH'], HOME: '/nonexistent', TZ: 'UTC' };

const STARTED_WITHIN = 30_000;

/** A program that was started here, and is ended here at the latest when the bench ends. */
export interface Program {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Milliseconds from its start to the text that was waited for. */
  readonly startUp: number;
  /** What the pattern found there. */
  readonly match: readonly string[];
  /** How many lines it wrote so far. */
  lines(): number;
  /** Resolves when it is gone. */
  readonly exited: Promise<unknown>;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

/** Starts a program and waits until `ready` is found in what it writes to either output; for nothing where it is null. */
export async function start(
  argv: readonly string[],
  ready: RegExp | null,
  options: { readonly cwd?: string; readonly ipc?: boolean; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Program> {
  const stdio: StdioOptions = options.ipc === true ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'];
  const began = performance.now();
  const child = spawn(argv[0]!, argv.slice(1), { cwd: options.cwd, env: { ...ENV, ...options.env }, stdio });
  running.add(child);
  const gone = once(child, 'exit').finally(() => running.delete(child));
  let lines = 0;
  let match: readonly string[] = [];
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${argv.join(' ')} is not ready: ${text}`)), STARTED_WITHIN);
    let text = '';
    let waiting = ready !== null;
    const found = (): void => {
      waiting = false;
      clearTimeout(timer);
      resolve();
    };
    if (!waiting) found();
    for (const output of [child.stdout!, child.stderr!]) {
      output.setEncoding('utf8').on('data', (chunk: string) => {
        for (let at = chunk.indexOf('\n'); at >= 0; at = chunk.indexOf('\n', at + 1)) lines++;
        if (!waiting) return;
        text += chunk;
        match = ready?.exec(text) ?? [];
        if (match.length > 0) found();
      });
    }
    gone.then(
      () => reject(new Error(`${argv.join(' ')} ended: ${text}`)),
      (error: unknown) => reject(error),
    );
  });
  return {
    pid: child.pid!,
    child,
    startUp: performance.now() - began,
    match,
    lines: () => lines,
    exited: gone,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await gone;
    },
  };
}

/** Resident memory of a process now, bytes. */
export function residentMemory(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line![1]) * 1024;
}
