import type { Execution } from './execution.ts';

/** A run whose outcome is known for sure: effective or ineffective. */
export interface VerifiedRun extends Pick<Execution, 'days_before' | 'days_after'> {
  readonly execution_id: string;
  readonly started_at: number;
  readonly outcome: 'effective' | 'ineffective';
}

/** Why people have to look at a target that its playbook keeps from becoming critical. */
export interface Masking {
  /** `returns`: the prediction came back again and again; `gain`: a run bought less than it has to. */
  readonly reasons: readonly ('returns' | 'gain')[];
  /** The runs that show it, newest first. */
  readonly runs: readonly VerifiedRun[];
  /** What a run has to buy, days; null: nothing was said. */
  readonly min_days_gained: number | null;
}

/** So many verified runs of one target within `RETURNS_WITHIN` are a problem that is masked, not solved. */
const MOST_RETURNS = 3;
export const RETURNS_WITHIN = 30 * 86_400_000;

/** Days that a run bought; null where either side is no number: gone, or no crossing, is not a number of days. */
export function daysGained({ days_before, days_after }: Pick<Execution, 'days_before' | 'days_after'>): number | null {
  return days_before === null || days_after === null ? null : days_after - days_before;
}

/** `bought 11.4 days`, `lost 0.5 days`, `no crossing any more`; null where there is nothing to say. */
export function gainInWords(run: Pick<Execution, 'days_before' | 'days_after' | 'outcome'>): string | null {
  const gained = daysGained(run);
  if (gained !== null) return `${gained < 0 ? 'lost' : 'bought'} ${short(Math.abs(gained))} days`;
  const isOver = run.outcome === 'effective' && run.days_before !== null && run.days_after === null;
  return isOver ? 'no crossing any more' : null;
}

/**
 * What the newest run bought beside those before it: `bought 11.4 days; the last three bought 14.0, 12.1, 11.4`. Empty
 * where nothing can be said. `runs`: newest first.
 */
export function trendInWords(runs: readonly VerifiedRun[]): string {
  const [newest] = runs;
  if (newest === undefined) return '';
  const gains = runs.flatMap((run) => daysGained(run) ?? []).slice(0, 3);
  const counted = daysGained(newest) === null ? 'those before' : gains.length === 3 ? 'the last three' : 'the last two';
  const trend =
    gains.length < (daysGained(newest) === null ? 1 : 2)
      ? null
      : `${counted} bought ${gains.toReversed().map(short).join(', ')}`;
  return [gainInWords(newest), trend].filter((part) => part !== null).join('; ');
}

/**
 * What the newest of these runs is the first to show; null where it shows nothing, or nothing that the one before did not
 * show already, so that people are told once until it changes. `runs`: of one target, newest first.
 */
export function newlyMasked(runs: readonly VerifiedRun[], minDaysGained: number | null): Masking | null {
  const before = signsIn(runs.slice(1), minDaysGained);
  const reasons = signsIn(runs, minDaysGained).filter((reason) => !before.includes(reason));
  if (reasons.length === 0) return null;
  return { reasons, runs: recent(runs), min_days_gained: minDaysGained };
}

/**
 * Until when these runs show that a problem is masked, epoch milliseconds: as long as enough of them lie within 30 days, or
 * for 30 days after one that bought too little. Null: they show nothing. `runs`: of one target, newest first.
 */
export function maskedUntil(runs: readonly VerifiedRun[], minDaysGained: number | null): number | null {
  const signs = signsIn(runs, minDaysGained);
  const enough = recent(runs)[MOST_RETURNS - 1];
  const last = signs.includes('gain') ? runs[0] : signs.includes('returns') ? enough : undefined;
  return last === undefined ? null : last.started_at + RETURNS_WITHIN;
}

function signsIn(runs: readonly VerifiedRun[], minDaysGained: number | null): readonly ('returns' | 'gain')[] {
  const [newest] = runs;
  if (newest === undefined) return [];
  const gained = daysGained(newest);
  return [
    ...(recent(runs).length >= MOST_RETURNS ? (['returns'] as const) : []),
    ...(minDaysGained !== null && gained !== null && gained < minDaysGained ? (['gain'] as const) : []),
  ];
}

/** Those within the 30 days up to the newest. */
function recent(runs: readonly VerifiedRun[]): readonly VerifiedRun[] {
  const from = (runs[0]?.started_at ?? 0) - RETURNS_WITHIN;
  return runs.filter(({ started_at }) => started_at > from);
}

function short(days: number): string {
  return days.toFixed(1);
}
