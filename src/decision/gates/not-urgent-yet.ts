import { forecastGate, pass, skip, stop } from '../gate.ts';
import { num } from '../words.ts';

/** Above the window's upper bound (inclusive), or no crossing where the mapping has day bounds. */
export const notUrgentYet = forecastGate('not_urgent_yet', ({ days_until_critical: days }, { conditions }) => {
  const { min_days_until_critical: min, max_days_until_critical: max } = conditions;
  if (min === null && max === null) return skip('the mapping has no day bounds');
  if (days === null) return stop('no crossing is expected');
  if (max === null) return pass('the mapping has no upper bound');
  return days <= max
    ? pass(`${num(days, max)} days <= ${num(max, days)}`)
    : stop(`critical in ${num(days, max)} days > ${num(max, days)}`);
});
