import type { ValueStore } from '../stores.ts';
import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

/** Behind every character that a key goes on with: keys are compared by their UTF-8 bytes. */
const LAST_CHARACTER = '\u{10ffff}';

export function sqliteValues(options: {
  readonly reader: Reader;
  readonly writer: Writer;
  readonly now: () => number;
}): ValueStore {
  const { reader, writer, now } = options;
  const setAll: ValueStore['setAll'] = async (entries, expiresAt) => {
    if (entries.length > 0) await writer.call('setValues', { entries, expiresAt, now: now() });
  };
  return {
    get: (key) =>
      reader.cached((sql, cache) => {
        const row = cache.get(`value ${key}`, () => sql('SELECT value, expires_at FROM kv WHERE key = ?').get(key));
        const expiresAt = row?.['expires_at'] as number | null | undefined;
        if (typeof expiresAt === 'number' && expiresAt <= now()) return undefined;
        return row?.['value'] as string | undefined;
      }),

    set: (key, value, expiresAt) => setAll([[key, value]], expiresAt),
    setAll,

    delete: (key) => writer.call('deleteValue', { key, now: now() }),

    list: (prefix) =>
      reader.read((sql) => {
        const rows = sql(
          'SELECT key, value FROM kv WHERE key >= ? AND key < ? AND (expires_at IS NULL OR expires_at > ?) ORDER BY key',
        ).all(prefix, `${prefix}${LAST_CHARACTER}`, now()) as unknown as { key: string; value: string }[];
        return rows.map(({ key, value }) => [key, value] as const);
      }),
  };
}
