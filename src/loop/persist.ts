import { setTimeout as delay } from 'node:timers/promises';
import { LedgerUnavailable } from '../ledger/ledger.ts';
import type { Logger } from '../logger.ts';

const LONGEST_PAUSE = 10_000;

/**
 * Repeats a write until the ledger takes it: what happened has to be on record, however long the disk is full. Gives up,
 * with the ledger's error, only when `signal` says that the process is going; the next start then finds the row as it was.
 */
export async function persist<T>(write: () => Promise<T>, signal: AbortSignal, logger: Logger): Promise<T> {
  for (let pause = 100; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) throw error;
      logger.warn({ err: error, retry_in_ms: pause }, 'the ledger does not take a write; trying again');
      try {
        await delay(pause, undefined, { signal });
      } catch {
        throw error;
      }
    }
  }
}
