import { atTime, num, shown } from '../decision/words.ts';
import type { Mapping } from '../mapping/mapping.ts';
import { CLOCK_SKEW, isStale, type Prediction } from '../prediction/prediction.ts';
import { inWindow } from '../prediction/window.ts';
import { type Heard, judgeByAlert } from './by-alert.ts';
import type { CheckResult, Execution, Outcome } from './execution.ts';

/** What is known of a source of predictions that is read. */
export interface ReadSource {
  readonly source: string;
  readonly up: boolean;
  readonly problem: string | null;
  /** Entries that were skipped. */
  readonly problems: number;
  /** When what was last read of it was made, epoch milliseconds; null: nothing was. */
  readonly dated_at: number | null;
}

/** What is known when a run is verified. */
export interface Look {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly stale_after: number;
  /** The newest prediction of the target; null: none is known any more. */
  readonly current: Prediction | null;
  /** The source of `current`, or without it of the prediction that led to the run; null where it is none that is read. */
  readonly source: ReadSource | null;
  /** The answer to `action.verify.expect`; null where the forecast alone is looked at. */
  readonly check: CheckResult | null;
  /** What was heard last of the alerts about the target, where an alert's name led to the run; else null. */
  readonly heard: readonly Heard[] | null;
  /** Of the mapping that approved the run; null where it is not configured any more. */
  readonly conditions: Mapping['conditions'] | null;
}

export interface Judgement {
  readonly outcome: Outcome;
  /** One sentence. */
  readonly message: string;
  /** Null: gone, no crossing, or unknown. */
  readonly days_after: number | null;
}

/**
 * Whether a run that succeeded helped. What was expected decides; without an expectation the alert that led to it by its
 * name (`by-alert.ts`), else the forecast: its prediction is gone, or its days grew. In doubt it is unknown: a forecast that was not made since the run, or whose source is down or
 * stale, says nothing, and least of all that the danger is over.
 */
export function judge(execution: Execution, look: Look): Judgement {
  const forecast = forecastSince(execution, look);
  const { check } = look;
  if (check === null && look.heard !== null) {
    return { ...judgeByAlert(execution, look.heard, look.now), days_after: null };
  }
  if (check === null) return byForecast(execution, forecast, look);
  const words = `${check.check} (${shown(check.message, 300)})`;
  if (check.value === null) return unknown(`what was expected cannot be answered: ${words}`);
  const days_after = forecast.kind === 'days' ? forecast.days : null;
  return check.passed
    ? { outcome: 'effective', message: `as expected: ${words}`, days_after }
    : { outcome: 'ineffective', message: `not as expected: ${words}`, days_after };
}

type Forecast =
  | { readonly kind: 'gone' }
  | { readonly kind: 'days'; readonly days: number | null }
  | { readonly kind: 'unknown'; readonly why: string };

/** What is forecast since the run, as far as it can be relied on. */
function forecastSince({ prediction, finished_at }: Execution, look: Look): Forecast {
  const { current, source, now, stale_after } = look;
  const cannotTell = (why: string): Forecast => ({ kind: 'unknown', why });
  const isSince = (instant: number | null) => instant !== null && finished_at !== null && instant > finished_at;
  if (source !== null && !source.up) {
    return cannotTell(`${shown(source.source)} is down: ${shown(source.problem ?? 'no reason is known')}`);
  }
  if (current !== null) {
    const made = atTime(current.observed_at);
    if (!isSince(current.observed_at))
      return cannotTell(`there is no forecast since the run, the newest is of ${made}`);
    if (isStale(current, now, stale_after)) return cannotTell(`the newest forecast, of ${made}, is stale`);
    return { kind: 'days', days: current.days_until_critical };
  }
  const from = shown(prediction.source);
  if (prediction.source === 'alert') return cannotTell('only its alert knew of it');
  // Files leave out what is in no danger; whatever else forecasts says so of all that it can, and leaves out what it cannot.
  const leavesOut = prediction.source.startsWith('file:');
  if (source === null || !leavesOut) return cannotTell(`nothing is known of it any more, and ${from} does not say why`);
  if (source.problems > 0) return cannotTell(`${from} lacks it, and ${source.problems} entries of it cannot be read`);
  const { dated_at } = source;
  if (dated_at === null || !isSince(dated_at)) return cannotTell(`${from} lacks it, and is not newer than the run`);
  const isFresh = now - dated_at <= stale_after && dated_at - now <= CLOCK_SKEW;
  return isFresh ? { kind: 'gone' } : cannotTell(`${from} lacks it, and is stale: it is of ${atTime(dated_at)}`);
}

function byForecast({ prediction, days_before }: Execution, forecast: Forecast, look: Look): Judgement {
  if (forecast.kind === 'unknown') return unknown(forecast.why);
  const what = `${prediction.prediction_type} of ${shown(prediction.resource)}`;
  const before = days_before === null ? 'no crossing before' : `critical in ${num(days_before)} days before`;
  if (forecast.kind === 'gone') {
    return { outcome: 'effective', message: `${what} is not predicted any more; ${before}`, days_after: null };
  }
  const { days } = forecast;
  if (days === null) {
    if (days_before !== null)
      return { outcome: 'effective', message: `${what}: no crossing; ${before}`, days_after: null };
    const meets = look.current !== null && look.conditions !== null && inWindow(look.current, look.conditions);
    return meets
      ? { outcome: 'ineffective', message: `${what} is predicted as before`, days_after: null }
      : unknown(`${what} is still predicted, without days to compare`);
  }
  const grew = days_before !== null && days > days_before;
  const message = `${what}: critical in ${num(days, days_before ?? days)} days; ${before}`;
  return { outcome: grew ? 'effective' : 'ineffective', message, days_after: days };
}

function unknown(message: string): Judgement {
  return { outcome: 'unknown', message, days_after: null };
}
