import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { z } from 'zod';
import type { PlaybookResult } from '../execution/execution.ts';
import { oneLine } from './text.ts';

/** Largest result file that is read, in bytes. */
const RESULT_LIMIT = 1024 * 1024;

export type ResultRead =
  /** Null: the playbook wrote none. */
  | { readonly result: PlaybookResult | null; readonly problem: null }
  | { readonly result: null; readonly problem: string };

const count = z.number().nonnegative().nullish();

/** Unknown keys are ignored, each field is optional or null; a field of the wrong type makes the whole unreadable. */
const schema = z.object({
  summary: z.string().nullish(),
  changes: count,
  freed_bytes: count,
  downtime_seconds: count,
  affects: z.array(z.string()).max(1000).nullish(),
});

/** Reads what a playbook wrote to its result file; a link, a pipe or a too large file is refused unread. Never rejects. */
export async function readResultFile(path: string): Promise<ResultRead> {
  const text = await readRegularFile(path);
  if (text === null) return { result: null, problem: null };
  if (typeof text !== 'string') return { result: null, problem: text.problem };
  if (text.trim() === '') return { result: null, problem: null };
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return { result: null, problem: `its result file is not JSON: ${oneLine((error as Error).message)}` };
  }
  return resultFrom(document, 'its result file');
}

/** A result out of a document, whoever wrote it; `what` names it in the problem. */
export function resultFrom(
  document: unknown,
  what: string,
): { readonly result: PlaybookResult; readonly problem: null } | { readonly result: null; readonly problem: string } {
  const parsed = schema.safeParse(document);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue === undefined || issue.path.length === 0 ? 'the document' : issue.path.map(String).join('.');
    return { result: null, problem: `${what} is unusable: ${where}: ${oneLine(issue?.message ?? '')}` };
  }
  const { summary, changes, freed_bytes, downtime_seconds, affects } = parsed.data;
  return {
    result: {
      summary: summary == null ? null : oneLine(summary, 2000),
      changes: changes ?? null,
      freed_bytes: freed_bytes ?? null,
      downtime_seconds: downtime_seconds ?? null,
      affects: (affects ?? []).map((service) => oneLine(service, 256)),
    },
    problem: null,
  };
}

async function readRegularFile(path: string): Promise<string | null | { readonly problem: string }> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const info = await handle.stat();
      if (!info.isFile()) return { problem: 'its result file is not a regular file' };
      if (info.size > RESULT_LIMIT) return { problem: `its result file is larger than ${RESULT_LIMIT} bytes` };
      const buffer = Buffer.alloc(RESULT_LIMIT + 1);
      let length = 0;
      for (;;) {
        const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
        length += bytesRead;
        if (bytesRead === 0) break;
        if (length > RESULT_LIMIT) return { problem: `its result file is larger than ${RESULT_LIMIT} bytes` };
      }
      return buffer.subarray(0, length).toString('utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return null;
    if (code === 'ELOOP') return { problem: 'its result file is a link' };
    return { problem: `its result file cannot be read: ${code ?? String(error)}` };
  }
}
