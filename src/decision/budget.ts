import type { Action, ActionMapping, LimitScope } from '../mapping/mapping.ts';
import type { PastRun, Policy } from './decision.ts';
import { isFailure } from './gates/circuit-open.ts';
import { WEEK } from './limits.ts';

const HOUR = 3_600_000;

/** What is left of a playbook's guards, of the scope that is worst off. */
export interface Budget {
  readonly playbook: string;
  /** End of the cooldown, epoch milliseconds; null when it has not run. */
  readonly cooldown_until: number | null;
  /** Runs in the trailing seven days. */
  readonly weekly_executions: number;
  /** The strictest of the mappings that share the playbook; null: none. */
  readonly weekly_limit: number | null;
  readonly circuit_open: boolean;
}

export type ScopedRun = PastRun & { readonly resource: string; readonly host: string | null };

/** How far back runs matter for a playbook's budget, milliseconds. */
export function budgetLookback(mapping: ActionMapping, playbook: string, resetAfter: number): number {
  const own = actionsOf(mapping, playbook).flatMap(({ cooldown_hours, limits }) => [
    cooldown_hours * HOUR,
    ...limits.map(({ per }) => per),
  ]);
  return Math.max(WEEK, resetAfter, ...own);
}

/** `runs`: newest first, back to `budgetLookback`. */
export function budgetOf(
  mapping: ActionMapping,
  playbook: string,
  runs: readonly ScopedRun[],
  policy: Pick<Policy, 'circuit_breaker'>,
  now: number,
): Budget {
  const { failures, reset_after } = policy.circuit_breaker;
  let cooldown_until: number | null = null;
  let weekly_executions = 0;
  let circuit_open = false;
  for (const action of actionsOf(mapping, playbook)) {
    for (const inScope of groupByScope(runs, action.limit_scope)) {
      const last = inScope[0]!;
      cooldown_until = Math.max(cooldown_until ?? 0, last.started_at + action.cooldown_hours * HOUR);
      weekly_executions = Math.max(weekly_executions, inScope.filter((run) => run.started_at > now - WEEK).length);
      const newest = inScope.slice(0, failures);
      const allFailed = newest.every(isFailure);
      circuit_open ||= newest.length === failures && allFailed && now < last.started_at + reset_after;
    }
  }
  const limits = actionsOf(mapping, playbook).flatMap((action) => action.max_executions_per_week ?? []);
  const weekly_limit = limits.length === 0 ? null : Math.min(...limits);
  return { playbook, cooldown_until, weekly_executions, weekly_limit, circuit_open };
}

export function actionsOf(mapping: ActionMapping, playbook: string): readonly Action[] {
  return mapping.mappings.map(({ action }) => action).filter((action) => action.playbook === playbook);
}

export function groupByScope(runs: readonly ScopedRun[], scope: LimitScope): readonly (readonly ScopedRun[])[] {
  const groups = new Map<string, ScopedRun[]>();
  for (const run of runs) {
    const key = scope === 'playbook' ? '' : scope === 'resource' ? run.resource : (run.host ?? '');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [run]);
    else group.push(run);
  }
  return [...groups.values()];
}
