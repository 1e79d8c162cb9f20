import { closeSync, constants, openSync, unlinkSync } from 'node:fs';
import { Socket } from 'node:net';

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
 * Opens a named pipe (made by `mkfifo`) and unlinks it. One real pipe for both streams keeps their order and lets
 * scripts open `/dev/stderr`; with the socket pairs that node makes, neither holds. `onData` gets a buffer that is used
 * again. The program gets the pipe for reading too: when this service dies, what runs on is then not ended in the middle
 * of its work by a SIGPIPE. Throws where the pipe cannot be opened.
 */
export function openOutputPipe(path: string, onData: (piece: Uint8Array) => void): OutputPipe {
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  let writeEnd: number;
  try {
    writeEnd = openSync(path, constants.O_RDWR);
  } catch (error) {
    closeSync(readEnd);
    throw error;
  }
  unlinkSync(path);
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
