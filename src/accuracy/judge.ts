import { atTime, inWords, num } from '../decision/words.ts';
import { FORTNIGHT } from './note.ts';
import type { ForecastVerdict, OpenForecast } from './record.ts';
import type { WindowEvidence } from './window-evidence.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** The last hour of a window has to be over, with some time for what measures it. */
export const SETTLED = HOUR;
/** So long samples that cannot be had now are waited for. */
const PATIENCE = 7 * DAY;
/** So many cleanups in the past are a habit, which a forecast counts on; another one is none of its surprises. */
const HABIT = 2;

/** `none`: there are no samples of it, later predictions have to tell; `later`: there should be, and cannot be had now. */
export type Evidence = WindowEvidence | 'none' | 'later';

/**
 * What became of a forecast whose window is closed at `now`; null: not to be said yet. In doubt it is unknown: a success, or
 * a failure, has to be seen.
 */
export function judgeForecast(
  forecast: OpenForecast,
  evidence: Evidence,
  { now, stale_after }: { readonly now: number; readonly stale_after: number },
): ForecastVerdict | null {
  const { id, closes_at, critical_at: heard } = forecast;
  if (now < closes_at + SETTLED) return null;
  if (evidence === 'later' && now < closes_at + PATIENCE) return null;
  const seen = typeof evidence === 'object' ? evidence : null;
  const critical_at = seen?.critical_at ?? heard;
  const cut = cutShort(forecast, seen);
  if (cut !== null && (critical_at === null || cut.at < critical_at)) {
    return { id, fate: 'cut_short', critical_at: null, message: cut.why };
  }
  if (critical_at !== null) return known(forecast, critical_at);
  const unknown = (message: string): ForecastVerdict => ({ id, fate: 'unknown', critical_at: null, message });
  if (evidence === 'later') return unknown('its samples could not be had');
  if (seen !== null) {
    if (seen.doubtful) return unknown('it may have been critical in hours that were not measured');
    return seen.covered ? known(forecast, null) : unknown('too little of its window was measured');
  }
  const longest = stale_after + HOUR;
  if (forecast.silence > longest)
    return unknown(`nothing was heard of it for ${inWords(forecast.silence)} of its window`);
  if (forecast.seen_at >= closes_at) return known(forecast, null);
  return now < closes_at + longest
    ? null
    : unknown(`nothing was heard of it at the end of its window, last at ${atTime(forecast.seen_at)}`);
}

function cutShort(
  { first_run_at, past_cleanups }: OpenForecast,
  seen: WindowEvidence | null,
): { readonly at: number; readonly why: string } | null {
  const fell = seen !== null && (past_cleanups ?? 0) < HABIT ? seen.fell_at : null;
  if (first_run_at !== null && (fell === null || first_run_at <= fell)) {
    return { at: first_run_at, why: `a playbook ran at ${atTime(first_run_at)}` };
  }
  return fell === null ? null : { at: fell, why: `it fell steeply at ${atTime(fell)}, as after a cleanup` };
}

function known({ id, observed_at, days_until_critical }: OpenForecast, critical_at: number | null): ForecastVerdict {
  const expected = days_until_critical <= FORTNIGHT;
  const fate = (critical_at !== null) === expected ? 'came_true' : 'did_not';
  const message =
    critical_at === null
      ? `was not critical within ${FORTNIGHT} days`
      : `critical after ${num((critical_at - observed_at) / DAY)} days`;
  return { id, fate, critical_at, message };
}
