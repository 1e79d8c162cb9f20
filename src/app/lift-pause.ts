import type { Decision } from '../decision/decision.ts';
import type { EndedPause, Ledger } from '../ledger/ledger.ts';

const SHOWN = 50;

export interface LiftedPauses {
  readonly pauses: readonly EndedPause[];
  /** What was refused since the earliest of them began: how many, repeats among them, and the newest 50. */
  readonly refused: { readonly count: number; readonly items: readonly Decision[] };
}

/** Lifts the named pause, or all when null. */
export async function liftPause(ledger: Ledger, name: string | null): Promise<LiftedPauses> {
  const pauses = await ledger.lift(name);
  const earliest = pauses.reduce<EndedPause | null>((a, b) => (a === null || b.since < a.since ? b : a), null);
  if (earliest === null) return { pauses, refused: { count: 0, items: [] } };
  const count = earliest.refused;
  // It is lifted by now: a list that cannot be read must not look as if it was not.
  const items = count === 0 ? [] : await ledger.refusedSince(earliest.since, SHOWN).catch(() => []);
  return { pauses, refused: { count, items } };
}
