import type { Config } from '../config/config.ts';
import { type Budget, budgetLookback, budgetOf } from '../decision/budget.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { waitingAlerts } from '../loop/rechecks.ts';

export interface PlaybookBudget extends Budget {
  /** Days that the last verified run bought; null where that is no number, or none was verified. */
  readonly days_gained: number | null;
  /** When the first of its deferred alerts is decided on again, epoch milliseconds; null where time says it of none. */
  readonly next_attempt_at: number | null;
}

/** What is left of every configured playbook's guards, and what its last run was worth, for metrics and status. */
export async function budgets(config: Config, ledger: Ledger, now: number): Promise<readonly PlaybookBudget[]> {
  const { mapping, execution } = config;
  const counted = mapping.global_settings.dry_run_mode ? 'rehearsal' : 'live';
  const mapped = Object.keys(config.playbooks).filter((name) =>
    mapping.mappings.some(({ action }) => action.playbook === name),
  );
  const waiting = await waitingAlerts(ledger);
  return await Promise.all(
    mapped.map(async (playbook) => {
      const since = now - budgetLookback(mapping, playbook, execution.circuit_breaker.reset_after);
      const runs = await ledger.runsSince(playbook, counted, since);
      const days_gained = await ledger.lastGain(playbook);
      const attempts = waiting.filter((alert) => alert.playbook === playbook && alert.next_at !== null);
      const next_attempt_at = attempts.length === 0 ? null : Math.min(...attempts.map(({ next_at }) => next_at ?? 0));
      return { ...budgetOf(mapping, playbook, runs, execution, now), days_gained, next_attempt_at };
    }),
  );
}
