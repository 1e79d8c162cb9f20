import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { CHAIN_START, type ChainEntry, type ChainHead, follows } from './chain.ts';

/**
 * What stands in the place of entries that are gone: rows that were pruned, and earlier states of rows. The chain goes on behind
 * `entry`; of the entries up to it those stay that are the newest of a row that is still there, and `kept` commits to them.
 * The signature says that a process that held the key saw the whole chain up to `entry` fit before it dropped anything. It does
 * not say what was in the rows that went.
 */
export interface Checkpoint {
  /** Epoch milliseconds. */
  readonly at: number;
  /** The number and hash of the last entry that it stands for. */
  readonly entry: number;
  readonly hash: string;
  /** How many of the entries up to it stay, and the digest over them. */
  readonly entries: number;
  readonly kept: string;
  /** Rows that were removed since the ledger began. */
  readonly pruned: number;
  /** Ed25519, SPKI, base64. */
  readonly key: string;
  /** Base64. */
  readonly signature: string;
}

export type UnsignedCheckpoint = Omit<Checkpoint, 'key' | 'signature'>;

/** What a chain is read from, in pages; entries are in the order of their numbers. */
export interface ChainReads {
  head(): Promise<ChainHead | null>;
  /** The newest one. */
  checkpoint(): Promise<Checkpoint | null>;
  /** Behind `after`, up to `upTo`. */
  entries(after: number, upTo: number): Promise<readonly ChainEntry[]>;
  /** The same, of those that are the newest of their row among those up to `upTo`, and say that it is there. */
  kept(after: number, upTo: number): Promise<readonly ChainEntry[]>;
}

/** All pages, one after the other. */
async function* inOrder(
  page: (after: number, upTo: number) => Promise<readonly ChainEntry[]>,
  after: number,
  upTo: number,
): AsyncGenerator<ChainEntry> {
  for (let last = after; ; ) {
    const entries = await page(last, upTo);
    yield* entries;
    const end = entries.at(-1);
    if (end === undefined) return;
    last = end.seq;
  }
}

/** What a checkpoint keeps of the entries up to `upTo`. */
export async function keptUpTo(
  reads: Pick<ChainReads, 'kept'>,
  upTo: number,
): Promise<Pick<Checkpoint, 'entries' | 'kept'>> {
  const digest = createHash('sha256');
  let entries = 0;
  for await (const { seq, kind, row, digest: content, hash } of inOrder(reads.kept, 0, upTo)) {
    digest.update(`${seq}\n${kind}\n${row}\n${content}\n${hash}\n`);
    entries++;
  }
  return { entries, kept: digest.digest('hex') };
}

/** Null: it is what was signed, by `key` where that is given, and what it keeps is there. Else what is wrong with it. */
export async function checkpointProblem(
  reads: Pick<ChainReads, 'kept'>,
  checkpoint: Checkpoint,
  key: KeyObject | null,
): Promise<string | null> {
  if (!isSigned(checkpoint)) return 'its signature does not fit it';
  if (key !== null && publicText(key) !== checkpoint.key)
    return `it was signed with another key than ${fingerprint(publicText(key))}`;
  const { entries, kept } = await keptUpTo(reads, checkpoint.entry);
  if (entries !== checkpoint.entries || kept !== checkpoint.kept)
    return `it signed ${checkpoint.entries} entries up to number ${checkpoint.entry}, and those that are there (${entries}) are others`;
  return null;
}

/** Behind which entry the chain goes on. */
export function startAfter(checkpoint: Checkpoint | null): ChainHead {
  return checkpoint === null ? CHAIN_START : { seq: checkpoint.entry, hash: checkpoint.hash };
}

/** Walks from `from` to `upTo`; the first entry that does not follow the one before it, or the number of one that is missing. */
export async function brokenLink(
  reads: Pick<ChainReads, 'entries'>,
  from: ChainHead,
  upTo: number,
): Promise<{ readonly last: ChainHead; readonly brokenAt: number | null; readonly removed: number }> {
  let last = from;
  let removed = 0;
  for await (const entry of inOrder(reads.entries, from.seq, upTo)) {
    if (!follows(last, entry)) return { last, brokenAt: last.seq + 1, removed };
    if (entry.digest === '' && entry.kind !== 'checkpoint') removed++;
    last = entry;
  }
  return { last, brokenAt: upTo !== Number.MAX_SAFE_INTEGER && last.seq !== upTo ? last.seq + 1 : null, removed };
}

export function signed(checkpoint: UnsignedCheckpoint, key: KeyObject): Checkpoint {
  const whole = { ...checkpoint, key: publicText(createPublicKey(key)) };
  return { ...whole, signature: sign(null, messageOf(whole), key).toString('base64') };
}

function isSigned(checkpoint: Checkpoint): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(checkpoint.key, 'base64'), format: 'der', type: 'spki' });
    return (
      key.asymmetricKeyType === 'ed25519' &&
      verify(null, messageOf(checkpoint), key, Buffer.from(checkpoint.signature, 'base64'))
    );
  } catch {
    return false;
  }
}

function messageOf({ at, entry, hash, entries, kept, pruned, key }: Omit<Checkpoint, 'signature'>): Buffer {
  return Buffer.from(
    `forestall checkpoint 1\nat ${at}\nentry ${entry}\nhash ${hash}\nentries ${entries}\nkept ${kept}\npruned ${pruned}\nkey ${key}\n`,
  );
}

function publicText(key: KeyObject): string {
  return key.export({ format: 'der', type: 'spki' }).toString('base64');
}

/** Names a key: the end of its text. */
export function fingerprint(key: string): string {
  return `ed25519 …${key.slice(-16)}`;
}
