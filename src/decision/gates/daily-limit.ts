import { budgetGate, pass, skip, stop } from '../gate.ts';
import { DAY, inWindow, limitReached, windowOpensAt } from '../limits.ts';

/** `max_daily_executions`: trailing 24 hours, over all playbooks. */
export const dailyLimit = budgetGate('daily_limit', (_mapping, { now, policy }, { all_runs }) => {
  const most = policy.max_daily_executions;
  if (most === null) return skip('there is no daily limit');
  const opensAt = windowOpensAt(all_runs, most, DAY, now);
  if (opensAt === null) return pass(`${inWindow(all_runs, DAY, now)} of ${most} runs in 24 h`);
  return stop(limitReached('all playbooks', most, DAY, opensAt), opensAt);
});
