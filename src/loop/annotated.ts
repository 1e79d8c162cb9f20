import type { Prediction } from '../prediction/prediction.ts';

/** What only an alert knows is kept anew at the earliest this long after, milliseconds; predictions grow stale in hours. */
const AS_GOOD_AS_NEW = 60_000;

/**
 * The prediction of an alert as it is to be kept beside the target: one that was made a moment before what is kept, and
 * says the same, is not written again. `kept`: the JSON of what has it as `annotated`, if anything is kept.
 */
export function asKept(annotated: Prediction | null, kept: string | undefined): Prediction | null {
  if (annotated === null || kept === undefined) return annotated;
  const { annotated: before } = JSON.parse(kept) as { readonly annotated: Prediction | null };
  if (before === null || !(Math.abs(annotated.observed_at - before.observed_at) < AS_GOOD_AS_NEW)) return annotated;
  return { ...annotated, observed_at: before.observed_at };
}
