import { nextTurn } from '../../in-turns.ts';
import type { ValueStore } from '../stores.ts';
import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

/** So many are read before others get their turn of the event loop: a few milliseconds. */
const MOST_IN_TURN = 1_000;

type Entry = readonly [key: string, value: string];

interface Row {
  readonly key: string;
  readonly value: string;
}

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
  /** Those from the key `from` on, in the order of their keys. */
  const page = (prefix: string, from: string): Promise<readonly Entry[]> =>
    reader.read((sql) => {
      const rows = sql(
        `SELECT key, value FROM kv WHERE key >= ? AND key < ? AND (expires_at IS NULL OR expires_at > ?)
         ORDER BY key LIMIT ?`,
      ).all(from, `${prefix}${LAST_CHARACTER}`, now(), MOST_IN_TURN) as unknown as Row[];
      return rows.map(({ key, value }) => [key, value] as const);
    });
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

    delete: (key, value) => writer.call('deleteValue', { key, value: value ?? null, now: now() }),

    async list(prefix) {
      const entries: Entry[] = [];
      // The next key is the last one with the least character behind it.
      for (let from = prefix; ; from = `${entries.at(-1)![0]}\0`) {
        const found = await page(prefix, from);
        entries.push(...found);
        if (found.length < MOST_IN_TURN) return entries;
        await nextTurn();
      }
    },
  };
}
