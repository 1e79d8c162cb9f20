import type { FileHandle } from 'node:fs/promises';
import { createAnsiStripper } from './ansi.ts';
import { oneLine } from './text.ts';

/** Most that is kept of one phase's output, in bytes. */
const OUTPUT_LIMIT = 10 * 1024 * 1024;

const RECENT = 4096;
const NOTICE = 256;

/** Keeps the output of a program within a limit, in constant memory, whatever it prints. */
export interface Capture {
  /** Takes a piece; never waits, the piece may be used again afterwards. */
  write(piece: Uint8Array): void;
  /** The last line with something on it, cut to 200 characters, without control characters; null without output. */
  lastLine(): string | null;
  /** Writes what is still to be written. Resolves with the reason where the output could not be kept; never rejects. */
  finish(): Promise<string | null>;
}

/**
 * The first half of `limit` goes to the file as it comes, so that it can be read while the program runs; of the rest
 * the newest half is held in a ring and written by `finish`, after a line that says how much is missing between.
 * Without a file only the last line is known.
 */
export function createCapture(file: FileHandle | null, limit = OUTPUT_LIMIT): Capture {
  const headLimit = Math.floor(limit / 2) - NOTICE;
  const ring = createRing(Math.floor(limit / 2));
  const strip = createAnsiStripper();
  let headBytes = 0;
  let recent: Buffer = Buffer.alloc(0);
  let pending: Buffer[] = [];
  let writing: Promise<void> = Promise.resolve();
  let problem: string | null = null;

  const flush = async (): Promise<void> => {
    const batch = Buffer.concat(pending);
    pending = [];
    if (file === null || problem !== null || batch.length === 0) return;
    try {
      await file.writeFile(batch);
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
  };
  const enqueue = (piece: Buffer): void => {
    if (piece.length === 0) return;
    pending.push(piece);
    if (pending.length === 1) writing = writing.then(flush);
  };

  return {
    write(piece) {
      recent = tailOf(recent, piece);
      if (file === null || problem !== null) return;
      let rest = piece;
      if (headBytes < headLimit) {
        const cut = characterBoundary(piece, headLimit - headBytes);
        headBytes = cut < piece.length ? headLimit : headBytes + cut;
        enqueue(strip(piece.subarray(0, cut)));
        rest = piece.subarray(cut);
      }
      if (rest.length > 0) ring.write(rest);
    },
    lastLine() {
      const text = createAnsiStripper()(recent).toString('utf8');
      const lines = text.split(/[\r\n]+/).map((line) => oneLine(line));
      return lines.findLast((line) => line !== '') ?? null;
    },
    async finish() {
      const { bytes, dropped } = ring.read();
      if (dropped === 0) {
        enqueue(strip(bytes));
      } else {
        const from = Math.max(0, Math.min(bytes.indexOf(0x0a) + 1, RECENT));
        enqueue(Buffer.from(`\n[forestall: ${dropped + from} bytes of output are left out here; ${limit} are kept]\n`));
        enqueue(createAnsiStripper()(bytes.subarray(from)));
      }
      await writing;
      return problem;
    },
  };
}

function tailOf(recent: Buffer, piece: Uint8Array): Buffer {
  if (piece.length >= RECENT) return Buffer.from(piece.subarray(piece.length - RECENT));
  const joined = Buffer.concat([recent, piece]);
  return joined.subarray(Math.max(0, joined.length - RECENT));
}

/** The largest cut up to `at` that does not part the bytes of one UTF-8 character. */
function characterBoundary(piece: Uint8Array, at: number): number {
  if (at >= piece.length) return piece.length;
  let cut = at;
  while (cut > 0 && at - cut < 3 && ((piece[cut] ?? 0) & 0xc0) === 0x80) cut--;
  return cut;
}

function createRing(size: number) {
  let buffer: Buffer | null = null;
  let total = 0;
  return {
    write(piece: Uint8Array): void {
      buffer ??= Buffer.allocUnsafe(size);
      const kept = piece.length > size ? piece.subarray(piece.length - size) : piece;
      const start = (total + piece.length - kept.length) % size;
      const first = Math.min(kept.length, size - start);
      buffer.set(kept.subarray(0, first), start);
      buffer.set(kept.subarray(first), 0);
      total += piece.length;
    },
    read(): { bytes: Buffer; dropped: number } {
      if (buffer === null) return { bytes: Buffer.alloc(0), dropped: 0 };
      if (total <= size) return { bytes: buffer.subarray(0, total), dropped: 0 };
      const start = total % size;
      return { bytes: Buffer.concat([buffer.subarray(start), buffer.subarray(0, start)]), dropped: total - size };
    },
  };
}
