import type { ValueStore } from '../stores.ts';
import { createCollector } from './collect.ts';
import type { Connections } from './connections.ts';
import type { Writer } from './writer.ts';

interface ValueRow {
  readonly value: string | null;
  readonly expires_at: number | null;
}

export function postgresValues(options: {
  readonly read: Connections['read'];
  readonly write: Writer['write'];
  readonly now: () => number;
}): ValueStore {
  const { read, write, now } = options;
  const get = createCollector((keys: readonly string[]) =>
    read((query) =>
      query<ValueRow>(
        `SELECT kv.value, kv.expires_at FROM unnest($1::text[]) WITH ORDINALITY AS asked (key, place)
         LEFT JOIN kv ON text_key(kv.key) = text_key(asked.key) ORDER BY asked.place`,
        [keys],
      ),
    ),
  );
  const setAll: ValueStore['setAll'] = async (entries, expiresAt) => {
    const last = new Map(entries);
    if (last.size === 0) return;
    await write(async (query) => {
      await query('DELETE FROM kv WHERE expires_at <= $1', [now()]);
      await query(
        `INSERT INTO kv (key, value, expires_at) SELECT key, value, $3::bigint FROM unnest($1::text[], $2::text[]) AS given (key, value)
         ON CONFLICT (text_key(key)) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`,
        [[...last.keys()], [...last.values()], expiresAt],
      );
    });
  };
  return {
    async get(key) {
      const { value, expires_at } = await get(key);
      return value === null || (expires_at !== null && expires_at <= now()) ? undefined : value;
    },

    set: (key, value, expiresAt) => setAll([[key, value]], expiresAt),
    setAll,

    delete: (key, value) =>
      write(async (query) => {
        const [gone] = await query<ValueRow>(
          'DELETE FROM kv WHERE text_key(key) = text_key($1) AND value = coalesce($2::text, value) RETURNING expires_at',
          [key, value ?? null],
        );
        return gone !== undefined && (gone.expires_at === null || gone.expires_at > now());
      }),

    list: (prefix) =>
      read(async (query) => {
        const rows = await query<{ key: string; value: string }>(
          `SELECT key, value FROM kv WHERE starts_with(key, $1) AND (expires_at IS NULL OR expires_at > $2) ORDER BY key`,
          [prefix, now()],
        );
        return rows.map(({ key, value }) => [key, value] as const);
      }),
  };
}
