import type { PostgresStore } from '../../config/config.ts';
import { COPIED, type CopiedRow, type CopyTarget } from '../copy.ts';
import { verifyReads } from './chain-reads.ts';
import { createConnect } from './connection.ts';
import { migrate } from './migrate.ts';
import { nameOf } from './name.ts';
import { insertRows } from './query.ts';

/** Rows that are read or written at once. */
const BATCH = 1_000;
const OPEN_PATIENCE = 5_000;

const TYPES = { bigint: 'bigint', text: 'text', boolean: 'boolean', 'double precision': 'float8' } as const;
type Columns = Record<string, (typeof TYPES)[keyof typeof TYPES]>;

/** A ledger on PostgreSQL for copying, brought up to date; held against writing by others until it is closed. */
export async function openPostgresCopy(store: PostgresStore): Promise<CopyTarget> {
  const name = nameOf(store);
  const connect = await createConnect(store);
  const connection = await connect(OPEN_PATIENCE);
  const { query, script } = connection;
  try {
    await migrate(connection, name);
    await script(`SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '5s';
      BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT FROM store FOR UPDATE`);
  } catch (error) {
    connection.drop();
    throw error;
  }

  /** Without what is derived from other columns. */
  async function columnsOf(table: string): Promise<Columns> {
    const rows = await query<{ name: string; type: keyof typeof TYPES }>(
      `SELECT column_name AS name, data_type AS type FROM information_schema.columns
       WHERE table_schema = 'forestall' AND table_name = $1 ORDER BY column_name COLLATE "C"`,
      [table],
    );
    const own = rows.filter((row) => !(table === 'reports' && row.name === 'execution_id'));
    return Object.fromEntries(own.map((row) => [row.name, TYPES[row.type]]));
  }

  return {
    name,
    columns: async (table) => Object.keys(await columnsOf(table)),

    async *rows(table) {
      const columns = await columnsOf(table);
      await script(`DECLARE copied CURSOR FOR SELECT ${Object.keys(columns).join(', ')} FROM ${table}`);
      for (;;) {
        const rows = await query<Record<string, CopiedRow[string] | boolean>>(`FETCH ${BATCH} FROM copied`);
        if (rows.length === 0) break;
        yield rows.map(withNumbers);
      }
      await script('CLOSE copied');
    },

    async add(table, rows) {
      const columns = await columnsOf(table);
      const typed = rows.map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([column, value]) => [column, columns[column] === 'boolean' ? value === 1 : value]),
        ),
      );
      const added =
        table === 'reports'
          ? await insertRows(
              query,
              table,
              { ...columns, execution_id: 'text' },
              typed.map((row) => ({ ...row, execution_id: executionOf(String(row['subject'])) })),
              `ON CONFLICT DO NOTHING RETURNING id`,
            )
          : await insertRows(
              query,
              table,
              columns,
              table === 'samples' ? await unknownSamples(typed) : typed,
              `ON CONFLICT DO NOTHING RETURNING ${COPIED[table]!.join(', ')}`,
            );
      return added.length;
    },

    chain: () => verifyReads(query),

    async commit() {
      for (const [table, [column]] of Object.entries(COPIED)) {
        if ((column !== 'seq' && table !== 'reports' && table !== 'deliveries') || table === 'chain') continue;
        await query(
          `SELECT setval(pg_get_serial_sequence('forestall.${table}', '${column}'),
             (SELECT coalesce(max(${column}), 0) + 1 FROM ${table}), false)`,
        );
      }
      await script('UPDATE store SET version = version + 1; COMMIT');
      await script('ANALYZE');
    },

    close: async () => connection.drop(),
  };

  /** No index forbids a second sample of one instant. */
  async function unknownSamples<Row extends Readonly<Record<string, CopiedRow[string] | boolean>>>(
    rows: readonly Row[],
  ): Promise<readonly Row[]> {
    const known = await query<{ place: number }>(
      `SELECT asked.place FROM unnest($1::text[], $2::float8[]) WITH ORDINALITY AS asked (series, at, place)
       WHERE EXISTS (SELECT FROM samples AS s WHERE hashtextextended(s.series, 0) = hashtextextended(asked.series, 0)
         AND s.series = asked.series AND s.at = asked.at)`,
      [rows.map((row) => row['series'] as string), rows.map((row) => row['at'] as number)],
    );
    const there = new Set(known.map(({ place }) => place));
    return rows.filter((_row, at) => !there.has(at + 1));
  }
}

function withNumbers(row: Readonly<Record<string, CopiedRow[string] | boolean>>): CopiedRow {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [column, typeof value === 'boolean' ? Number(value) : value]),
  );
}

function executionOf(subject: string): string | null {
  const { execution } = JSON.parse(subject) as { execution?: { id: string } };
  return execution?.id ?? null;
}
