import type { Checkpoint } from '../checkpoint.ts';
import { type ChainStore, DROP_PAGE } from '../sealing.ts';
import type { Sql } from './statements.ts';

export function addCheckpoint(sql: Sql, checkpoint: Checkpoint): boolean {
  const { at, entry, hash, entries, kept, pruned, key, signature } = checkpoint;
  const { changes } = sql(
    `INSERT INTO checkpoints (id, at, entry, hash, entries, kept, pruned, key, signature)
     SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE NOT EXISTS (SELECT 1 FROM checkpoints WHERE entry >= ?3)`,
  ).run(`checkpoint_${entry}`, at, entry, hash, entries, kept, pruned, key, signature);
  return changes === 1;
}

export function dropEntries(
  sql: Sql,
  { upTo, after }: { readonly upTo: number; readonly after: number },
): Awaited<ReturnType<ChainStore['dropEntries']>> {
  const rows = sql(
    `SELECT seq, digest = '' OR EXISTS (SELECT 1 FROM chain AS n
         WHERE n.kind = c.kind AND n.row = c.row AND n.seq > c.seq AND n.seq <= ?1) AS over
     FROM chain AS c WHERE seq > ?2 AND seq <= ?1 ORDER BY seq LIMIT ${DROP_PAGE}`,
  ).all(upTo, after) as unknown as { seq: number; over: number }[];
  const gone = rows.filter(({ over }) => over === 1);
  for (const { seq } of gone) sql('DELETE FROM chain WHERE seq = ?').run(seq);
  return { dropped: gone.length, next: rows.length === DROP_PAGE ? rows.at(-1)!.seq : null };
}
