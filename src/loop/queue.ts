/** Runs jobs in their order, at most `maxParallel()` at once. A job must not throw. */
export interface Queue {
  add(job: () => Promise<void>): void;
  /** Resolves when nothing waits or runs. */
  idle(): Promise<void>;
  /** Drops what waits; what runs goes on. */
  clear(): void;
  /** Waiting and running. */
  readonly size: number;
}

export function createQueue(maxParallel: () => number): Queue {
  const waiting: (() => Promise<void>)[] = [];
  let running = 0;
  let listeners: (() => void)[] = [];

  function next(): void {
    while (running < maxParallel() && waiting.length > 0) {
      const job = waiting.shift()!;
      running++;
      void job().finally(() => {
        running--;
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
    add(job) {
      waiting.push(job);
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
