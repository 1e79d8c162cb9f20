import type { Config } from '../config/config.ts';
import { type Budget, budgetLookback, budgetOf } from '../decision/budget.ts';
import type { Ledger } from '../ledger/ledger.ts';

export interface PlaybookBudget extends Budget {
  /** Days that the last verified run bought; null where that is no number, or none was verified. */
  readonly days_gained: number | null;
}

/** What is left of every configured playbook's guards, and what its last run was worth, for metrics and status. */
export async function budgets(config: Config, ledger: Ledger, now: number): Promise<readonly PlaybookBudget[]> {
  const { mapping, execution } = config;
  const counted = mapping.global_settings.dry_run_mode ? 'rehearsal' : 'live';
  const mapped = Object.keys(config.playbooks).filter((name) =>
    mapping.mappings.some(({ action }) => action.playbook === name),
  );
  return await Promise.all(
    mapped.map(async (playbook) => {
      const since = now - budgetLookback(mapping, playbook, execution.circuit_breaker.reset_after);
      const runs = await ledger.runsSince(playbook, counted, since);
      const days_gained = await ledger.lastGain(playbook);
      return { ...budgetOf(mapping, playbook, runs, execution, now), days_gained };
    }),
  );
}
