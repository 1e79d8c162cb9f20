import type { KeyObject } from 'node:crypto';
import { CHAINED, CHAINED_TABLES, type ChainedTable, type ChainHead } from './chain.ts';
import { brokenLink, type ChainReads, type Checkpoint, checkpointProblem, startAfter } from './checkpoint.ts';

/** A row beside what its newest entry says of it. */
export interface FoundRow {
  readonly seq: number;
  readonly id: string;
  /** Of the row as it is. */
  readonly digest: string;
  /** Null: there is no entry; empty: it says that the row was removed. */
  readonly noted: string | null;
}

/** A whole ledger as of one moment. */
export interface VerifyReads extends ChainReads {
  /** Those behind a number, in their order. */
  rows(table: ChainedTable, after: number): Promise<readonly FoundRow[]>;
  /** The first row whose newest entry says that it is there, and that is not. */
  missing(table: ChainedTable): Promise<number | null>;
  /** The entry with this number, or with this hash. */
  entry(which: { readonly seq: number } | { readonly hash: string }): Promise<ChainHead | null>;
}

export interface ChainProblem {
  readonly what: 'changed' | 'added' | 'missing' | 'entry' | 'checkpoint' | 'head';
  readonly table: ChainedTable | 'chain';
  /** The number of the row or entry; null: of none in particular. */
  readonly row: number | null;
  /** Of the decision or execution; null where that is not known. */
  readonly id: string | null;
  readonly message: string;
}

export interface Verified {
  /** The first thing that does not fit; null: everything does. */
  readonly problem: ChainProblem | null;
  /** Rows that are what their entries say, as far as was looked. */
  readonly rows: number;
  /** Entries from the checkpoint on, or all. */
  readonly entries: number;
  readonly head: ChainHead | null;
  readonly checkpoint: Checkpoint | null;
}

export interface VerifyOptions {
  /** A head that was copied elsewhere; `seq` is null where only the hash is known. */
  readonly head: { readonly seq: number | null; readonly hash: string } | null;
  /** Whose signature the checkpoint has to have; null: anybody's. */
  readonly key: KeyObject | null;
}

/**
 * Goes through the chain, then through every row, and stops at the first that does not fit. Whether something was changed, added
 * or removed cannot always be told from each other: a chain that was made anew from some entry on fits in itself, and only a
 * head from elsewhere shows it.
 */
export async function verifyChain(reads: VerifyReads, { head: outside, key }: VerifyOptions): Promise<Verified> {
  const head = await reads.head();
  const checkpoint = await reads.checkpoint();
  const start = startAfter(checkpoint);
  const known = { head, checkpoint, entries: Math.max(0, (head?.seq ?? 0) - start.seq) };
  let rows = 0;
  const found = (problem: ChainProblem): Verified => ({ ...known, problem, rows });

  const wrong = checkpoint === null ? null : await checkpointProblem(reads, checkpoint, key);
  if (wrong !== null && checkpoint !== null)
    return found(inChain('checkpoint', checkpoint.entry, `the checkpoint at entry ${checkpoint.entry}: ${wrong}`));

  const { last, brokenAt } = await brokenLink(reads, start, Number.MAX_SAFE_INTEGER);
  if (brokenAt !== null) {
    const message = `entry ${brokenAt} of the chain is missing, or does not follow from the one before it: one of the two was changed or removed`;
    return found(inChain('entry', brokenAt, message));
  }
  const cut = outside === null ? null : await headProblem(reads, outside, last, checkpoint);
  if (cut !== null) return found(inChain('head', outside?.seq ?? null, cut));

  for (const table of CHAINED_TABLES) {
    for (let after = 0; ; ) {
      const page = await reads.rows(table, after);
      for (const row of page) {
        const problem = rowProblem(table, row);
        if (problem !== null) return found(problem);
        rows++;
      }
      const end = page.at(-1);
      if (end === undefined) break;
      after = end.seq;
    }
    const gone = await reads.missing(table);
    if (gone !== null) {
      const message = `${CHAINED[table]} ${gone} is missing: the chain says that it was written, and not that it was removed`;
      return found({ what: 'missing', table, row: gone, id: null, message });
    }
  }
  return { ...known, problem: null, rows };
}

function rowProblem(table: ChainedTable, { seq, id, digest, noted }: FoundRow): ChainProblem | null {
  if (noted === digest) return null;
  const name = `${CHAINED[table]} ${seq} (${id})`;
  const about = { table, row: seq, id };
  if (noted === null)
    return { ...about, what: 'added', message: `${name} was added from outside: the chain does not know it` };
  if (noted === '')
    return { ...about, what: 'added', message: `${name} was added from outside: the chain says that it was removed` };
  return { ...about, what: 'changed', message: `${name} was changed: it is not what the chain says of it` };
}

function inChain(what: ChainProblem['what'], row: number | null, message: string): ChainProblem {
  return { what, table: 'chain', row, id: null, message };
}

async function headProblem(
  reads: VerifyReads,
  { seq, hash }: NonNullable<VerifyOptions['head']>,
  last: ChainHead,
  checkpoint: Checkpoint | null,
): Promise<string | null> {
  if (hash === last.hash || hash === checkpoint?.hash) return null;
  if (seq === null) {
    if ((await reads.entry({ hash })) !== null) return null;
    const since = checkpoint === null ? '' : `, or it is older than the checkpoint at entry ${checkpoint.entry}`;
    return `no entry has the hash ${hash}: the chain was cut off or made anew since that head was noted${since}`;
  }
  if (seq > last.seq)
    return `the chain ends at entry ${last.seq}, and the given head is entry ${seq}: its end was cut off`;
  const there = await reads.entry({ seq });
  if (there?.hash === hash) return null;
  if (there === null && checkpoint !== null && seq < checkpoint.entry)
    return `entry ${seq} is older than the checkpoint at entry ${checkpoint.entry} and is not kept: compare a head that was noted later`;
  return `entry ${seq} has another hash than the given head: the chain was made anew from there or before`;
}
