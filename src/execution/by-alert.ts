import { atTime, inWords, shown } from '../decision/words.ts';
import { alertnameOf } from '../prediction/by-name.ts';
import type { Execution, Outcome } from './execution.ts';

/** What was said last of one alert, by its sender. `at`: when that was delivered, epoch milliseconds. */
export interface Heard {
  readonly status: 'firing' | 'resolved';
  readonly at: number;
}

/** When the last of the alerts about a target was resolved; null where one fires, or nothing was heard. */
export function resolvedAt(heard: readonly Heard[]): number | null {
  if (heard.length === 0 || heard.some(({ status }) => status === 'firing')) return null;
  return Math.max(...heard.map(({ at }) => at));
}

const HOUR = 3_600_000;

/**
 * Whether a run helped that an alert's name led to: it was resolved since the run began. An alert that is still said to
 * fire an hour after the run (half of the time that has gone by, where that is less) was not helped. Silence is neither: a
 * receiver without `send_resolved` does not tell of the end.
 */
export function judgeByAlert(
  { prediction, started_at, finished_at }: Execution,
  heard: readonly Heard[],
  now: number,
): { readonly outcome: Outcome; readonly message: string } {
  const what = `${shown(alertnameOf(prediction))} of ${shown(prediction.resource)}`;
  const unknown = (why: string) => ({ outcome: 'unknown' as const, message: `${what}: ${why}` });
  if (started_at === null || finished_at === null) return unknown('when it ran is not known');
  const resolved = resolvedAt(heard);
  if (resolved !== null) {
    return resolved > started_at
      ? { outcome: 'effective', message: `${what} was resolved at ${atTime(resolved)}` }
      : unknown('nothing was heard of it since the run');
  }
  const last = Math.max(...heard.filter(({ status }) => status === 'firing').map(({ at }) => at));
  const grace = Math.min(HOUR, Math.max(0, now - finished_at) / 2);
  if (!(last > finished_at + grace)) {
    return unknown(
      'was not said to be resolved, and not to go on firing (send_resolved of the receiver tells the end)',
    );
  }
  const message = `${what} still fired at ${atTime(last)}, ${inWords(last - finished_at)} after the run`;
  return { outcome: 'ineffective', message };
}
