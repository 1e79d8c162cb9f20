import { budgetGate, pass, stop } from '../gate.ts';
import { atTime } from '../words.ts';

/** The last `circuit_breaker.failures` runs all failed: stop repeating what does not work, until `reset_after` is over. */
export const circuitOpen = budgetGate('circuit_open', ({ action }, { now, policy }, { runs }) => {
  const { failures, reset_after } = policy.circuit_breaker;
  const last = runs.slice(0, failures);
  const failed = last.filter((run) => run.state === 'failed' || run.state === 'interrupted').length;
  const newest = last[0];
  if (newest === undefined || failed < failures) return pass(`${failed} of the last ${failures} runs failed`);
  const opensAt = newest.started_at + reset_after;
  return now >= opensAt
    ? pass(`the last ${failures} runs failed, held until ${atTime(opensAt)}: one more try`)
    : stop(`the last ${failures} runs of ${action.playbook} all failed; held until ${atTime(opensAt)}`, opensAt);
});
