import { budgetGate, pass, stop } from '../gate.ts';
import { atTime, since } from '../words.ts';

/**
 * After a run its target is held until its outcome is on record: a forecast lags behind what was done. Time alone does not
 * open it; what does is due at `verify_at`.
 */
export const settling = budgetGate('settling', (_mapping, { now }, { settling: unknown }) => {
  if (unknown === null) return pass('no outcome is waited for');
  const ran = `${unknown.execution_id} ended ${since(unknown.ended_at, now)}`;
  return now < unknown.verify_at
    ? stop(`${ran}; whether it helped is found out at ${atTime(unknown.verify_at)}`, unknown.verify_at)
    : stop(`${ran}; whether it helped is being found out`);
});
