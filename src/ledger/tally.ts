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

interface Page {
  readonly repeats: Map<string, { count: number; last_at: number }>;
  readonly counts: Map<string, Count & { count: number }>;
}

/** Beyond this many distinct counts, which only a store that is long away lets gather, types are not told apart. */
const MOST_ENTRIES = 5_000;

const emptyPage = (): Page => ({ repeats: new Map(), counts: new Map() });

export function createTallyBook(client: string): TallyBook {
  let open = emptyPage();
  let sent: { readonly page: Page; readonly tally: Tally } | null = null;
  let numbers = 0;
  const pagesBeyond = (applied: number) => (sent !== null && sent.tally.number > applied ? [sent.page, open] : [open]);

  function count({ type: wire, verdict, reason }: Count): void {
    const type = tooLongForALabel(wire) || open.counts.size >= MOST_ENTRIES ? OTHER_TYPE : wire;
    const key = JSON.stringify([type, verdict, reason]);
    const known = open.counts.get(key);
    if (known === undefined) open.counts.set(key, { type, verdict, reason, count: 1 });
    else known.count++;
  }

  return {
    count,
    repeat(id, what, at) {
      count(what);
      const known = open.repeats.get(id);
      if (known === undefined) open.repeats.set(id, { count: 1, last_at: at });
      else {
        known.count++;
        known.last_at = Math.max(known.last_at, at);
      }
    },
    size: () => open.repeats.size + open.counts.size,
    next(at) {
      if (sent !== null) return sent.tally;
      if (open.counts.size === 0) return null;
      const page = open;
      open = emptyPage();
      const repeats = Array.from(page.repeats, ([id, entry]) => ({ id, ...entry }));
      sent = { page, tally: { client, number: ++numbers, at, repeats, counts: [...page.counts.values()] } };
      return sent.tally;
    },
    confirm(number) {
      if (sent?.tally.number === number) sent = null;
    },
    repeatsOf(id, applied) {
      const entries = pagesBeyond(applied).map((page) => page.repeats.get(id));
      return {
        count: entries.reduce((sum, entry) => sum + (entry?.count ?? 0), 0),
        last_at: entries.reduce((last, entry) => Math.max(last, entry?.last_at ?? 0), 0),
      };
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
