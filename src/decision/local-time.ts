import type { ActionMapping } from '../mapping/mapping.ts';

const MINUTE = 60_000;
const DAY_MINUTES = 1_440;
/** Two days and an hour: the longest that a clock can take to show a minute again where a change of time skips it once. */
const FURTHEST = 2 * DAY_MINUTES + 60;

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(timeZone: string): Intl.DateTimeFormat {
  let known = formatters.get(timeZone);
  if (known === undefined) {
    known = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
    formatters.set(timeZone, known);
  }
  return known;
}

/** Minutes since local midnight as the clock on the wall shows them, 0..1439. Throws RangeError for an unknown zone. */
export function minuteOfDay(instant: number, timeZone: string): number {
  const [hour, minute] = formatter(timeZone).format(instant).split(':');
  return Number(hour) * 60 + Number(minute);
}

/** Minutes since local midnight, `to` not included; `from` > `to` goes over midnight, `from` = `to` is never. */
interface Hours {
  readonly from: number;
  readonly to: number;
}

export function isWithin({ from, to }: Hours, minute: number): boolean {
  return from <= to ? minute >= from && minute < to : minute >= from || minute < to;
}

/**
 * The first full minute after `now`, which is outside of the hours, at which the clock on the wall is within them; null
 * where it never is. Summer time can skip them for a day, or show them twice.
 */
export function hoursOpenAt(hours: Hours, now: number, timeZone: string): number | null {
  if (hours.from === hours.to) return null;
  const thisMinute = Math.floor(now / MINUTE) * MINUTE;
  const wait = (hours.from - minuteOfDay(now, timeZone) + DAY_MINUTES) % DAY_MINUTES;
  const expected = thisMinute + wait * MINUTE;
  // A clock that shows the expected minute was not changed on the way, and so showed nothing but minutes outside.
  if (minuteOfDay(expected, timeZone) === hours.from) return expected;
  for (let step = 1; step <= FURTHEST; step++) {
    const at = thisMinute + step * MINUTE;
    if (isWithin(hours, minuteOfDay(at, timeZone))) return at;
  }
  return null;
}

/**
 * The zone of hours that name none: that of the mapping's `global_settings`, else `local`, which is asked only where there
 * are such hours.
 */
export function timeZoneOf({ global_settings, mappings }: ActionMapping, local: () => string): string {
  const asked = mappings.some(({ action }) => action.allowed_hours !== null && action.time_zone === null);
  return global_settings.time_zone ?? (asked ? local() : 'UTC');
}
