import { budgetGate, pass, skip, stop } from '../gate.ts';
import { limitReached, windowOpensAt } from '../limits.ts';

/** `action.limits`: so many runs per trailing window, beside the weekly one. The limit that opens last decides. */
export const limit = budgetGate('limit', ({ action }, { now }, { runs }) => {
  if (action.limits.length === 0) return skip('the action has no further limits');
  const starts = runs.map((run) => run.started_at);
  let last: { message: string; opensAt: number } | null = null;
  for (const { runs: most, per } of action.limits) {
    const opensAt = windowOpensAt(starts, most, per, now);
    if (opensAt === null || (last !== null && opensAt <= last.opensAt)) continue;
    last = { message: limitReached(action.playbook, most, per, opensAt), opensAt };
  }
  return last === null ? pass('within the limits of the action') : stop(last.message, last.opensAt);
});
