import { closeSync } from 'node:fs';
import { makePipeEnds, type PipeEnds } from './output-pipe.ts';

/** Keeps one pipe ahead, so that a phase need not wait for the process that makes it. */
export interface PipeStore {
  /** Makes the first one ahead, where nobody has taken one yet. */
  prepare(): void;
  /** The pipe made ahead, or a new one; the next is made meanwhile. Rejects where none can be made now. */
  take(): Promise<PipeEnds>;
  /** Closes what was made ahead. */
  close(): Promise<void>;
}

export function createPipeStore(): PipeStore {
  let closed = false;
  /** Null where there is none ahead, or none could be made: the next `take` tries again, and says why not. */
  let ahead: Promise<PipeEnds | null> = Promise.resolve(null);
  let begun = false;

  async function make(): Promise<PipeEnds | null> {
    return await makePipeEnds().catch(() => null);
  }

  return {
    prepare() {
      if (!begun && !closed) ahead = make();
      begun = true;
    },
    async take() {
      begun = true;
      const ready = ahead;
      ahead = ready.then(() => (closed ? null : make()));
      return (await ready) ?? (await makePipeEnds());
    },
    async close() {
      closed = true;
      const left = await ahead;
      ahead = Promise.resolve(null);
      if (left === null) return;
      closeSync(left.readEnd);
      closeSync(left.writeEnd);
    },
  };
}
