import { atTime, num } from '../decision/words.ts';
import type { Execution } from '../execution/execution.ts';
import { daysGained, gainInWords, type Masking, RETURNS_WITHIN, type VerifiedRun } from '../execution/gains.ts';

const DAYS = RETURNS_WITHIN / 86_400_000;
/** So many fit into one field of Discord. */
const MOST_RUNS = 10;

/** None of the runs helped: there is nothing that they could mask. */
export function isOfNoUse({ runs }: Masking): boolean {
  return runs.every(({ outcome }) => outcome === 'ineffective');
}

/** What people have to look at, since when, in one sentence or two. */
export function maskingInWords({ prediction, playbook }: Execution, masking: Masking): string {
  const { reasons, runs, min_days_gained } = masking;
  const what = `${prediction.prediction_type} of ${prediction.resource}`;
  const sentences: string[] = [];
  if (reasons.includes('returns')) {
    const since = atTime(runs.at(-1)?.started_at ?? Number.NaN);
    const ran = `${playbook} ran for it ${runs.length} times in ${DAYS} days, since ${since}`;
    sentences.push(
      isOfNoUse(masking)
        ? `${what} is as bad as before: ${ran}, and it never helped. What grows is something that it does not touch.`
        : `${what} came back again and again: ${ran}. It masks a leak or a growth that somebody has to stop.`,
    );
  }
  const gained = runs[0] === undefined ? null : daysGained(runs[0]);
  if (reasons.includes('gain') && gained !== null) {
    sentences.push(
      `The last run of ${playbook} bought ${gained.toFixed(1)} days for ${what}, less than min_days_gained (${num(min_days_gained ?? 0)}).`,
    );
  }
  return sentences.join(' ');
}

/** One line a run, the newest ten of them, the oldest first: `2026-06-01T10:00:00Z: effective, bought 14.0 days`. */
export function runsInWords(runs: readonly VerifiedRun[]): readonly string[] {
  return runs
    .slice(0, MOST_RUNS)
    .toReversed()
    .map((run) => {
      const gain = gainInWords(run);
      return `${atTime(run.started_at)}: ${run.outcome}${gain === null ? '' : `, ${gain}`}`;
    });
}
