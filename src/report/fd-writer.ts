import { writeSync } from 'node:fs';

export interface LineWriter {
  write(line: string): void;
}

/** How long one line may wait for a reader that does not read, milliseconds. */
const PATIENCE = 250;
const NAP = 5;

/**
 * Writes lines to a file descriptor at once, so that nothing is lost when the process exits. Never throws: a line that
 * cannot be written (nobody reads any more, the disk is full) is gone, the service is not. While the reader of a pipe that
 * does not block is stuck, only the first line waits for it; the rest is dropped until it reads again.
 */
export function createFdWriter(fd: number): LineWriter {
  let stuck = false;
  /** A line was cut off: the next one begins on a line of its own. */
  let midLine = false;
  return {
    write(line) {
      let rest = Buffer.from(midLine ? `\n${line}` : line);
      let patience = stuck ? 0 : PATIENCE;
      const whole = rest.length;
      while (rest.length > 0) {
        try {
          rest = rest.subarray(writeSync(fd, rest));
          stuck = false;
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') break;
          if (patience <= 0) {
            stuck = true;
            break;
          }
          patience -= NAP;
          Atomics.wait(SLEEPER, 0, 0, NAP);
        }
      }
      if (rest.length < whole) midLine = rest.length > 0;
    },
  };
}

const SLEEPER = new Int32Array(new SharedArrayBuffer(4));
