import type { Keyv } from 'keyv';
import type { Prediction } from '../prediction/prediction.ts';
import { parseStored, reviveStored } from './stored-prediction.ts';

/**
 * Predictions by hand, by target key. Rejects when the storage cannot be read or written: an error never reads as
 * "nothing posted".
 */
export interface PostedStore {
  get(key: string): Promise<Prediction | undefined>;
  /** Durable when it resolves. `ttl` in milliseconds, above 0. */
  set(key: string, prediction: Prediction, ttl: number): Promise<void>;
  delete(key: string): Promise<void>;
  /** All; those that expired may be among them. */
  list(): Promise<readonly Prediction[]>;
}

/**
 * A PostedStore over a Keyv of its own (own namespace or own storage): all that is in it is taken for predictions.
 *
 * Keyv swallows the errors of its storage once anybody listens for them (a failed `get` is `undefined`), so this adds a
 * listener that throws: the operation that failed rejects. Predictions are stored as text: Keyv's own parsing visits every
 * value of a record, which takes six times as long.
 */
export function postedStore(keyv: Keyv): PostedStore {
  keyv.on('error', (error: unknown) => {
    throw error instanceof Error ? error : new Error(String(error));
  });
  /** What the last listing found, so that the next one parses only what changed. */
  let listed = new Map<string, { readonly stored: unknown; readonly prediction: Prediction | undefined }>();
  return {
    async get(key) {
      return parse(await keyv.get<unknown>(key));
    },
    async set(key, prediction, ttl) {
      const done = await keyv.set(key, JSON.stringify(prediction), ttl);
      if (done === false) throw new Error('the storage did not take the prediction');
    },
    async delete(key) {
      await keyv.delete(key);
    },
    async list() {
      const { store } = keyv;
      if (store.iterator === undefined) throw new Error('the storage of posted predictions cannot be listed');
      const before = listed;
      listed = new Map();
      const found: Prediction[] = [];
      for await (const [key, stored] of store.iterator() as AsyncIterable<[string, unknown]>) {
        const known = before.get(key) ?? null;
        const entry =
          known !== null && known.stored === stored
            ? known
            : { stored, prediction: parse((await keyv.decode(stored))?.value) };
        listed.set(key, entry);
        if (entry.prediction !== undefined) found.push(entry.prediction);
      }
      return found;
    },
  };
}

function parse(text: unknown): Prediction | undefined {
  return reviveStored(parseStored(text));
}
