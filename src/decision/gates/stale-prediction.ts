import { CLOCK_SKEW } from '../../prediction/prediction.ts';
import { pass, policyGate, stop } from '../gate.ts';
import { atTime, inWords } from '../words.ts';

/** Old predictions are shown and never acted on; a date in the future is not believed either. */
export const stalePrediction = policyGate('stale_prediction', ({ observed_at }, _mapping, { now, alert, policy }) => {
  const beganAt = alert?.starts_at ?? null;
  if (beganAt !== null && !(beganAt - now <= CLOCK_SKEW)) {
    return stop(`the alert says it began at ${atTime(beganAt)}, which is in the future`);
  }
  const age = now - observed_at;
  if (-age > CLOCK_SKEW) return stop(`the prediction is dated ${atTime(observed_at)}, which is in the future`);
  if (!(age <= policy.stale_after)) {
    return stop(`the prediction is ${inWords(age)} old, more than stale_after ${inWords(policy.stale_after)}`);
  }
  return pass(`${inWords(age)} old, at most ${inWords(policy.stale_after)}`);
});
