import type { DatabaseSync } from 'node:sqlite';
import { CHAIN_START, CHAINED, CHAINED_TABLES, type ChainEntry, type ChainHead } from '../chain.ts';
import { NEWEST, type NewestEntries } from '../newest-entries.ts';
import { digestsOf } from './chain.ts';

/** Within a transaction. */
export function newestEntries(db: Pick<DatabaseSync, 'prepare'>): NewestEntries {
  const digests = new Map<string, ReturnType<typeof digestsOf>['one']>(
    CHAINED_TABLES.map((table) => [CHAINED[table], digestsOf(db, table).one]),
  );
  const checkpoint = db
    .prepare('SELECT entry AS seq, hash FROM checkpoints ORDER BY entry DESC, seq DESC LIMIT 1')
    .get() as ChainHead | undefined;
  return {
    entries: db
      .prepare(`SELECT seq, kind, row, digest, hash FROM chain ORDER BY seq DESC LIMIT ${NEWEST}`)
      .all() as unknown as ChainEntry[],
    start: checkpoint ?? CHAIN_START,
    digestOf: (kind, row) => digests.get(kind)?.(row) ?? '',
    unknown: CHAINED_TABLES.flatMap((table) => {
      const kind = CHAINED[table];
      const found = db
        .prepare(
          `SELECT seq AS row FROM ${table} WHERE seq = (SELECT max(seq) FROM ${table})
             AND NOT EXISTS (SELECT 1 FROM chain WHERE kind = ? AND row = ${table}.seq)`,
        )
        .get(kind);
      return found === undefined ? [] : [{ kind, row: found['row'] as number }];
    }),
  };
}
