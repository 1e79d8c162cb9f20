import type { Execution } from '../execution/execution.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** Executions that wait for a person to approve or reject them. */
export async function waitingForConfirmation(ledger: Ledger): Promise<readonly Execution[]> {
  const unfinished = await ledger.unfinished();
  return unfinished
    .map(({ execution }) => execution)
    .filter(({ state, answered }) => state === 'awaiting_approval' && answered === null);
}
