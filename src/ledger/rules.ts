/** What every engine keeps to. Durations in milliseconds. */
import type { Execution, ExecutionState } from '../execution/execution.ts';
import type { VerifiedRun } from '../execution/gains.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

/** No caller waits longer than this: an answer after two seconds makes Alertmanager deliver again. */
export const PATIENCE = 1_600;

/** Calls that may wait at once; beyond, the answer is `LedgerUnavailable` at once. */
export const MOST_WAITING = 5_000;
/** Inputs that share a commit: bounds how long one transaction holds the lock. */
export const MOST_IN_BATCH = 2_000;

/** Owner of what was approved without one: no process has this id. */
export const NOBODY = '';

/** Silent processes that hold nothing, batches of counts and ended pauses are forgotten after this. */
export const FORGOTTEN_AFTER = WEEK;

/** A report that is put off for longer was so by a clock that was wrong. */
export const LONGEST_LEASE = 2 * WEEK;

/** So many runs of a target are enough to tell its trend, and what returns within 30 days. */
export const MOST_VERIFIED = 50;

/** So many runs are shown of a playbook's budget. */
export const MOST_RUNS = 10_000;

/** A sample dated further ahead than this was taken while the clock was wrong. */
export const SKEW = 5 * 60_000;
/** Every sample is kept for so long, then the last one of each hour, then none. */
export const SAMPLES_WHOLE_FOR = 2 * DAY;
export const SAMPLES_KEPT_FOR = 60 * DAY;
export const SAMPLES_THINNED_TO = HOUR;

/** What a source forecast that is not configured any more is kept so long. */
export const FORECASTS_KEPT_FOR = 60 * DAY;

/** Forecasts are kept for so long after their window closed. */
export const SCORES_KEPT_FOR = 400 * DAY;
/** So many judged forecasts are shown and counted, the newest, and so many open ones. */
export const MOST_SCORES = 10_000;
/** What is heard of an open forecast is written down no more often. */
export const HEARD_EVERY = HOUR;

/** The day that a forecast counts for: hourly ones of one target rest on the same samples and share one truth. */
export function scoreDay(observedAt: number): number {
  return Math.floor(observedAt / DAY);
}

export function resultOf(state: ExecutionState): 'success' | 'failure' | 'interrupted' {
  if (state === 'succeeded') return 'success';
  return state === 'interrupted' ? 'interrupted' : 'failure';
}

/** A run that seems to be older than others, because the clock was put back meanwhile, is the newest all the same. */
export function startingWith({ id }: Execution, runs: readonly VerifiedRun[]): readonly VerifiedRun[] {
  return [...runs.filter((run) => run.execution_id === id), ...runs.filter((run) => run.execution_id !== id)];
}
