import type { Config } from '../config/config.ts';
import { type Budget, budgetLookback, budgetOf } from '../decision/budget.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** What is left of every configured playbook's guards, for metrics and status. */
export async function budgets(config: Config, ledger: Ledger, now: number): Promise<readonly Budget[]> {
  const { mapping, execution } = config;
  const counted = mapping.global_settings.dry_run_mode ? 'rehearsal' : 'live';
  const mapped = Object.keys(config.playbooks).filter((name) =>
    mapping.mappings.some(({ action }) => action.playbook === name),
  );
  return await Promise.all(
    mapped.map(async (playbook) => {
      const since = now - budgetLookback(mapping, playbook, execution.circuit_breaker.reset_after);
      return budgetOf(mapping, playbook, await ledger.runsSince(playbook, counted, since), execution, now);
    }),
  );
}
