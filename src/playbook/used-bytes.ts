import { statfs } from 'node:fs/promises';
import { runCommand } from './command.ts';

export interface UsedBytes {
  /** Bytes in use on the file system that holds the path; null where that cannot be had in time. Never rejects. */
  now(path: string): Promise<number | null>;
  /**
   * The same once the work is done. Where nothing seems to be freed, what is not written yet is written first: btrfs and
   * ZFS count freed space only then.
   */
  after(path: string, before: number): Promise<number | null>;
}

/** Milliseconds that each measuring may take altogether. */
const PATIENCE = 2000;

/** As df(1) has it, by statfs(2). A path whose file system has not answered yet is not asked again: see `underWay`. */
export function createUsedBytes(patience = PATIENCE): UsedBytes {
  // A dead network mount keeps a thread until it comes back: one for each path, not one for each run.
  const underWay = new Set<string>();
  const measure = async (path: string): Promise<number | null> => {
    if (underWay.has(path)) return null;
    underWay.add(path);
    try {
      const { bsize, blocks, bfree } = await statfs(path, { bigint: true });
      return blocks > 0n && bfree <= blocks ? Number((blocks - bfree) * bsize) : null;
    } catch {
      return null;
    } finally {
      underWay.delete(path);
    }
  };
  return {
    now: (path) => within(patience, measure(path), () => null),
    async after(path, before) {
      let last: number | null = null;
      const settled = async (): Promise<number | null> => {
        last = await measure(path);
        if (last === null || last < before) return last;
        await runCommand({ argv: ['sync', '-f', '--', path], timeout: patience / 2, maxOutput: 1024 });
        last = (await measure(path)) ?? last;
        return last;
      };
      return within(patience, settled(), () => last);
    },
  };
}

async function within<T>(limit: number, answer: Promise<T>, otherwise: () => T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(otherwise()), limit);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
