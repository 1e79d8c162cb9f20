import { closeSync, constants, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { runCommand } from './command.ts';
import { oneLine } from './text.ts';
import { temporaryPlaces } from './workspace.ts';

/** Both ends of a pipe that nobody reads from yet. */
export interface PipeEnds {
  readonly readEnd: number;
  readonly writeEnd: number;
}

/** The reading end of a pipe that a program writes its standard output and error to, in order. */
export interface OutputPipe {
  /** Descriptor to hand to the program as both; close it with `started` once the program has it. */
  readonly writeEnd: number;
  /** Closes our copy of the writing end, so that the end of all writers is seen. */
  started(): void;
  /** Resolves when every writer has closed it. */
  readonly ended: Promise<void>;
  /** Hears no more of it. What a daemon that holds on to it still writes is dropped, so that it does not block. */
  close(): void;
}

const CHUNK = 64 * 1024;

/**
 * Makes a pipe that has no name any more: by `mkfifo`, as node makes none. One real pipe for both streams of a program
 * keeps their order and lets scripts open `/dev/stderr`; with the socket pairs that node makes, neither holds. Rejects
 * where no place takes one.
 */
export async function makePipeEnds(): Promise<PipeEnds> {
  let failure: unknown;
  for (const place of temporaryPlaces()) {
    let folder: string | null = null;
    try {
      folder = await mkdtemp(join(place, 'forestall-'));
      return await makeIn(join(folder, 'output'));
    } catch (error) {
      failure ??= error;
    } finally {
      if (folder !== null) await rm(folder, { recursive: true, force: true }).catch(() => {});
    }
  }
  throw failure;
}

async function makeIn(path: string): Promise<PipeEnds> {
  const made = await runCommand({ argv: ['mkfifo', '-m', '600', path], timeout: 5000, maxOutput: 1024 });
  if (made.exit_code !== 0) {
    const why = made.could_not_start ?? (made.timed_out ? 'it timed out' : oneLine(made.stderr));
    throw new Error(`an output pipe could not be made by mkfifo: ${why}`);
  }
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    // For reading too: when this service dies, what runs on is not ended in the middle of its work by a SIGPIPE.
    return { readEnd, writeEnd: openSync(path, constants.O_RDWR) };
  } catch (error) {
    closeSync(readEnd);
    throw error;
  }
}

/** Reads from a pipe until its writers are gone. `onData` gets a buffer that is used again. */
export function openOutputPipe({ readEnd, writeEnd }: PipeEnds, onData: (piece: Uint8Array) => void): OutputPipe {
  let listening = true;
  const socket = new Socket({
    fd: readEnd,
    readable: true,
    writable: false,
    onread: {
      buffer: Buffer.allocUnsafe(CHUNK),
      callback(length, buffer) {
        if (listening) onData(buffer.subarray(0, length));
        return true;
      },
    },
  });
  const ended = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.on('error', () => socket.destroy());
  });
  socket.resume();
  let open = true;
  const started = (): void => {
    if (open) closeSync(writeEnd);
    open = false;
  };
  return {
    writeEnd,
    started,
    ended,
    close() {
      started();
      listening = false;
      socket.unref();
    },
  };
}
