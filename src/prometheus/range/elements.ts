/** Where the elements of an answer stand: `{"data":{"result":[ELEMENT,…]}}`. */
const DEPTH = 3;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

export interface ElementReader {
  /** Takes the next piece of the answer. Throws `TooLong`. */
  push(chunk: Uint8Array): void;
  /** What is left of the answer without its elements, once all of it was pushed. */
  frame(): string;
}

/** An element or what surrounds the elements is longer than any answer of Prometheus has it. */
export class TooLong extends Error {}

/**
 * Cuts the elements out of a query's answer while it arrives, so that a long answer is never in memory as a whole.
 * Elements are handed on as text, and only where they are objects; all else is for who parses the frame to judge.
 */
export function createElementReader(
  onElement: (text: string) => void,
  limits: { readonly element: number; readonly frame: number },
): ElementReader {
  let depth = 0;
  let inText = false;
  let escaped = false;
  /** Pieces of the element that is read; null outside of one. */
  let element: Buffer[] | null = null;
  let elementLength = 0;
  const frame: Buffer[] = [];
  let frameLength = 0;

  function keep(piece: Buffer): void {
    if (piece.length === 0) return;
    if (element !== null) {
      elementLength += piece.length;
      if (elementLength > limits.element) throw new TooLong('a series of the answer is too long');
      element.push(piece);
      return;
    }
    frameLength += piece.length;
    if (frameLength > limits.frame) throw new TooLong('the answer is too long');
    // A copy: a piece of a chunk would keep the whole chunk.
    frame.push(Buffer.from(piece));
  }

  function endElement(): void {
    const text = Buffer.concat(element!).toString('utf8');
    element = null;
    elementLength = 0;
    onElement(text);
  }

  function push(bytes: Uint8Array): void {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at]!;
      if (inText) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inText = false;
        continue;
      }
      if (byte === QUOTE) inText = true;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        if (depth === DEPTH && byte === OPEN_BRACE && element === null) {
          keep(chunk.subarray(from, at));
          element = [];
          from = at;
        }
        depth += 1;
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        depth -= 1;
        if (element !== null && depth === DEPTH) {
          keep(chunk.subarray(from, at + 1));
          endElement();
          from = at + 1;
        }
      } else if (byte === COMMA && depth === DEPTH && element === null) {
        keep(chunk.subarray(from, at));
        from = at + 1;
      }
    }
    keep(chunk.subarray(from));
  }

  return { push, frame: () => Buffer.concat(frame).toString('utf8') };
}
