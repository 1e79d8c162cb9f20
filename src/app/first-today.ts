import { keyvOver } from '../ledger/keyv.ts';
import type { Ledger } from '../ledger/ledger.ts';

const DAY = 86_400_000;

/** True for the first call with a key within 24 hours, over all processes on the store. */
export function createFirstToday(ledger: Ledger): (key: string) => Promise<boolean> {
  const told = keyvOver(ledger.values, 'told');
  return async (key) => {
    if ((await told.get(key)) !== undefined) return false;
    await told.set(key, true, DAY);
    return true;
  };
}
