import type { Keyv } from 'keyv';
import type { Recent } from './recent.ts';
import { parseStored, reviveStored } from './stored-prediction.ts';

/**
 * What was predicted before, kept over the end of the process: `min_consecutive` counts over one-shot runs, restarts and
 * replicas. What is lost here only makes a count lower, so that it holds back and never lets through.
 */
export interface History {
  /** Notes all that is kept. */
  loadInto(recent: Recent): Promise<void>;
  /** Writes the target's list as it is now, together with what other processes wrote meanwhile. */
  keep(key: string, recent: Recent, ttl: number): Promise<void>;
}

/** A History over a Keyv of its own. Keys are target keys, values JSON lists of predictions. */
export function historyOver(keyv: Keyv): History {
  /** What is known here of the same time is newer than what is kept. */
  function noteAll(key: string, text: unknown, recent: Recent): void {
    const stored = parseStored(text);
    if (!Array.isArray(stored)) return;
    const known = new Set(recent.of(key).map(({ observed_at }) => observed_at));
    for (const each of stored) {
      const prediction = reviveStored(each);
      if (prediction !== undefined && !known.has(prediction.observed_at)) recent.note(key, prediction);
    }
  }

  return {
    async loadInto(recent) {
      const { store } = keyv;
      if (store.iterator === undefined) throw new Error('the storage of earlier predictions cannot be listed');
      for await (const [key, stored] of store.iterator() as AsyncIterable<[string, unknown]>) {
        noteAll(key, (await keyv.decode(stored))?.value, recent);
      }
    },
    async keep(key, recent, ttl) {
      noteAll(key, await keyv.get<unknown>(key), recent);
      if (ttl > 0) await keyv.set(key, JSON.stringify(recent.of(key)), ttl);
    },
  };
}
