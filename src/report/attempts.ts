import { atTime, shown } from '../decision/words.ts';
import type { Execution } from '../execution/execution.ts';
import { gainInWords } from '../execution/gains.ts';

/** So many are told, so that all of them stay whole within one field of Discord. */
export const MOST_ATTEMPTS = 5;
const LONGEST_REASON = 90;

/**
 * What was tried for a target, one line each, the oldest first: `2026-06-01T10:00:00Z: disk-cleanup effective, bought 14.0
 * days`. `attempts`: newest first. Empty without any.
 */
export function attemptsInWords(attempts: readonly Execution[]): readonly string[] {
  return attempts
    .slice(0, MOST_ATTEMPTS)
    .toReversed()
    .map((one) => `${atTime(one.started_at ?? one.claimed_at)}: ${shown(one.playbook, 40)} ${endInWords(one)}`);
}

function endInWords(execution: Execution): string {
  const { state, started_at, outcome, verify_at, run } = execution;
  if (started_at === null) {
    return state === 'nothing_to_do' ? 'found nothing to do' : `did not run: ${reason(execution.message)}`;
  }
  if (state !== 'succeeded') return `${state}: ${reason(run?.error ?? execution.message)}`;
  if (outcome === null) return verify_at === null ? 'succeeded' : 'succeeded, not verified yet';
  if (outcome === 'unknown') return 'succeeded, whether it helped is unknown';
  const gain = gainInWords(execution);
  return gain === null ? outcome : `${outcome}, ${gain}`;
}

const reason = (text: string): string => shown(text, LONGEST_REASON);
