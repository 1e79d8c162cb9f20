import type { PostgresStore } from '../../config/config.ts';
import { CHAINED, type ChainEntry, type ChainHead } from '../chain.ts';
import type { ChainReads, Checkpoint } from '../checkpoint.ts';
import type { FoundRow, VerifyReads } from '../verify-chain.ts';
import { CHAIN_PAGE, digestOf } from './chain.ts';
import { createConnect } from './connection.ts';
import { checkNotNewer, settle } from './migrate.ts';
import { nameOf } from './name.ts';
import type { Query } from './query.ts';

const OPEN_PATIENCE = 5_000;
const ENTRY = 'seq, kind, row, digest, hash';

type Read = <T>(work: (query: Query) => Promise<T>) => Promise<T>;

export function postgresChainReads(read: Read): ChainReads {
  return {
    head: () =>
      read(async (query) => {
        const [row] = await query<ChainHead>('SELECT seq, hash FROM chain ORDER BY seq DESC LIMIT 1');
        return row ?? null;
      }),
    checkpoint: () =>
      read(async (query) => {
        const [row] = await query<Checkpoint>(
          'SELECT at, entry, hash, entries, kept, pruned, key, signature FROM checkpoints ORDER BY seq DESC LIMIT 1',
        );
        return row ?? null;
      }),
    entries: (after, upTo) =>
      read((query) =>
        query<ChainEntry>(`SELECT ${ENTRY} FROM chain WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT ${CHAIN_PAGE}`, [
          after,
          upTo,
        ]),
      ),
    kept: (after, upTo) =>
      read((query) =>
        query<ChainEntry>(
          `SELECT ${ENTRY} FROM chain AS c WHERE seq > $1 AND seq <= $2 AND digest <> ''
             AND NOT EXISTS (SELECT FROM chain AS n
               WHERE n.kind = c.kind AND n.row = c.row AND n.seq + 1 > c.seq + 1 AND n.seq + 1 <= $2::bigint + 1)
           ORDER BY seq LIMIT ${CHAIN_PAGE}`,
          [after, upTo],
        ),
      ),
  };
}

/** The whole ledger as of now, however long it is read; services may go on writing meanwhile. */
export async function openPostgresVerify(store: PostgresStore): Promise<VerifyReads & { close(): void }> {
  const name = nameOf(store);
  const connect = await createConnect(store);
  const connection = await connect(OPEN_PATIENCE);
  const { query, script } = connection;
  try {
    await settle(connection, name);
    await script(`SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;
      BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`);
    const [found] = await query<{ schema: number }>('SELECT schema FROM store');
    checkNotNewer(found!.schema, name);
  } catch (error) {
    connection.drop();
    throw error;
  }
  return { ...verifyReads(query), close: () => connection.drop() };
}

/** Reads in a transaction that is under way. */
export function verifyReads(query: Query): VerifyReads {
  return {
    ...postgresChainReads((work) => work(query)),
    rows: async (table, after) =>
      query<FoundRow>(
        `SELECT seq, id, ${await digestOf(query, table)} AS digest,
           (SELECT c.digest FROM chain AS c WHERE c.kind = '${CHAINED[table]}' AND c.row = t.seq ORDER BY c.seq + 1 DESC LIMIT 1) AS noted
         FROM ${table} AS t WHERE seq > $1 ORDER BY seq LIMIT ${CHAIN_PAGE}`,
        [after],
      ),
    async missing(table) {
      const [row] = await query<{ row: number | null }>(
        `SELECT min(c.row) AS row FROM chain AS c WHERE c.kind = $1 AND c.digest <> ''
           AND NOT EXISTS (SELECT FROM ${table} AS t WHERE t.seq = c.row)
           AND NOT EXISTS (SELECT FROM chain AS n WHERE n.kind = c.kind AND n.row = c.row AND n.seq + 1 > c.seq + 1)`,
        [CHAINED[table]],
      );
      return row!.row;
    },
    async entry(which) {
      const [row] =
        'seq' in which
          ? await query<ChainHead>('SELECT seq, hash FROM chain WHERE seq = $1', [which.seq])
          : await query<ChainHead>('SELECT seq, hash FROM chain WHERE hash = $1', [which.hash]);
      return row ?? null;
    },
  };
}
