import type { Decision } from '../decision/decision.ts';
import { knownLabel, OTHER_TYPE, tooLongForALabel } from './type-labels.ts';

/** A numbered batch of what was counted in memory. It is applied once, however often it is sent. */
export interface Tally {
  /** Which process counted. */
  readonly client: string;
  /** 1, 2, 3, …; the store keeps the last one it applied. */
  readonly number: number;
  readonly at: number;
  readonly repeats: readonly { readonly id: string; readonly count: number; readonly last_at: number }[];
  readonly counts: readonly {
    readonly type: string;
    readonly verdict: string;
    readonly reason: string;
    readonly count: number;
  }[];
}

export interface Count {
  readonly type: string;
  readonly verdict: string;
  readonly reason: string;
}

/**
 * Counts in memory what is written back later. What is read from the store together with the number of the last batch
 * that it applied plus `repeatsOf`/`countsBeyond` that number is exact, whether a batch is waiting, on its way or written.
 */
export interface TallyBook {
  repeat(id: string, count: Count, at: number): void;
  count(count: Count): void;
  /** How many distinct entries wait; grows with targets, not with alerts. */
  size(): number;
  /** The batch to send: the one on its way, as long as it was not confirmed, else what was counted since. Null: nothing. */
  next(at: number): Tally | null;
  /** That batch is durable. */
  confirm(number: number): void;
  repeatsOf(id: string, applied: number): { readonly count: number; readonly last_at: number };
  /**
   * What the counters lack that the store has, by label. A type that has no label of its own yet is left out until it is
   * written: a count must not move from one label to another.
   */
  countsBeyond(applied: number, knownTypes: ReadonlySet<string>): readonly (Count & { readonly count: number })[];
}

interface Counted extends Count {
  count: number;
}

/** By the id of a decision; `as`: what its verdict is counted under. */
interface Repeats {
  count: number;
  last_at: number;
  readonly as: Counted;
}

interface Page {
  readonly repeats: Map<string, Repeats>;
  readonly counts: Map<string, Counted>;
}

/** Beyond this many distinct counts, which only a store that is long away lets gather, types are not told apart. */
const MOST_ENTRIES = 5_000;

const emptyPage = (): Page => ({ repeats: new Map(), counts: new Map() });

export function createTallyBook(client: string): TallyBook {
  let open = emptyPage();
  let sent: { readonly page: Page; readonly tally: Tally } | null = null;
  let numbers = 0;
  const pagesBeyond = (applied: number) => (sent !== null && sent.tally.number > applied ? [sent.page, open] : [open]);

  function counted({ type: wire, verdict, reason }: Count): Counted {
    const type = tooLongForALabel(wire) || open.counts.size >= MOST_ENTRIES ? OTHER_TYPE : wire;
    // Verdicts and reasons are words without a blank.
    const key = `${verdict} ${reason} ${type}`;
    let known = open.counts.get(key);
    if (known === undefined) {
      known = { type, verdict, reason, count: 0 };
      open.counts.set(key, known);
    }
    return known;
  }

  return {
    count(what) {
      counted(what).count++;
    },
    repeat(id, what, at) {
      let known = open.repeats.get(id);
      if (known === undefined) {
        known = { count: 0, last_at: at, as: counted(what) };
        open.repeats.set(id, known);
      }
      known.count++;
      known.as.count++;
      known.last_at = Math.max(known.last_at, at);
    },
    size: () => open.repeats.size + open.counts.size,
    next(at) {
      if (sent !== null) return sent.tally;
      if (open.counts.size === 0) return null;
      const page = open;
      open = emptyPage();
      const repeats = Array.from(page.repeats, ([id, { count, last_at }]) => ({ id, count, last_at }));
      sent = { page, tally: { client, number: ++numbers, at, repeats, counts: [...page.counts.values()] } };
      return sent.tally;
    },
    confirm(number) {
      if (sent?.tally.number === number) sent = null;
    },
    repeatsOf(id, applied) {
      let [count, last_at] = [0, 0];
      for (const page of pagesBeyond(applied)) {
        const entry = page.repeats.get(id);
        if (entry === undefined) continue;
        count += entry.count;
        last_at = Math.max(last_at, entry.last_at);
      }
      return { count, last_at };
    },
    countsBeyond(applied, knownTypes) {
      return pagesBeyond(applied)
        .flatMap((page) => [...page.counts.values()])
        .flatMap((entry) => {
          const type = knownLabel(entry.type, knownTypes);
          return type === null ? [] : [{ ...entry, type }];
        });
    },
  };
}

/** The decision with what is counted in memory beyond batch `applied`. */
export function withTally(decision: Decision, tallies: TallyBook, applied: number): Decision {
  const { count, last_at } = tallies.repeatsOf(decision.id, applied);
  if (count === 0) return decision;
  return { ...decision, repeats: decision.repeats + count, last_at: Math.max(decision.last_at, last_at) };
}
