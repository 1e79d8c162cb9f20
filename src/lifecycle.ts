import { setTimeout as delay } from 'node:timers/promises';

/** Cleanups in the order in which their things were built; `stop` runs them in reverse, once, each bounded in time. */
export interface Lifecycle {
  /** Registers the cleanup of something that was just built; `patience`: how long it may take, milliseconds. */
  onStop(name: string, stop: () => Promise<void> | void, patience?: number): void;
  /** Every call waits for the same single stop. Never rejects: what fails is reported. */
  stop(): Promise<void>;
}

const PATIENCE = 10_000;

export function createLifecycle(report: (name: string, error: unknown) => void): Lifecycle {
  const cleanups: { name: string; stop: () => Promise<void> | void; patience: number }[] = [];
  let stopping: Promise<void> | null = null;

  async function stopAll(): Promise<void> {
    for (const { name, stop, patience } of cleanups.reverse()) {
      const timer = new AbortController();
      const tooLong = delay(patience, 'too long', { signal: timer.signal }).catch(() => 'in time');
      try {
        const result = await Promise.race([(async () => stop())(), tooLong]);
        if (result === 'too long') report(name, new Error(`did not stop within ${patience / 1000} s`));
      } catch (error) {
        report(name, error);
      } finally {
        timer.abort();
      }
    }
  }

  return {
    onStop(name, stop, patience = PATIENCE) {
      cleanups.push({ name, stop, patience });
    },
    stop() {
      stopping ??= stopAll();
      return stopping;
    },
  };
}
