import { newestProblem } from '../newest-entries.ts';
import { type ChainStore, DROP_PAGE } from '../sealing.ts';
import { postgresChainReads } from './chain-reads.ts';
import type { Connections } from './connections.ts';
import { newestEntries } from './newest-entries.ts';
import type { Writer } from './writer.ts';

export function postgresChain({
  read,
  snapshot,
  write,
}: {
  readonly read: Connections['read'];
  readonly snapshot: Connections['snapshot'];
  readonly write: Writer['write'];
}): ChainStore {
  return {
    ...postgresChainReads(read),
    newestProblem: () => snapshot(async (query) => newestProblem(await newestEntries(query))),

    boundary: (since) =>
      read(async (query) => {
        const [row] = await query<{ entry: number }>(
          `SELECT coalesce(
             (SELECT min(c.seq + 1) - 2 FROM chain AS c WHERE c.kind = 'decision' AND c.row =
               (SELECT seq FROM decisions WHERE decided_at >= $1 ORDER BY decided_at, seq LIMIT 1)),
             (SELECT max(seq) FROM chain), 0) AS entry`,
          [since],
        );
        return row!.entry;
      }),

    addCheckpoint: ({ at, entry, hash, entries, kept, pruned, key, signature }) =>
      write(async (query) => {
        const rows = await query(
          `INSERT INTO checkpoints (id, at, entry, hash, entries, kept, pruned, key, signature)
           SELECT $1, $2::bigint, $3::bigint, $4, $5::bigint, $6, $7::bigint, $8, $9
           WHERE NOT EXISTS (SELECT FROM checkpoints WHERE entry >= $3::bigint) RETURNING seq`,
          [`checkpoint_${entry}`, at, entry, hash, entries, kept, pruned, key, signature],
        );
        return rows.length === 1;
      }),

    dropEntries: (upTo, after) =>
      write(async (query) => {
        const rows = await query<{ seq: number; over: boolean }>(
          `SELECT seq, digest = '' OR EXISTS (SELECT FROM chain AS n
               WHERE n.kind = c.kind AND n.row = c.row AND n.seq + 1 > c.seq + 1 AND n.seq + 1 <= $1::bigint + 1) AS over
           FROM chain AS c WHERE seq > $2 AND seq <= $1 ORDER BY seq LIMIT ${DROP_PAGE}`,
          [upTo, after],
        );
        const gone = rows.filter(({ over }) => over).map(({ seq }) => seq);
        if (gone.length > 0) await query('DELETE FROM chain WHERE seq = ANY ($1::bigint[])', [gone]);
        return { dropped: gone.length, next: rows.length === DROP_PAGE ? rows.at(-1)!.seq : null };
      }),
  };
}
