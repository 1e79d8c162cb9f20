import type { DatabaseSync, StatementSync } from 'node:sqlite';
import {
  CHAIN_START,
  CHAINED,
  CHAINED_TABLES,
  type ChainedTable,
  type ChainHead,
  type ChainKind,
  columnText,
  entriesAfter,
  type Stored,
  sha256,
  type Touched,
} from '../chain.ts';

/** The step of the schema that brings the chain. */
export const CHAIN_TABLES = `
  CREATE TABLE chain (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    row INTEGER NOT NULL,
    digest TEXT NOT NULL,
    hash TEXT NOT NULL
  );
  CREATE INDEX chain_row ON chain (kind, row, seq);
  CREATE TABLE checkpoints (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    hash TEXT NOT NULL,
    entries INTEGER NOT NULL,
    kept TEXT NOT NULL,
    pruned INTEGER NOT NULL,
    key TEXT NOT NULL,
    signature TEXT NOT NULL
  );
`;

/**
 * Notes on this connection, and on it alone, which rows are written, whatever statement writes them: triggers that live as long
 * as it does. What others write in the file is not noted, and so is found.
 */
const NOTES = `
  ${CHAINED_TABLES.map((table) => {
    const note = (row: string) => `SELECT chain_note('${CHAINED[table]}', ${row});`;
    return `
      CREATE TEMP TRIGGER ${table}_inserted AFTER INSERT ON main.${table} BEGIN ${note('NEW.seq')} END;
      CREATE TEMP TRIGGER ${table}_updated AFTER UPDATE ON main.${table} BEGIN ${note('OLD.seq')} ${note('NEW.seq')} END;
      CREATE TEMP TRIGGER ${table}_deleted AFTER DELETE ON main.${table} BEGIN ${note('OLD.seq')} END;`;
  }).join('')}
`;

export interface ChainWriter {
  /** Adds the entries of what was written in this transaction: the last thing before its commit. */
  append(): void;
  /** How many writes were noted so far in this transaction. */
  mark(): number;
  /** What was noted since then was undone. */
  undo(mark: number): void;
  /** Whether a row is there and is what its newest entry says. */
  fits(kind: ChainKind, row: number): boolean;
}

/** On a connection that writes; what it writes from here on is noted. */
export function chainOn(db: DatabaseSync): ChainWriter {
  let notes: Pick<Touched, 'kind' | 'row'>[] = [];
  // A function costs a write some microseconds; a table of notes cost it fifty.
  db.function('chain_note', (kind, row) => {
    notes.push({ kind: kind as ChainKind, row: row as number });
    return null;
  });
  db.exec(NOTES);
  const append = appender(db);
  const digests = Object.fromEntries(
    CHAINED_TABLES.map((table) => [CHAINED[table], digestsOf(db, table).one]),
  ) as Record<ChainKind, (row: number) => string | null>;
  const noted = db.prepare('SELECT digest FROM chain WHERE kind = ? AND row = ? ORDER BY seq DESC LIMIT 1');
  return {
    fits(kind, row) {
      const digest = digests[kind](row);
      return digest !== null && noted.get(kind, row)?.['digest'] === digest;
    },
    mark: () => notes.length,
    undo(mark) {
      notes.length = mark;
    },
    append() {
      const rows = new Map(notes.map((note) => [`${note.kind} ${note.row}`, note]));
      notes = [];
      if (rows.size > 0)
        append([...rows.values()].map(({ kind, row }) => ({ kind, row, digest: digests[kind](row) ?? '' })));
    },
  };
}

/** First entries for rows that are older than the chain. */
export function seedChain(db: DatabaseSync): void {
  const append = appender(db);
  for (const table of ['decisions', 'executions'] as const) {
    const { page } = digestsOf(db, table);
    for (let after = 0, rows = page(after); rows.length > 0; rows = page(after)) {
      append(rows.map(({ seq, digest }) => ({ kind: CHAINED[table], row: seq, digest })));
      after = rows.at(-1)!.seq;
    }
  }
}

function appender(db: DatabaseSync): (touched: readonly Touched[]) => void {
  const head = db.prepare('SELECT seq, hash FROM chain ORDER BY seq DESC LIMIT 1');
  const insert = db.prepare('INSERT INTO chain (seq, kind, row, digest, hash) VALUES (?, ?, ?, ?, ?)');
  return (touched) => {
    const last = (head.get() as unknown as ChainHead | undefined) ?? CHAIN_START;
    for (const { seq, kind, row, digest, hash } of entriesAfter(last, touched))
      insert.run(seq, kind, row, digest, hash);
  };
}

/** So many rows are read at once. */
export const CHAIN_PAGE = 500;

interface RowDigest {
  readonly seq: number;
  readonly id: string;
  readonly digest: string;
}

interface Digests {
  /** Null: there is no such row. */
  one(row: number): string | null;
  /** Behind a row, in their order. */
  page(after: number): readonly RowDigest[];
}

/** Over every column that the table has, sorted by their names. */
export function digestsOf(db: Pick<DatabaseSync, 'prepare'>, table: ChainedTable): Digests {
  const names = db
    .prepare(`SELECT name FROM pragma_table_info('${table}')`)
    .all()
    .map((row) => row['name'] as string)
    .sort();
  const columns = names.map((name) => `"${name}"`).join(', ');
  const prepare = (text: string, bigInts: boolean): StatementSync => {
    const statement = db.prepare(`SELECT ${columns} FROM ${table} ${text}`);
    statement.setReturnArrays(true);
    statement.setReadBigInts(bigInts);
    return statement;
  };
  const digest = (row: readonly Stored[]): string => {
    let text = '';
    for (let at = 0; at < names.length; at++) {
      const value = row[at]!;
      if (value !== null) text += columnText(names[at]!, value);
    }
    return sha256(text);
  };
  const ONE = 'WHERE seq = ?';
  const one = prepare(ONE, false);
  const page = prepare(`WHERE seq > ? ORDER BY seq LIMIT ${CHAIN_PAGE}`, true);
  const [seq, id] = [names.indexOf('seq'), names.indexOf('id')];
  /** Numbers that we write are read quickly; of what others wrote every digit counts. */
  const read = (row: number): readonly Stored[] | undefined => {
    try {
      return one.get(row) as unknown as readonly Stored[] | undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_OUT_OF_RANGE') throw error;
      return prepare(ONE, true).get(row) as unknown as readonly Stored[] | undefined;
    }
  };
  return {
    one(row) {
      const found = read(row);
      return found === undefined ? null : digest(found);
    },
    page: (after) =>
      (page.all(after) as unknown as (readonly Stored[])[]).map((row) => ({
        seq: Number(row[seq]),
        id: String(row[id]),
        digest: digest(row),
      })),
  };
}
