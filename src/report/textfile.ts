import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { replaceFile } from './replace-file.ts';

/**
 * Writes metrics where the node exporter's textfile collector reads them: whole or not at all, readable for everybody
 * (0644). Creates the folder. The temporary file beside it does not end in `.prom`, so that the collector never reads it.
 */
export async function writeTextfile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await replaceFile(path, text, { mode: 0o644 });
}
