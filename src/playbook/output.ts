import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';

export type Phase = 'dry_run' | 'run';

const ID = /^[A-Za-z0-9_-]{1,128}$/;

/** Where a phase's output is kept; null for an id or a phase that cannot be one. */
function outputPath(logDir: string, id: string, phase: string): string | null {
  if (!ID.test(id) || (phase !== 'dry_run' && phase !== 'run')) return null;
  return join(logDir, `${id}.${phase}.log`);
}

/** Opens the log of a phase for writing, empty, mode 0600; the folder is made when it is missing. Never follows a link. */
export async function createOutput(logDir: string, id: string, phase: Phase): Promise<FileHandle> {
  const path = outputPath(logDir, id, phase);
  if (path === null) throw new Error('not the id of an execution');
  await mkdir(logDir, { recursive: true, mode: 0o700 });
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_NONBLOCK, O_APPEND } = constants;
  const handle = await open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    await handle.chmod(0o600);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Removes what was captured of an execution; that there is nothing is no error. */
export async function removeOutput(logDir: string, id: string): Promise<void> {
  for (const phase of ['dry_run', 'run'] as const) {
    const path = outputPath(logDir, id, phase);
    if (path !== null) await rm(path, { force: true });
  }
}

/**
 * The captured output of a phase, bytes as the playbook wrote them (not always UTF-8), without ANSI codes. Null when
 * there is none, or the id is not one. While the phase runs it is what was written until now. `tail`: only so many of the
 * last bytes are in the stream; `size` is that of the whole.
 */
export async function openOutput(
  logDir: string,
  id: string,
  phase: string,
  tail = Number.POSITIVE_INFINITY,
): Promise<{ readonly size: number; readonly stream: Readable } | null> {
  const path = outputPath(logDir, id, phase);
  if (path === null) return null;
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return null;
    throw error;
  }
  const info = await handle.stat();
  if (!info.isFile() || info.size === 0) {
    await handle.close();
    if (!info.isFile()) return null;
    return { size: 0, stream: Readable.from([]) };
  }
  // Up to the size that is announced: the file may grow meanwhile.
  return {
    size: info.size,
    stream: handle.createReadStream({ start: Math.max(0, info.size - tail), end: info.size - 1 }),
  };
}
