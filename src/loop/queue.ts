/**
 * Runs jobs in their order, at most `maxParallel()` at once, and of one kind at most `maxOfKind(kind)`: those that wait
 * for their kind let others go first. A job must not throw.
 */
export interface Queue {
  add(kind: string, job: () => Promise<void>): void;
  /** Resolves when nothing waits or runs. */
  idle(): Promise<void>;
  /** Drops what waits; what runs goes on. */
  clear(): void;
  /** Waiting and running. */
  readonly size: number;
}

interface Job {
  readonly kind: string;
  readonly start: () => Promise<void>;
}

export function createQueue(maxParallel: () => number, maxOfKind: (kind: string) => number): Queue {
  const waiting: Job[] = [];
  const ofKind = new Map<string, number>();
  let running = 0;
  let listeners: (() => void)[] = [];

  function count(kind: string, by: number): void {
    running += by;
    ofKind.set(kind, (ofKind.get(kind) ?? 0) + by);
  }

  function next(): void {
    while (running < maxParallel()) {
      const at = waiting.findIndex(({ kind }) => (ofKind.get(kind) ?? 0) < maxOfKind(kind));
      const [job] = at < 0 ? [] : waiting.splice(at, 1);
      if (job === undefined) break;
      count(job.kind, 1);
      void job.start().finally(() => {
        count(job.kind, -1);
        next();
      });
    }
    if (running === 0 && waiting.length === 0) {
      const done = listeners;
      listeners = [];
      for (const listener of done) listener();
    }
  }

  return {
    add(kind, start) {
      waiting.push({ kind, start });
      // Whoever adds first answers its caller: starting a process blocks the event loop for milliseconds.
      setImmediate(next);
    },
    idle() {
      if (running === 0 && waiting.length === 0) return Promise.resolve();
      return new Promise((resolve) => listeners.push(resolve));
    },
    clear() {
      waiting.length = 0;
      next();
    },
    get size() {
      return running + waiting.length;
    },
  };
}
