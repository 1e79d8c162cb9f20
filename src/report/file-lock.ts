import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

export interface LockOptions {
  /** How long to wait for another holder, milliseconds; default 10,000. */
  readonly patience?: number;
  /** A lock of this age, milliseconds, was left behind by a holder that cannot be asked; default 60,000. */
  readonly staleAfter?: number;
}

/** A held lock. */
export interface Lock {
  /** Rejects where somebody else has taken the lock for abandoned: ask before the step that cannot be undone. */
  confirm(): Promise<void>;
  release(): Promise<void>;
}

const POLL = 25;

/**
 * Holds the file `path` against other processes of ours: it exists while the lock is held. A lock whose holder has died
 * is taken over at once where that can be seen from here (same kernel, same process namespace), else when it is old.
 * Rejects when the holder outlasts the patience.
 */
export async function acquireLock(path: string, options: LockOptions = {}): Promise<Lock> {
  const { patience = 10_000, staleAfter = 60_000 } = options;
  const token = JSON.stringify({ pid: process.pid, where: processSpace(), token: randomUUID() });
  const deadline = performance.now() + patience;
  while (!(await create(path, token))) {
    const holder = await readOrNull(path);
    if (holder !== null && (isDead(holder) || (await ageOf(path)) > staleAfter)) {
      await takeAway(path, holder);
    } else if (performance.now() > deadline) {
      throw new Error(`${path} is held by another process; remove it if no process of this service uses it`);
    } else {
      await wait(POLL);
    }
  }
  const isOurs = async () => (await readOrNull(path)) === token;
  return {
    async confirm() {
      if (!(await isOurs())) throw new Error(`${path} was taken over by another process`);
    },
    async release() {
      if (await isOurs()) await unlink(path).catch(() => {});
    },
  };
}

async function create(path: string, token: string): Promise<boolean> {
  try {
    await writeFile(path, token, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Moves an abandoned lock out of the way, and puts it back where it turns out to be somebody's new one. */
async function takeAway(path: string, abandoned: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  const moved = await readOrNull(aside);
  if (moved !== abandoned && moved !== null) await create(path, moved);
  await unlink(aside).catch(() => {});
}

/** A holder that was interrupted between creating and writing its lock left an empty one: only its age tells. */
function isDead(holder: string): boolean {
  try {
    const { pid, where } = JSON.parse(holder) as { readonly pid: number; readonly where: string };
    if (where !== processSpace() || where === '') return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Where process numbers mean the same as here; empty where that cannot be told. */
function processSpace(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return '';
  }
}

async function readOrNull(path: string): Promise<string | null> {
  return await readFile(path, 'utf8').catch(() => null);
}

async function ageOf(path: string): Promise<number> {
  return await stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  );
}
