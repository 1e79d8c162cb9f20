import { budgetGate, pass, skip, stop } from '../gate.ts';
import { inWindow, limitReached, WEEK, windowOpensAt } from '../limits.ts';

/** `max_executions_per_week`: trailing 7 days, per playbook in its scope. */
export const weeklyLimit = budgetGate('weekly_limit', ({ action }, { now }, { runs }) => {
  const most = action.max_executions_per_week;
  if (most === null) return skip('the action has no weekly limit');
  const starts = runs.map((run) => run.started_at);
  const opensAt = windowOpensAt(starts, most, WEEK, now);
  if (opensAt === null) return pass(`${inWindow(starts, WEEK, now)} of ${most} runs in 7 d`);
  return stop(limitReached(action.playbook, most, WEEK, opensAt), opensAt);
});
