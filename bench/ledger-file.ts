import { closeSync, fsyncSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { seedChain } from '../src/ledger/sqlite/chain.ts';
import { openSqliteLedger } from '../src/ledger/sqlite/open.ts';
import { approvedInput, changedColumns, type Dialect, mappingTo, type Past, runOne } from './past.ts';

const DIALECT: Dialect = { seq: 'NULL', padded: (text) => `printf('%026d', ${text})` };

/**
 * Fills a new ledger: one execution with its decision is written by the ledger's own code, and copied by SQL under other
 * names and times, whatever columns the schema has.
 */
export async function fillLedger(path: string, past: Past): Promise<void> {
  const ledger = await openSqliteLedger({ path, now: Date.now });
  try {
    await runOne(ledger, approvedInput(mappingTo(past.playbook), Date.now()));
  } finally {
    await ledger.close();
  }
  const db = new DatabaseSync(path);
  db.exec('PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA cache_size = -500000; BEGIN');
  for (const [table, changed] of Object.entries(changedColumns(past, DIALECT))) {
    const texts = (text: string) => (db.prepare(text).all(table) as { text: string }[]).map((row) => row.text);
    const names = texts('SELECT name AS text FROM pragma_table_info(?)');
    const values = names.map((name) => changed[name] ?? name);
    // A million rows are sorted into an index faster than they are added to it one by one.
    const dropped = "FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = ?";
    const again = texts(`SELECT sql AS text ${dropped}`);
    for (const name of texts(`SELECT name AS text ${dropped}`)) db.exec(`DROP INDEX ${name}`);
    db.exec(
      `INSERT INTO ${table} (${names.join(', ')})
       WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${past.executions})
       SELECT ${values.join(', ')} FROM n, (SELECT * FROM ${table} ORDER BY seq LIMIT 1);
       DELETE FROM ${table} WHERE seq = 1`,
    );
    for (const index of again) db.exec(index);
  }
  // What the service finds in the chain when it starts has to be true of these rows.
  db.exec('DELETE FROM chain');
  seedChain(db);
  db.exec('COMMIT');
  db.exec('PRAGMA journal_mode = WAL');
  db.close();
  // Otherwise the first commits that are measured would wait for all of it.
  const file = openSync(path, 'r+');
  fsyncSync(file);
  closeSync(file);
}

/** Bytes of a table with its indexes, those of each row on pages that hold nothing else. */
export function tableBytes(path: string, table: string): number {
  const db = new DatabaseSync(path, { readOnly: true });
  const row = db
    .prepare(
      `SELECT sum(pgsize) AS bytes FROM dbstat
       WHERE aggregate = 1 AND name IN (SELECT name FROM sqlite_schema WHERE tbl_name = ?)`,
    )
    .get(table) as { bytes: number };
  db.close();
  return row.bytes;
}
