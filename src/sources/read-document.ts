import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';

/** A predictions file may be this long. */
const MAX_FILE_BYTES = 50 * 1024 * 1024;

/** What tells one state of a file from another without reading it; a file behind a swapped symbolic link differs too. */
export type FileSignature = string;

export type DocumentRead =
  | {
      readonly kind: 'read';
      readonly document: unknown;
      /** Modification time, epoch milliseconds. */
      readonly modified: number;
      /** Same content and modification time as another read: same digest. */
      readonly digest: string;
    }
  | { readonly kind: 'missing' }
  /** `isPassing`: the same file may be readable the next time (permissions, open files), so it is worth another try. */
  | { readonly kind: 'failed'; readonly problem: string; readonly isPassing: boolean };

/** What the path leads to now; null: nothing. Rejects when that cannot be found out. */
export async function signatureOf(path: string): Promise<FileSignature | null> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(':');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Reads and parses a JSON file of bounded length. A pipe or device in its place is refused, never waited for. */
export async function readDocument(
  path: string,
  knownDigest: string | null,
): Promise<DocumentRead | { readonly kind: 'same' }> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return isMissing(error)
      ? { kind: 'missing' }
      : { kind: 'failed', problem: `cannot be opened: ${messageOf(error)}`, isPassing: true };
  }
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) return { kind: 'failed', problem: 'is not a regular file', isPassing: false };
    const bytes = await readBounded(handle, stats.size);
    if (bytes === null) {
      return {
        kind: 'failed',
        problem: `is longer than ${MAX_FILE_BYTES / 1024 / 1024} MiB: split it into several files`,
        isPassing: false,
      };
    }
    const modified = Math.trunc(stats.mtimeMs);
    const digest = createHash('sha256').update(`${modified}\n`).update(bytes).digest('base64');
    if (digest === knownDigest) return { kind: 'same' };
    return { kind: 'read', document: parse(bytes), modified, digest };
  } catch (error) {
    if (error instanceof NotADocument) return { kind: 'failed', problem: error.message, isPassing: false };
    return { kind: 'failed', problem: `cannot be read: ${messageOf(error)}`, isPassing: true };
  } finally {
    await handle.close().catch(() => {});
  }
}

async function readBounded(handle: FileHandle, size: number): Promise<Buffer | null> {
  if (size > MAX_FILE_BYTES) return null;
  let buffer = Buffer.allocUnsafe(Math.max(size + 1, 4096));
  let length = 0;
  while (true) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
    length += bytesRead;
    if (length > MAX_FILE_BYTES) return null;
    if (bytesRead === 0) return buffer.subarray(0, length);
    if (length === buffer.length) {
      const larger = Buffer.allocUnsafe(Math.min(buffer.length * 2, MAX_FILE_BYTES + 1));
      buffer.copy(larger);
      buffer = larger;
    }
  }
}

class NotADocument extends Error {}

/** The messages quote nothing of the file: it may be another one than was meant. */
function parse(bytes: Buffer): unknown {
  if (bytes.length === 0) throw new NotADocument('is empty: JSON is needed');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new NotADocument('is not UTF-8 text', { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const position = /at position \d+/.exec(messageOf(error))?.[0];
    throw new NotADocument(`is not JSON, or only half written${position === undefined ? '' : ` (${position})`}`, {
      cause: error,
    });
  }
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/[\p{Cc}\u2028\u2029]/gu, ' ').slice(0, 300);
}
