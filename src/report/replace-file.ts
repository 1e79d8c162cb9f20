import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export interface Replacement {
  /** Permission bits, whatever the umask is. */
  readonly mode: number;
  /** Owner and group to keep where the process may set them. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Asked when the new file is complete and durable, just before it takes the old one's place; a rejection leaves the old one. */
  readonly before?: () => Promise<void>;
}

/**
 * Puts `content` in the place of the file: readers see the old file or the new one, never a part, also after a crash. The
 * temporary file lies beside it, with a name that neither begins nor ends like it, and is removed when anything fails.
 */
export async function replaceFile(path: string, content: string, options: Replacement): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomUUID()}.tmp`);
  const file = await open(temporary, 'wx', 0o600);
  try {
    try {
      await file.writeFile(content, 'utf8');
      if (options.owner !== undefined) await keepOwner(file, options.owner);
      await file.chmod(options.mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await options.before?.();
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  await syncFolder(folder);
}

/** Only root may give a file away; for everybody else the new file is their own, as any editor's would be. */
async function keepOwner(file: FileHandle, owner: { readonly uid: number; readonly gid: number }): Promise<void> {
  const now = await file.stat();
  if (now.uid !== owner.uid || now.gid !== owner.gid) await file.chown(owner.uid, owner.gid).catch(() => {});
}

/** Makes the rename durable. Some file systems cannot sync a folder; the file's content is safe without. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  if (handle === null) return;
  await handle.sync().catch(() => {});
  await handle.close();
}
