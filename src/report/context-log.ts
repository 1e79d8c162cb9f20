import { lstat, mkdir, readFile, readlink, realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Execution } from '../execution/execution.ts';
import { contextEntry, entryId, entryTime } from './context-entry.ts';
import { acquireLock } from './file-lock.ts';
import { addIssue, ContextLogUnusable, EMPTY_LOG } from './issues-text.ts';
import { replaceFile } from './replace-file.ts';

/** Reading and scanning block the process; a log beyond this size would block it for more than a second. */
const LARGEST = 50 * 1024 * 1024;

/** How often to begin again when somebody else wrote the file meanwhile. */
const ATTEMPTS = 5;

/**
 * Adds the execution to the context log, once: an execution that is in it already changes nothing. The file is created
 * where it is missing, and replaced by rename; a symbolic link stays one and its target is replaced; everything that the
 * file held stays. Programs that write it without our lock are noticed up to the moment of the rename.
 *
 * Rejects, with the file as it was, where it cannot be read as a context log (`ContextLogUnusable`), is held by another
 * process, or cannot be written.
 */
export async function appendToContextLog(path: string, execution: Execution): Promise<void> {
  const target = await targetOf(path);
  await mkdir(dirname(target), { recursive: true });
  const lock = await acquireLock(`${target}.lock`);
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        return await append(target, execution, () => lock.confirm());
      } catch (error) {
        if (error instanceof ContextLogUnusable) throw new ContextLogUnusable(`context log ${path}: ${error.message}`);
        if (!(error instanceof ChangedMeanwhile) || attempt === ATTEMPTS) throw error;
      }
    }
  } finally {
    await lock.release();
  }
}

class ChangedMeanwhile extends Error {
  override readonly name = 'ChangedMeanwhile';
}

async function append(target: string, execution: Execution, confirm: () => Promise<void>): Promise<void> {
  const before = await look(target);
  const text = before === null ? EMPTY_LOG : await read(target, before.size);
  const added = addIssue(text, contextEntry(execution), (taken) => entryId(entryTime(execution), taken));
  if (added === null) return;
  await replaceFile(target, added, {
    mode: before?.mode ?? 0o600,
    ...(before === null ? {} : { owner: before }),
    async before() {
      await confirm();
      if ((await look(target))?.version !== before?.version) {
        throw new ChangedMeanwhile(`${target} is being changed by another program all the time`);
      }
    },
  });
}

interface Look {
  /** Differs whenever the file was written or replaced. */
  readonly version: string;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Null where there is no file. */
async function look(target: string): Promise<Look | null> {
  try {
    const found = await stat(target, { bigint: true });
    if (!found.isFile()) throw new ContextLogUnusable('it is not a file; name another path');
    return {
      version: `${found.ino}:${found.size}:${found.mtimeNs}`,
      size: Number(found.size),
      mode: Number(found.mode) & 0o7777,
      uid: Number(found.uid),
      gid: Number(found.gid),
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Bytes that are no UTF-8 could not be written back as they were. */
async function read(target: string, size: number): Promise<string> {
  if (size > LARGEST)
    throw new ContextLogUnusable(`it is larger than ${LARGEST / 1024 / 1024} MiB; move old entries away`);
  const bytes = await readFile(target);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ContextLogUnusable('it is not UTF-8; it was left alone: convert it');
  }
}

/** The file itself behind any symbolic links, also where the last of them points to nothing yet. */
async function targetOf(path: string): Promise<string> {
  let current = resolve(path);
  for (let links = 0; links < 40; links++) {
    try {
      return await realpath(current);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    const found = await lstat(current).catch(() => null);
    if (found === null || !found.isSymbolicLink()) return current;
    current = resolve(dirname(current), await readlink(current));
  }
  return current;
}
