import type { CopiedRow, CopyTarget } from '../copy.ts';
import { verifyReads } from './chain-reads.ts';
import { openForWriting } from './file.ts';
import { statementsOf } from './statements.ts';

/** Rows that are read or written at once. */
const BATCH = 1_000;

/** A ledger file for copying, brought up to date; held against writing by others until it is closed. */
export function openSqliteCopy(path: string, create: boolean): CopyTarget {
  const { db } = openForWriting(path, create);
  db.exec('PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE');
  const columns = (table: string) =>
    db
      .prepare(`SELECT name FROM pragma_table_info('${table}') ORDER BY name`)
      .all()
      .map((row) => row['name'] as string);
  return {
    name: `sqlite:${path}`,
    columns: async (table) => columns(table),
    async *rows(table) {
      let batch: CopiedRow[] = [];
      for (const row of db.prepare(`SELECT ${columns(table).join(', ')} FROM ${table}`).iterate()) {
        if (batch.push(row as CopiedRow) < BATCH) continue;
        yield batch;
        batch = [];
      }
      yield batch;
    },
    async add(table, rows) {
      const names = columns(table);
      const insert = db.prepare(
        `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')}) ON CONFLICT DO NOTHING`,
      );
      return rows.reduce((added, row) => added + Number(insert.run(...names.map((name) => row[name]!)).changes), 0);
    },
    chain: () => verifyReads(db, statementsOf(db)),
    commit: async () => db.exec('COMMIT'),
    async close() {
      if (db.isTransaction) db.exec('ROLLBACK');
      db.close();
    },
  };
}
