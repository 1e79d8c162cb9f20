import { budgetGate, pass, skip, stop } from '../gate.ts';
import { hoursOpenAt, isWithin, minuteOfDay } from '../local-time.ts';

/** `action.allowed_hours`: by the clock of the action's time zone, from the first minute to before the last, over midnight too. */
export const outsideHours = budgetGate('outside_hours', ({ action }, { now, policy }) => {
  const hours = action.allowed_hours;
  if (hours === null) return skip('the action runs at any hour');
  const zone = action.time_zone ?? policy.time_zone;
  const minute = minuteOfDay(now, zone);
  const clock = `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
  return isWithin(hours, minute)
    ? pass(`${clock} is in ${hours.text} (${zone})`)
    : stop(`${clock} is outside ${hours.text} (${zone})`, hoursOpenAt(hours, now, zone) ?? undefined);
});
