import { createHash } from 'node:crypto';
import { LedgerUnusable } from './ledger.ts';
import { type VerifyReads, verifyChain } from './verify-chain.ts';

export type CopiedRow = Readonly<Record<string, string | number | null>>;

/** One side of a copy: a ledger as of one moment. */
export interface CopySide {
  readonly name: string;
  /** Sorted; without what an engine keeps for itself. */
  columns(table: string): Promise<readonly string[]>;
  rows(table: string): AsyncIterable<readonly CopiedRow[]>;
  close(): Promise<void>;
}

/** The side that is written, in one transaction: nothing is there before `commit`. */
export interface CopyTarget extends CopySide {
  /** Writes those that are not there yet, by their key; how many. */
  add(table: string, rows: readonly CopiedRow[]): Promise<number>;
  commit(): Promise<void>;
  /** What is there, for its hash chain; in the same transaction. */
  chain(): VerifyReads;
}

export interface CopiedTable {
  readonly table: string;
  readonly rows: number;
  /** Of them those that were not there before. */
  readonly added: number;
  /** Over the content of all rows, the same on both sides. */
  readonly digest: string;
}

/** What tells the rows of each table apart. */
export const COPIED: Readonly<Record<string, readonly string[]>> = {
  decisions: ['seq'],
  executions: ['seq'],
  counters: ['kind', 'a', 'b', 'c'],
  prediction_types: ['name'],
  tallies: ['client'],
  pauses: ['name'],
  instances: ['id'],
  reports: ['id'],
  deliveries: ['id'],
  kv: ['key'],
  notes: ['name'],
  samples: ['series', 'at'],
  forecasts: ['source', 'target'],
  scores: ['seq'],
  chain: ['seq'],
  checkpoints: ['seq'],
};

/**
 * Copies a ledger, and compares all of it afterwards, before the target keeps any of it. Rows that are there already are
 * left, so that it can be run again; throws `LedgerUnusable` where one differs, or is none of the source.
 */
export async function copyLedger(source: CopySide, target: CopyTarget): Promise<readonly CopiedTable[]> {
  const copied: CopiedTable[] = [];
  for (const table of Object.keys(COPIED)) {
    const columns = await source.columns(table);
    const known = await target.columns(table);
    if (columns.join() !== known.join()) {
      throw new LedgerUnusable(
        `${table} has the columns ${columns.join(', ')} in ${source.name} and ${known.join(', ')} in ${target.name}: copy with the version that made both`,
      );
    }
    const given = createDigest(columns);
    let added = 0;
    for await (const rows of source.rows(table)) {
      for (const row of rows) given.add(row);
      added += await target.add(table, rows);
    }
    const there = createDigest(columns);
    for await (const rows of target.rows(table)) for (const row of rows) there.add(row);
    if (there.count !== given.count || there.text() !== given.text())
      throw new LedgerUnusable(await difference(table, columns, source, target));
    copied.push({ table, rows: given.count, added, digest: given.text() });
  }
  const { problem } = await verifyChain(target.chain(), { head: null, key: null });
  if (problem !== null) {
    throw new LedgerUnusable(
      `the hash chain of ${source.name} does not fit: ${problem.message}; nothing was copied, see \`forestall history --verify\``,
    );
  }
  await target.commit();
  return copied;
}

/** Of the rows in any order: engines sort texts differently. Rows are told apart by their keys, so that none cancels another. */
function createDigest(columns: readonly string[]) {
  const sum = Buffer.alloc(32);
  let count = 0;
  return {
    get count() {
      return count;
    },
    add(row: CopiedRow) {
      count++;
      const hash = hashOf(row, columns);
      for (let at = 0; at < sum.length; at++) sum[at]! ^= hash[at]!;
    },
    text: () => sum.toString('hex'),
  };
}

function hashOf(row: CopiedRow, columns: readonly string[]): Buffer {
  return createHash('sha256')
    .update(JSON.stringify(columns.map((column) => row[column])))
    .digest();
}

/** Names the first row that differs, and says what to do. */
async function difference(
  table: string,
  columns: readonly string[],
  source: CopySide,
  target: CopyTarget,
): Promise<string> {
  const keyOf = (row: CopiedRow) => JSON.stringify(COPIED[table]!.map((column) => row[column]));
  const given = new Map<string, string>();
  for await (const rows of source.rows(table)) {
    for (const row of rows) given.set(keyOf(row), hashOf(row, columns).toString('base64'));
  }
  for await (const rows of target.rows(table)) {
    for (const row of rows) {
      const key = keyOf(row);
      const known = given.get(key);
      if (known === undefined)
        return `${target.name} holds rows of another ledger, or was written to since: ${table} ${shown(key)} is not in ${source.name}; nothing was copied, name an empty store`;
      if (known !== hashOf(row, columns).toString('base64'))
        return `${table} ${shown(key)} is another one in ${target.name} than in ${source.name}; nothing was copied, name an empty store`;
    }
  }
  return `${table} could not be written as it is in ${source.name}; nothing was copied`;
}

function shown(key: string): string {
  return key.length > 120 ? `${key.slice(0, 119)}…` : key;
}
