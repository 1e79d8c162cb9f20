import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface FileWatch {
  close(): void;
}

export interface WatchOptions {
  /** Something may have changed; called at most every `quiet` milliseconds, and every `poll` milliseconds in any case. */
  readonly onMayHaveChanged: () => void;
  /** The folder cannot be watched, so that only the poll is left; said once per problem. */
  readonly onProblem: (message: string) => void;
  readonly poll: number;
}

/** A burst of writes is one change: reported when it was quiet for `QUIET`, and after `LONGEST` also when it was not. */
const QUIET = 40;
const LONGEST = 160;

/**
 * Watches the folder that a file lies in, so that replacing, creating and deleting it is seen, and a symbolic link in it
 * that is swapped (`..data` of a Kubernetes volume). What the kernel does not tell (network file systems, links out of the
 * folder, a folder that does not exist yet) is found by the poll. Keeps no process alive.
 */
export function watchFile(path: string, { onMayHaveChanged, onProblem, poll }: WatchOptions): FileWatch {
  const folder = dirname(path);
  let closed = false;
  let watcher: FSWatcher | null = null;
  let watched: string | null = null;
  let lastProblem: string | null = null;
  let timer: NodeJS.Timeout | null = null;
  let burstBegan = 0;

  function changed(): void {
    if (closed) return;
    const now = performance.now();
    if (timer === null) burstBegan = now;
    else clearTimeout(timer);
    timer = setTimeout(fire, Math.max(0, Math.min(QUIET, burstBegan + LONGEST - now))).unref();
  }

  function fire(): void {
    timer = null;
    if (closed) return;
    void ensureWatched();
    onMayHaveChanged();
  }

  function unwatch(): void {
    watcher?.close();
    watcher = null;
    watched = null;
  }

  /** A folder that was replaced is another one under the same name: the old watch would stay silent for ever. */
  async function ensureWatched(): Promise<void> {
    const id = await stat(folder, { bigint: true }).then(
      ({ dev, ino }) => `${dev}:${ino}`,
      () => null,
    );
    if (closed || (id === watched && watcher !== null)) return;
    unwatch();
    if (id === null) return;
    try {
      watcher = watch(folder, { persistent: false }, changed);
      watcher.on('error', (error) => {
        unwatch();
        problem(error);
      });
      watched = id;
      lastProblem = null;
      changed();
    } catch (error) {
      problem(error as Error);
    }
  }

  function problem(error: Error): void {
    if (closed || error.message === lastProblem) return;
    lastProblem = error.message;
    onProblem(`${folder} cannot be watched (${error.message}): changes are found by looking every ${poll / 1000} s`);
  }

  const interval = setInterval(() => {
    void ensureWatched();
    onMayHaveChanged();
  }, poll).unref();
  void ensureWatched();

  return {
    close() {
      closed = true;
      clearInterval(interval);
      if (timer !== null) clearTimeout(timer);
      unwatch();
    },
  };
}
