import type { PastRun } from '../decision.ts';
import { budgetGate, pass, stop } from '../gate.ts';
import { atTime } from '../words.ts';

/** Runs that speak for holding a playbook: it failed, or did what it does and that did not help. */
export function isFailure({ state }: PastRun): boolean {
  return state === 'failed' || state === 'interrupted' || state === 'ineffective';
}

/** The last `circuit_breaker.failures` runs all failed or did not help: stop repeating that, until `reset_after` is over. */
export const circuitOpen = budgetGate('circuit_open', ({ action }, { now, policy }, { runs }) => {
  const { failures, reset_after } = policy.circuit_breaker;
  const last = runs.slice(0, failures);
  const failed = last.filter(isFailure).length;
  const how = last.some(({ state }) => state === 'ineffective') ? 'failed or did not help' : 'failed';
  const newest = last[0];
  if (newest === undefined || failed < failures) return pass(`${failed} of the last ${failures} runs ${how}`);
  const opensAt = newest.started_at + reset_after;
  return now >= opensAt
    ? pass(`the last ${failures} runs ${how}, held until ${atTime(opensAt)}: one more try`)
    : stop(`the last ${failures} runs of ${action.playbook} all ${how}; held until ${atTime(opensAt)}`, opensAt);
});
