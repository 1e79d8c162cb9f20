/** How the forecasts of one source and type did that would have been acted on. */
export interface Proof {
  /** Compared with what happened, within the trailing `PROOF_PERIOD`. */
  readonly scored: number;
  readonly came_true: number;
}

/** What a source has to keep of its word. */
export interface ProofDemand {
  readonly min_precision: number;
  readonly min_scored: number;
}

/** Forecasts whose window closed longer ago say nothing about their source now, milliseconds. */
export const PROOF_PERIOD = 90 * 86_400_000;
/** The newest so many count, or `min_scored` where that is more. */
const MOST_COUNTED = 1_000;
/** Where `forecast` is not configured. */
export const DEFAULT_DEMAND: ProofDemand = { min_precision: 0.7, min_scored: 20 };

export function mostCounted({ min_scored }: ProofDemand): number {
  return Math.max(MOST_COUNTED, min_scored);
}

export type Standing = 'too_few' | 'proven' | 'unproven';

export function standingOf({ scored, came_true }: Proof, { min_precision, min_scored }: ProofDemand): Standing {
  if (!(scored >= min_scored)) return 'too_few';
  return came_true / scored >= min_precision ? 'proven' : 'unproven';
}

/** Of judgements in any order; `now` in epoch milliseconds. */
export function proofOf(
  judged: readonly { readonly closes_at: number; readonly came_true: boolean }[],
  demand: ProofDemand,
  now: number,
): Proof {
  const counted = judged
    .filter(({ closes_at }) => closes_at > now - PROOF_PERIOD)
    .toSorted((a, b) => b.closes_at - a.closes_at)
    .slice(0, mostCounted(demand));
  return { scored: counted.length, came_true: counted.filter(({ came_true }) => came_true).length };
}
