import { hash, timingSafeEqual } from 'node:crypto';
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
  let digests = new Map<string, Buffer>();
  return (sender, tokens) => {
    digests = new Map(tokens.map(({ value }) => [value, digests.get(value) ?? digestOf(Buffer.from(value))]));
    const credential = credentialOf(sender);
    if (credential === null) return null;
    const brought = digestOf(credential);
    let caller: Caller | null = null;
    // Each is compared, also behind one that fits: how long it takes does not tell which it was.
    for (const { name, role, value } of tokens) {
      const fits = timingSafeEqual(brought, digests.get(value)!);
      if (fits && value !== '') caller ??= { name, role };
    }
    return caller;
  };
}

/** Hashes have one length, as `timingSafeEqual` wants, and tell nothing about where two texts begin to differ. */
function digestOf(bytes: Buffer): Buffer {
  return hash('sha256', bytes, 'buffer');
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
