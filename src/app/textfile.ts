import type { Logger } from '../logger.ts';
import { writeTextfile } from '../report/textfile.ts';

export interface Textfile {
  /** Writes soon; requests that come meanwhile share one write. */
  request(): void;
  /** Writes now. Never rejects: a textfile that cannot be written is logged. */
  write(): Promise<void>;
  /** Resolves when what was requested is written. */
  settled(): Promise<void>;
}

export interface TextfileOptions {
  /** Null: none is configured. */
  readonly path: () => string | null;
  readonly render: () => Promise<string>;
  readonly logger: Logger;
}

export function createTextfile({ path, render, logger }: TextfileOptions): Textfile {
  let last: Promise<void> = Promise.resolve();
  let waiting = false;

  async function writeOnce(): Promise<void> {
    waiting = false;
    const file = path();
    if (file === null) return;
    try {
      await writeTextfile(file, await render());
    } catch (error) {
      logger.warn({ err: error, file }, 'the textfile could not be written');
    }
  }

  function write(): Promise<void> {
    last = last.then(writeOnce);
    return last;
  }

  return {
    request() {
      if (waiting) return;
      waiting = true;
      void write();
    },
    write,
    settled: () => last,
  };
}
