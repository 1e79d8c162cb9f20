import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { childEnvironment } from './environment.ts';
import { startProcess } from './spawn.ts';
import { supervise } from './supervise.ts';

export interface CommandRequest {
  readonly argv: readonly string[];
  /** Milliseconds; then its process group is ended. */
  readonly timeout: number;
  /** Default `/`. */
  readonly cwd?: string;
  /** Bytes of standard output that are kept; a command that prints more is ended. */
  readonly maxOutput: number;
  /** Beside the allowed names of the service's own environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface CommandResult {
  /** Null where it did not exit by itself. */
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stdout_truncated: boolean;
  /** The end of standard error, at most 4 KiB. */
  readonly stderr: string;
  readonly timed_out: boolean;
  /** Why it could not be started; null when it was. */
  readonly could_not_start: string | null;
}

const GRACE = 1000;
const LINGER = 200;
const STDERR_LIMIT = 4096;

/** Runs a short command and collects what it prints. Never rejects, and never takes much longer than `timeout`. */
export async function runCommand(request: CommandRequest): Promise<CommandResult> {
  const id = randomUUID();
  const started = await startProcess({
    argv: request.argv,
    cwd: request.cwd ?? '/',
    env: childEnvironment({ FORESTALL_COMMAND_ID: id }, request.env),
    output: 'pipes',
  });
  const nothing = { exit_code: null, signal: null, stdout: '', stdout_truncated: false, stderr: '', timed_out: false };
  if ('problem' in started) return { ...nothing, could_not_start: started.problem };

  const tooMuch = new AbortController();
  const stdout = collect(started.stdout, request.maxOutput, () => tooMuch.abort());
  const stderr = collectEnd(started.stderr);
  const ending = await supervise(started, {
    family: { pgid: started.pid, marker: `FORESTALL_COMMAND_ID=${id}` },
    timeout: request.timeout,
    grace: GRACE,
    signal: tooMuch.signal,
  });
  await Promise.race([Promise.all([stdout.done, stderr.done]), delay(LINGER)]);
  stdout.close();
  stderr.close();
  const exit = ending.how === 'exited' ? ending.exit : { exit_code: null, signal: null };
  return {
    ...exit,
    stdout: stdout.text(),
    stdout_truncated: stdout.truncated(),
    stderr: stderr.text(),
    timed_out: ending.how === 'timed_out',
    could_not_start: null,
  };
}

function collect(stream: Readable | null, limit: number, onLimit: () => void) {
  const pieces: Buffer[] = [];
  let length = 0;
  let truncated = false;
  stream?.on('data', (piece: Buffer) => {
    if (truncated) return;
    pieces.push(piece.subarray(0, limit - length));
    length += piece.length;
    if (length <= limit) return;
    truncated = true;
    onLimit();
  });
  return { ...endOf(stream), text: () => Buffer.concat(pieces).toString('utf8'), truncated: () => truncated };
}

function collectEnd(stream: Readable | null) {
  let kept: Buffer = Buffer.alloc(0);
  stream?.on('data', (piece: Buffer) => {
    const joined = Buffer.concat([kept, piece]);
    kept = Buffer.from(joined.subarray(Math.max(0, joined.length - STDERR_LIMIT)));
  });
  return { ...endOf(stream), text: () => kept.toString('utf8') };
}

/** A child that left the group may hold the pipe for ever: `close` lets go of it. */
function endOf(stream: Readable | null): { done: Promise<void>; close: () => void } {
  stream?.on('error', () => {});
  const done = stream === null ? Promise.resolve() : finished(stream).catch(() => {});
  return { done, close: () => stream?.destroy() };
}
