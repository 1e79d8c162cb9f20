import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** The part of a request that says who sends it. */
export type Sender = Pick<IncomingMessage, 'headers' | 'rawHeaders'>;

/** `webhook` delivers alerts and predictions, `read` reads, `operate` does everything. */
export type Role = 'webhook' | 'read' | 'operate';

export interface Token {
  readonly name: string;
  readonly role: Role;
  readonly value: string;
}

/** Who sends a request. */
export interface Caller {
  readonly name: string;
  readonly role: Role;
}

export function may({ role }: Caller, needed: Role): boolean {
  return role === 'operate' || role === needed;
}

/** Tells which token a request brings, null for none; in a time that does not depend on what it brings. */
export function createTokenCheck(): (sender: Sender, tokens: readonly Token[]) => Caller | null {
  let framed = new Map<string, Buffer>();
  return (sender, tokens) => {
    if (tokens.length !== framed.size || tokens.some(({ value }) => !framed.has(value))) framed = framesOf(tokens);
    const credential = credentialOf(sender);
    if (credential === null) return null;
    let caller: Caller | null = null;
    // Each is compared, also behind one that fits: how long it takes does not tell which it was.
    for (const { name, role, value } of tokens) {
      const token = framed.get(value)!;
      const fits = timingSafeEqual(frameOf(credential, token.length), token);
      if (fits && value !== '') caller ??= { name, role };
    }
    return caller;
  };
}

/** In a frame a token is found by its length and its bytes; all frames of a check are equally long. */
const LENGTH_BYTES = 4;

function framesOf(tokens: readonly Token[]): Map<string, Buffer> {
  const values = tokens.map(({ value }) => [value, Buffer.from(value)] as const);
  const size = LENGTH_BYTES + Math.max(0, ...values.map(([, bytes]) => bytes.length));
  return new Map(values.map(([value, bytes]) => [value, frameOf(bytes, size)]));
}

/** `timingSafeEqual` wants equal lengths. What does not fit in is cut off, and differs by its length. */
function frameOf(bytes: Buffer, size: number): Buffer {
  const frame = Buffer.alloc(size);
  frame.writeUInt32LE(bytes.length);
  bytes.copy(frame, LENGTH_BYTES);
  return frame;
}

const CREDENTIALS = /^(bearer|basic) +([^\s,]+)$/i;

/** The token after `Bearer`, or the password after `Basic`; null for anything else, two headers among it. */
function credentialOf(sender: Sender): Buffer | null {
  const header = sender.headers.authorization;
  if (header === undefined || countOf('authorization', sender.rawHeaders) !== 1) return null;
  const match = CREDENTIALS.exec(header);
  if (match === null) return null;
  // Node decodes header bytes as latin1: this gives the bytes back.
  if (match[1]!.toLowerCase() === 'bearer') return Buffer.from(match[2]!, 'latin1');
  const pair = Buffer.from(match[2]!, 'base64');
  const colon = pair.indexOf(':');
  return colon < 0 ? null : pair.subarray(colon + 1);
}

function countOf(name: string, rawHeaders: readonly string[]): number {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const raw = rawHeaders[at]!;
    if (raw.length === name.length && raw.toLowerCase() === name) count += 1;
  }
  return count;
}
