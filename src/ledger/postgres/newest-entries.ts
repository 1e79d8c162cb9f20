import { CHAIN_START, CHAINED, CHAINED_TABLES, type ChainEntry, type ChainHead } from '../chain.ts';
import { NEWEST, type NewestEntries } from '../newest-entries.ts';
import { digestOf } from './chain.ts';
import type { Query } from './query.ts';

/** Within a transaction that sees one moment. */
export async function newestEntries(query: Query): Promise<NewestEntries> {
  const entries = await query<ChainEntry>(
    `SELECT seq, kind, row, digest, hash FROM chain ORDER BY seq DESC LIMIT ${NEWEST}`,
  );
  const [checkpoint] = await query<ChainHead>(
    'SELECT entry AS seq, hash FROM checkpoints ORDER BY entry DESC, seq DESC LIMIT 1',
  );
  const digests = new Map<string, string>();
  const unknown: { kind: NewestEntries['unknown'][number]['kind']; row: number }[] = [];
  for (const table of CHAINED_TABLES) {
    const kind = CHAINED[table];
    const rows = await query<{ row: number; digest: string }>(
      `SELECT seq AS row, ${await digestOf(query, table)} AS digest FROM ${table} AS t WHERE seq = ANY ($1::bigint[])`,
      [[...new Set(entries.filter((entry) => entry.kind === kind).map(({ row }) => row))]],
    );
    for (const { row, digest } of rows) digests.set(`${kind} ${row}`, digest);
    const added = await query<{ row: number }>(
      `SELECT seq AS row FROM ${table} AS t WHERE seq = (SELECT max(seq) FROM ${table})
         AND NOT EXISTS (SELECT FROM chain AS c WHERE c.kind = $1 AND c.row = t.seq)`,
      [kind],
    );
    unknown.push(...added.map(({ row }) => ({ kind, row })));
  }
  return {
    entries,
    start: checkpoint ?? CHAIN_START,
    digestOf: (kind, row) => digests.get(`${kind} ${row}`) ?? '',
    unknown,
  };
}
