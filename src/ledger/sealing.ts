import type { KeyObject } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  brokenLink,
  type ChainReads,
  type Checkpoint,
  checkpointProblem,
  keptUpTo,
  signed,
  startAfter,
} from './checkpoint.ts';

/** The chain as the service keeps it. */
export interface ChainStore extends ChainReads {
  /** Whether the end of it fits the rows that it speaks of: what is wrong, or null. */
  newestProblem(): Promise<string | null>;
  /** The last entry before those of decisions that were made since an instant; the head where there are none. */
  boundary(since: number): Promise<number>;
  /** False where there is one already that reaches as far. Goes into the chain itself. */
  addCheckpoint(checkpoint: Checkpoint): Promise<boolean>;
  /**
   * Looks at a page of entries behind `after` and drops those that no checkpoint up to `upTo` keeps, the oldest first, so that no
   * older entry of a row outlives a newer one. `next`: where the next page begins; null: behind the last.
   */
  dropEntries(upTo: number, after: number): Promise<{ readonly dropped: number; readonly next: number | null }>;
}

/** So many entries have to be new before a checkpoint is worth it. */
const LEAST_TO_SEAL = 10_000;
/** So many entries are looked at in one transaction. */
export const DROP_PAGE = 500;
const REST = 20;

export interface Sealed {
  /** Null: there was nothing to do, or what is wrong is told by `problem`. */
  readonly checkpoint: Checkpoint | null;
  readonly dropped: number;
  /** Why nothing was dropped: the chain does not fit; null: it does. */
  readonly problem: string | null;
}

/**
 * Signs for the chain up to `since` and drops the entries that are not needed any more, once all of it was seen to fit. The
 * checkpoint is on record before the first entry goes: whoever verifies in between takes no notice of those that are about to go,
 * and what a crash leaves goes with the next one.
 */
export async function seal(
  store: ChainStore,
  options: {
    readonly at: number;
    readonly since: number;
    /** The private key, asked for once there is something to sign; null: there is none, and all entries stay. */
    readonly key: () => KeyObject | null;
    readonly least?: number;
    /** Whether to go on. */
    readonly goOn?: () => Promise<boolean>;
  },
): Promise<Sealed> {
  const { at, since, key, least = LEAST_TO_SEAL, goOn = async () => true } = options;
  const nothing = { checkpoint: null, dropped: 0, problem: null };
  const before = await store.checkpoint();
  const from = startAfter(before);
  const upTo = await store.boundary(since);
  if (upTo - from.seq < Math.max(1, least)) return nothing;
  const privateKey = key();
  if (privateKey === null) return nothing;
  const wrong = before === null ? null : await checkpointProblem(store, before, null);
  if (wrong !== null) return { ...nothing, problem: `the checkpoint at entry ${from.seq}: ${wrong}` };
  const { last, brokenAt, removed } = await brokenLink(store, from, upTo);
  if (brokenAt !== null) return { ...nothing, problem: `entry ${brokenAt} does not follow from the one before it` };
  const kept = await keptUpTo(store, upTo);
  const pruned = (before?.pruned ?? 0) + removed;
  const checkpoint = signed({ at, entry: upTo, hash: last.hash, ...kept, pruned }, privateKey);
  if (!(await store.addCheckpoint(checkpoint))) return nothing;
  let dropped = 0;
  for (let after: number | null = 0; after !== null && (await goOn()); ) {
    const page: Awaited<ReturnType<ChainStore['dropEntries']>> = await store.dropEntries(upTo, after);
    dropped += page.dropped;
    after = page.next;
    await delay(page.dropped === 0 ? 0 : REST);
  }
  return { checkpoint, dropped, problem: null };
}
