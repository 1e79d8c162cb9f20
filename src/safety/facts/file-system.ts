import { statfs } from 'node:fs/promises';
import { type FactContext, FactFailure, type FileSystemNumbers, type StatFileSystem, seconds } from '../fact.ts';

const PATIENCE = 2000;

/**
 * statfs(2) with at most one call under way for a path: a dead network mount must not take one thread after the other.
 * Who asks while a call is under way gets its answer, or a failure when it has been waiting for longer than two seconds.
 */
export function createStatFileSystem(now: () => number): StatFileSystem {
  const underWay = new Map<string, { readonly since: number; readonly answer: Promise<FileSystemNumbers> }>();
  return async (path) => {
    const known = underWay.get(path);
    if (known !== undefined) {
      const waiting = now() - known.since;
      if (waiting <= PATIENCE) return known.answer;
      throw new FactFailure(`${path}: its file system has not answered for ${seconds(waiting)}; is it a dead mount?`);
    }
    const answer = statfs(path, { bigint: true }).finally(() => underWay.delete(path));
    underWay.set(path, { since: now(), answer });
    return answer;
  };
}

/**
 * The file system that holds the resource where that is an absolute path, else that of `/`. A path that does not exist
 * is a failure, not the root's numbers.
 */
export async function fileSystemOf({
  prediction,
  statFileSystem,
  timeout,
}: FactContext): Promise<FileSystemNumbers & { readonly path: string }> {
  const path = prediction?.resource.startsWith('/') === true ? prediction.resource : '/';
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const why = `${path}: its file system did not answer within ${seconds(timeout)}; is it a dead mount?`;
    timer = setTimeout(() => reject(new FactFailure(why)), timeout);
  });
  try {
    const { blocks, bfree, bavail, files, ffree } = await Promise.race([statFileSystem(path), late]);
    return { path, blocks, bfree, bavail, files, ffree };
  } catch (error) {
    if (error instanceof FactFailure) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    const what = code === 'ENOENT' ? 'no such file or folder on this host' : `cannot be looked at (${code})`;
    throw new FactFailure(`${path}: ${what}`);
  } finally {
    clearTimeout(timer);
  }
}
