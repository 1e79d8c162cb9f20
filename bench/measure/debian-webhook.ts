import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makeFolder } from '../home.ts';
import { allAccepted } from '../load-client.ts';
import type { Outcome } from '../load-messages.ts';
import { start } from '../processes.ts';

const PROGRAM = '/usr/bin/webhook';

/** Whether it answers when the command has ended, or at once. */
export type HookMode = 'waiting' | 'not waiting';

type Send = (port: number, path: string) => Promise<Outcome>;

/** Null where it is not installed. */
export function webhookVersion(): string | null {
  try {
    return execFileSync(PROGRAM, ['-version'], { encoding: 'utf8' })
      .replace(/^webhook version /, '')
      .trim();
  } catch {
    return null;
  }
}

/** One storm on a fresh process that starts `/bin/true` for each request. */
export async function webhookRound(mode: HookMode, send: Send): Promise<Outcome> {
  return await withWebhook(mode, ['/bin/true'], send);
}

/** How many commands are really started for the requests that are accepted: each makes a file of its own. */
export async function countStarted(mode: HookMode, send: Send): Promise<{ accepted: number; started: number }> {
  const files = join(makeFolder(), 'started');
  mkdirSync(files);
  return await withWebhook(mode, ['/usr/bin/mktemp', '-p', files], async (port, path) => {
    const accepted = allAccepted(await send(port, path)).requests;
    // Done when nothing has been started for two seconds.
    let started = -1;
    for (let now = readdirSync(files).length; now !== started && now < accepted; now = readdirSync(files).length) {
      started = now;
      await delay(2_000);
    }
    return { accepted, started: readdirSync(files).length };
  });
}

async function withWebhook<T>(
  mode: HookMode,
  command: readonly string[],
  use: (port: number, path: string) => Promise<T>,
): Promise<T> {
  const hooks = join(makeFolder(), 'hooks.json');
  const [program, ...args] = command;
  const hook = {
    id: 'bench',
    'execute-command': program,
    'pass-arguments-to-command': args.map((name) => ({ source: 'string', name })),
    'include-command-output-in-response': mode === 'waiting',
  };
  writeFileSync(hooks, JSON.stringify([hook]));
  const port = await freePort();
  const webhook = await start([PROGRAM, '-hooks', hooks, '-ip', '127.0.0.1', '-port', String(port)], null);
  try {
    await accepts(port);
    return await use(port, '/hooks/bench');
  } finally {
    await webhook.stop('SIGKILL');
  }
}

/** It takes a number only, so one is picked for it that was free just now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

async function accepts(port: number): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    try {
      await fetch(`http://127.0.0.1:${port}/`);
      return;
    } catch {
      await delay(20);
    }
  }
  throw new Error(`${PROGRAM} does not answer on port ${port}`);
}
