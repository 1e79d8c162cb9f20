import { Keyv, type KeyvStorageAdapter, keyvStorageCapability } from 'keyv';
import type { ValueStore } from './stores.ts';

/**
 * A Keyv over the ledger's own database. Unlike a bare Keyv it never reads an error as "not there" and never reports a
 * failed write as done: whatever the store rejects with, the call rejects with.
 */
export function keyvOver<Value>(values: ValueStore, namespace: string): Keyv<Value> {
  const keyv = new Keyv<Value>({ store: adapterOver(values, `${namespace}:`) });
  keyv.on('error', (error: unknown) => {
    throw error;
  });
  return keyv;
}

/** Keyv asks for an emitter as well, but listens only where there is one: errors are thrown here, not emitted. */
function adapterOver(values: ValueStore, prefix: string): KeyvStorageAdapter {
  const has = async (key: string) => (await values.get(prefix + key)) !== undefined;
  const remove = (key: string) => values.delete(prefix + key);
  async function set(key: string, value: unknown, expires?: number): Promise<boolean> {
    await values.set(prefix + key, value as string, expires ?? null);
    return true;
  }
  const adapter = {
    get: (key: string) => values.get(prefix + key),
    getMany: (keys: string[]) => Promise.all(keys.map((key) => values.get(prefix + key))),
    set,
    setMany: (entries: { key: string; value: unknown; expires?: number }[]) =>
      Promise.all(entries.map(({ key, value, expires }) => set(key, value, expires))),
    delete: remove,
    deleteMany: (keys: string[]) => Promise.all(keys.map(remove)),
    has,
    hasMany: (keys: string[]) => Promise.all(keys.map(has)),
    async clear() {
      const entries = await values.list(prefix);
      await Promise.all(entries.map(([key]) => values.delete(key)));
    },
    async *iterator() {
      for (const [key, value] of await values.list(prefix)) yield [key.slice(prefix.length), value];
    },
  };
  return { ...adapter, capabilities: keyvStorageCapability(adapter) } as unknown as KeyvStorageAdapter;
}
