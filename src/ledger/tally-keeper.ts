import type { Tally, TallyBook } from './tally.ts';

/** At the latest after this time, milliseconds, what was counted in memory is written back, unless told otherwise. */
const WRITE_BACK = 30_000;
/** What a pause refused is asked for when it ends, by any process: it is written back after this time, milliseconds. */
export const WRITE_SOON = 1_000;
/** So many distinct entries are written back at once. */
const MANY = 1_000;

export interface TallyKeeper {
  /** Something was counted; `soon`: others are about to ask for it. */
  counted(soon?: boolean): void;
  /** Writes back what was counted until now, as far as the store can be reached. */
  flush(): Promise<void>;
  /** Writes back what is left, as far as the store can be reached. */
  close(): Promise<void>;
}

/** Writes a tally book back, now and then. What cannot be written now is kept for the next time. */
export function createTallyKeeper(options: {
  readonly tallies: TallyBook;
  readonly now: () => number;
  readonly send: (tally: Tally) => Promise<unknown>;
  readonly writeBack?: number;
}): TallyKeeper {
  const { tallies, now, send, writeBack = WRITE_BACK } = options;
  let timer: NodeJS.Timeout | null = null;
  let hurried = false;
  let writing: Promise<boolean> | null = null;

  async function writeOnce(): Promise<boolean> {
    const tally = tallies.next(now());
    if (tally === null) return false;
    try {
      await send(tally);
      tallies.confirm(tally.number);
      return true;
    } catch {
      return false;
    }
  }

  function write(): Promise<boolean> {
    writing ??= writeOnce().finally(() => {
      writing = null;
      if (tallies.size() > 0) schedule();
    });
    return writing;
  }

  function schedule(soon = false): void {
    if (timer !== null && soon && !hurried) {
      clearTimeout(timer);
      timer = null;
    }
    hurried ||= soon;
    timer ??= setTimeout(
      () => {
        timer = null;
        hurried = false;
        void write();
      },
      soon ? WRITE_SOON : writeBack,
    ).unref();
  }

  return {
    counted(soon) {
      schedule(soon);
      if (tallies.size() >= MANY) void write();
    },
    async flush() {
      // A batch that is under way was closed before; what was counted since then is the next one.
      await write();
      if (tallies.size() > 0) await write();
    },
    async close() {
      if (await write()) while (await write());
      if (timer !== null) clearTimeout(timer);
    },
  };
}
