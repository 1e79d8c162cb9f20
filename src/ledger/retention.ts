import type { Reach } from '../decision/reach.ts';

/** What is old enough, and how much of it stays all the same. */
export interface PruneRule {
  /** Epoch milliseconds: what ended before it may go. */
  readonly before: number;
  readonly keep: Pick<Reach, 'runs' | 'all_runs' | 'judged'>;
}

/** Where a walk over a table stands: behind the row with this number. */
export interface PrunePage<Row> {
  /** What nothing needs any more. */
  readonly rows: readonly Row[];
  /** Null: no row behind these is old enough. */
  readonly next: number | null;
}

export interface OldExecution {
  readonly seq: number;
  readonly id: string;
}

/**
 * Forgets what is older than it has to be kept and what nothing needs any more. An execution is needed while it is unfinished or
 * unverified, while it is among the newest that cooldowns, limits and the circuit breaker of its scopes may ask for, and
 * while it is among the last of its target or playbook that are shown and compared. A decision is needed while it is the newest
 * of its target, or led to an execution that stays. Totals are counters of their own, and do not fall. What was not needed once
 * is not needed later: newer rows only take its place.
 */
export interface RetentionStore {
  /**
   * Takes the work for `lease` milliseconds; false where another process has it. A lease that ends later than one could that
   * begins now was made by a clock that was wrong.
   */
  turn(now: number, lease: number): Promise<boolean>;
  endTurn(): Promise<void>;
  /** When the newest decision was made, epoch milliseconds: a clock that says more may be wrong. Null: there is none. */
  newest(): Promise<number | null>;
  executions(rule: PruneRule, after: number): Promise<PrunePage<OldExecution>>;
  decisions(rule: PruneRule, after: number): Promise<PrunePage<number>>;
  /**
   * Removes them with what became of their reports, and `marks` of them. At most `PRUNE_BATCH` at once. A row that is not what
   * the chain says of it stays: it is evidence.
   */
  prune(what: Pruned): Promise<PruneResult>;
  /** Removes a batch of judged forecasts; the number that went. 0: none is left to go. */
  pruneScores(rule: PruneRule): Promise<number>;
}

export interface PruneResult {
  readonly removed: number;
  /** Rows that stay because they were changed from outside, such as `decision 17`. */
  readonly suspect: readonly string[];
}

export interface Pruned {
  readonly executions: readonly OldExecution[];
  /** By their numbers. */
  readonly decisions: readonly number[];
  /** Of `reportOnce`. */
  readonly marks: readonly string[];
  readonly before: number;
}

/** Whose turn it is stands among the notes. */
export const RETENTION_TURN = 'retention';

/** So many rows are looked at, and removed, at once: a few milliseconds of the lock that writes share. */
export const PRUNE_BATCH = 100;

/** So many runs of a target, verified ones and ones that were stopped, stay however old they are. */
export const LAST_OF_TARGET = 5;

/** More runs than this are looked up for no row: limits beyond it hold by their windows, which are shorter than what is kept. */
export const MOST_LOOKED_AT = 1_000;

export interface Looked {
  readonly seq: number;
  /** 1: it may go. */
  readonly old: number | boolean;
  /** 1: it is too young to be looked at. */
  readonly young: number | boolean;
}

/** `rows`: at most `PRUNE_BATCH`, in their order. Rows are numbered as they were made, so that behind a page of young ones none is old. */
export function prunePage<Row extends Looked, T>(rows: readonly Row[], to: (row: Row) => T): PrunePage<T> {
  const last = rows.at(-1);
  const more = last !== undefined && rows.length === PRUNE_BATCH && !rows.every(({ young }) => young);
  return { rows: rows.filter(({ old }) => old).map(to), next: more ? last.seq : null };
}
