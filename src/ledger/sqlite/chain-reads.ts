import { CHAINED, type ChainEntry, type ChainHead } from '../chain.ts';
import type { ChainReads, Checkpoint } from '../checkpoint.ts';
import { LedgerUnusable } from '../ledger.ts';
import type { FoundRow, VerifyReads } from '../verify-chain.ts';
import { CHAIN_PAGE, digestsOf } from './chain.ts';
import { openForReading } from './file.ts';
import { SCHEMA_VERSION, schemaVersion } from './migrations.ts';
import { type Sql, statementsOf } from './statements.ts';

const ENTRY = 'seq, kind, row, digest, hash';

type Read = <T>(query: (sql: Sql) => T) => Promise<T>;

export function sqliteChainReads(read: Read): ChainReads {
  return {
    head: () => read(headOf),
    checkpoint: () =>
      read((sql) => {
        const row = sql(
          'SELECT at, entry, hash, entries, kept, pruned, key, signature FROM checkpoints ORDER BY entry DESC, seq DESC LIMIT 1',
        ).get();
        return row === undefined ? null : ({ ...row } as unknown as Checkpoint);
      }),
    entries: (after, upTo) =>
      read(
        (sql) =>
          sql(`SELECT ${ENTRY} FROM chain WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ${CHAIN_PAGE}`).all(
            after,
            upTo,
          ) as unknown as ChainEntry[],
      ),
    kept: (after, upTo) =>
      read(
        (sql) =>
          sql(
            `SELECT ${ENTRY} FROM chain AS c WHERE seq > ?1 AND seq <= ?2 AND digest <> ''
               AND NOT EXISTS (SELECT 1 FROM chain AS n WHERE n.kind = c.kind AND n.row = c.row AND n.seq > c.seq AND n.seq <= ?2)
             ORDER BY seq LIMIT ${CHAIN_PAGE}`,
          ).all(after, upTo) as unknown as ChainEntry[],
      ),
  };
}

function headOf(sql: Sql): ChainHead | null {
  const row = sql('SELECT seq, hash FROM chain ORDER BY seq DESC LIMIT 1').get() as unknown as ChainHead | undefined;
  return row === undefined ? null : { seq: row.seq, hash: row.hash };
}

/** The whole ledger as of now, however long it is read; the service may go on writing meanwhile. */
export function openSqliteVerify(path: string): VerifyReads & { close(): void } {
  const { db } = openForReading(path);
  const schema = schemaVersion(db);
  if (schema !== SCHEMA_VERSION) {
    db.close();
    const what =
      schema < SCHEMA_VERSION
        ? 'is of an earlier version: start the service once, which brings it up to date'
        : 'is of a newer version: verify it with that';
    throw new LedgerUnusable(`ledger ${path} ${what}`);
  }
  const sql = statementsOf(db);
  db.exec('BEGIN');
  return { ...verifyReads(db, sql), close: () => db.close() };
}

/** Reads in a transaction that is under way. */
export function verifyReads(db: Parameters<typeof digestsOf>[0], sql: Sql): VerifyReads {
  return {
    ...sqliteChainReads(async (query) => query(sql)),
    async rows(table, after) {
      const { page } = digestsOf(db, table);
      const noted = sql('SELECT digest FROM chain WHERE kind = ? AND row = ? ORDER BY seq DESC LIMIT 1');
      return page(after).map(
        (row): FoundRow => ({
          ...row,
          noted: (noted.get(CHAINED[table], row.seq)?.['digest'] as string | undefined) ?? null,
        }),
      );
    },
    async missing(table) {
      const row = sql(
        `SELECT min(c.row) AS row FROM chain AS c WHERE kind = ? AND digest <> ''
           AND NOT EXISTS (SELECT 1 FROM ${table} AS t WHERE t.seq = c.row)
           AND NOT EXISTS (SELECT 1 FROM chain AS n WHERE n.kind = c.kind AND n.row = c.row AND n.seq > c.seq)`,
      ).get(CHAINED[table]);
      return row!['row'] as number | null;
    },
    async entry(which) {
      const row =
        'seq' in which
          ? sql('SELECT seq, hash FROM chain WHERE seq = ?').get(which.seq)
          : sql('SELECT seq, hash FROM chain WHERE hash = ?').get(which.hash);
      return row === undefined ? null : ({ ...row } as unknown as ChainHead);
    },
  };
}
