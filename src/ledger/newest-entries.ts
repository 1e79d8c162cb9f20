import { CHAINED, type ChainEntry, type ChainHead, type ChainKind, follows } from './chain.ts';

/** So many are held against their rows when a ledger is opened and every hour: the last weeks of most, in some milliseconds. */
export const NEWEST = 500;

/** The end of a chain and what it speaks of, as of one moment. */
export interface NewestEntries {
  /** The newest first, at most `NEWEST`. */
  readonly entries: readonly ChainEntry[];
  /** The newest checkpoint, or what the first entry follows: up to there entries may be gone. */
  readonly start: ChainHead;
  /** Of a row as it is; empty: it is not there. */
  readonly digestOf: (kind: ChainKind, row: number) => string;
  /** The newest row of each table, where the chain knows nothing of it. */
  readonly unknown: readonly { readonly kind: ChainKind; readonly row: number }[];
}

/**
 * Whether the newest entries follow each other, the rows that they speak of are what they say, and the newest rows have one; what is
 * wrong, or null. A value that was changed in a file leaves its structure as it was: nothing but this shows it before something is
 * decided on it.
 */
export function newestProblem({ entries, start, digestOf, unknown }: NewestEntries): string | null {
  const behind = entries.toReversed().filter(({ seq }) => seq > start.seq);
  for (const [at, entry] of behind.entries()) {
    // What the oldest of a full page follows was not read.
    if (at === 0 && behind.length === NEWEST) continue;
    if (!follows(behind[at - 1] ?? start, entry))
      return `entry ${entry.seq} of its hash chain does not follow from the one before it`;
  }
  const kinds: readonly string[] = Object.values(CHAINED);
  const seen = new Set<string>();
  for (const { seq, kind, row, digest } of entries) {
    if (!kinds.includes(kind)) return `entry ${seq} of its hash chain is about nothing that there is`;
    const name = `${kind} ${row}`;
    if (!seen.has(name) && digestOf(kind, row) !== digest) return `${name} is not what its hash chain says of it`;
    seen.add(name);
  }
  const [added] = unknown;
  return added === undefined ? null : `${added.kind} ${added.row} is not known to its hash chain`;
}
