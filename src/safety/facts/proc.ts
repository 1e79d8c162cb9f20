import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { type FactContext, FactFailure } from '../fact.ts';

const LIMIT = 1024 * 1024;

/** A file below `/proc` as text; at most 1 MiB. Rejects with the system's error where it cannot be read. */
export async function readProcFile({ procRoot }: FactContext, name: string): Promise<string> {
  const handle = await open(join(procRoot, name), constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const pieces: Buffer[] = [];
    let length = 0;
    for (;;) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(16_384), 0, 16_384, null);
      if (bytesRead === 0) return Buffer.concat(pieces).toString('utf8');
      length += bytesRead;
      if (length > LIMIT) throw new FactFailure(`/proc/${name} is larger than ${LIMIT} bytes`);
      pieces.push(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

/** The same for a file that every Linux has: a failure says what is missing. */
export async function requireProcFile(context: FactContext, name: string): Promise<string> {
  try {
    return await readProcFile(context, name);
  } catch (error) {
    if (error instanceof FactFailure) throw error;
    throw new FactFailure(`/proc/${name} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
}
