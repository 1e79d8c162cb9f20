import { forecastGate, pass, skip, stop } from '../gate.ts';
import { num } from '../words.ts';

/** Below the window's lower bound (inclusive) it is too late for automation: people must act now. */
export const tooUrgent = forecastGate('too_urgent', ({ days_until_critical: days }, { conditions }) => {
  const min = conditions.min_days_until_critical;
  if (min === null) return skip('the mapping has no lower bound');
  if (days === null) return skip('no crossing');
  return days >= min
    ? pass(`${num(days, min)} days >= ${num(min, days)}`)
    : stop(`critical in ${num(days, min)} days < ${num(min, days)}: people must act now`);
});
