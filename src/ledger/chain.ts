import { hash } from 'node:crypto';
import { toStored } from './text.ts';

/**
 * The record's hash chain. Each change of a row that says what was decided or done is followed, in its own transaction, by an
 * entry that holds the digest of the whole row and commits to the entry before it. Whoever changes, adds or removes a row, or an
 * entry, without the service leaves a row that is not what its newest entry says, or an entry that does not follow. Whoever can
 * write the store can also make the chain anew from there on: that is found by a head that was copied elsewhere in time.
 */
export const CHAINED = {
  decisions: 'decision',
  executions: 'execution',
  checkpoints: 'checkpoint',
} as const;

export type ChainedTable = keyof typeof CHAINED;
export type ChainKind = (typeof CHAINED)[ChainedTable];

export const CHAINED_TABLES = Object.keys(CHAINED) as readonly ChainedTable[];

/** A row of `kind` with that number was written, or removed, and is now what `digest` says. */
export interface Touched {
  readonly kind: ChainKind;
  readonly row: number;
  /** Hexadecimal; empty: the row was removed. */
  readonly digest: string;
}

export interface ChainEntry extends Touched {
  /** 1, 2, 3, … without a gap. */
  readonly seq: number;
  /** Hexadecimal, of the entry before it and of this one. */
  readonly hash: string;
}

/** Where a chain ends: who keeps it elsewhere can tell later that nothing before it was changed. */
export type ChainHead = Pick<ChainEntry, 'seq' | 'hash'>;

/** What the first entry follows. */
export const CHAIN_START: ChainHead = { seq: 0, hash: '0'.repeat(64) };

export const sha256 = (text: string): string => hash('sha256', text, 'hex');

function hashAfter(before: ChainHead, { kind, row, digest }: Touched): string {
  return sha256(`${before.hash}\n${before.seq + 1}\n${kind}\n${row}\n${digest}\n`);
}

/** The entries that note these rows, in their order. */
export function entriesAfter(head: ChainHead, touched: readonly Touched[]): readonly ChainEntry[] {
  let last = head;
  return touched.map(({ kind, row, digest }) => {
    const entry = { seq: last.seq + 1, kind, row, digest, hash: hashAfter(last, { kind, row, digest }) };
    last = entry;
    return entry;
  });
}

/** Whether an entry stands behind `before` as it was written. */
export function follows(before: ChainHead, entry: ChainEntry): boolean {
  return entry.seq === before.seq + 1 && entry.hash === hashAfter(before, entry);
}

/** A value as a driver reads it. */
export type Stored = string | number | bigint | null | Uint8Array;

/**
 * A column in the text that a digest is over: its name, what it holds, its length in bytes, and it. What is NULL is left out, so
 * that a column that is added later leaves earlier digests as they are; such a column begins as NULL. Texts are as
 * PostgreSQL keeps them and whole numbers are decimal, so that both engines have the same digest.
 */
export function columnText(name: string, value: Stored): string {
  if (value === null) return '';
  if (typeof value === 'string') {
    const text = toStored(value);
    return `${name}=t${Buffer.byteLength(text)}:${text};`;
  }
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return `${name}=n${value};`;
  if (typeof value === 'number') return `${name}=f${doubleText(value)};`;
  return `${name}=b${Buffer.from(value).toString('hex')};`;
}

function doubleText(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString('hex');
}
