import type { ActionMapping } from '../mapping/mapping.ts';
import { actionsOf, type Budget, groupByScope, type ScopedRun } from './budget.ts';
import type { Policy } from './decision.ts';
import { WEEK, windowOpensAt } from './limits.ts';
import { hoursOpenAt, isWithin, minuteOfDay } from './local-time.ts';

/**
 * When the scope of a playbook that is worst off may run again, as far as cooldown, limits, circuit breaker and hours of
 * its mappings say; null: now, Infinity: not by waiting. `runs` as for `budgetOf`.
 */
export function nextPossibleAt(
  mapping: ActionMapping,
  budget: Budget,
  runs: readonly ScopedRun[],
  policy: Pick<Policy, 'circuit_breaker' | 'time_zone'>,
  now: number,
): number | null {
  const actions = actionsOf(mapping, budget.playbook);
  const openings = [budget.cooldown_until ?? 0];
  if (budget.circuit_open) openings.push((runs[0]?.started_at ?? now) + policy.circuit_breaker.reset_after);
  for (const { limit_scope, limits, max_executions_per_week } of actions) {
    const windows = [...limits];
    if (max_executions_per_week !== null) windows.push({ runs: max_executions_per_week, per: WEEK });
    const groups = groupByScope(runs, limit_scope).map((group) => group.map((run) => run.started_at));
    for (const { runs: most, per } of windows) {
      for (const starts of [[], ...groups]) openings.push(windowOpensAt(starts, most, per, now) ?? 0);
    }
  }
  let at = Math.max(now, ...openings);
  if (!Number.isFinite(at)) return at;
  const guardsOpenAt = at;
  for (const { allowed_hours: hours, time_zone } of actions) {
    const zone = time_zone ?? policy.time_zone;
    if (hours === null || isWithin(hours, minuteOfDay(guardsOpenAt, zone))) continue;
    at = Math.max(at, hoursOpenAt(hours, guardsOpenAt, zone) ?? Infinity);
  }
  return at > now ? at : null;
}
