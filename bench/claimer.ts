/**
 * A process that claims: `STORE CALLERS NAME`. With each message, the milliseconds to go on for, so many callers each record
 * one decision that claims an execution of a resource of its own, wait for its commit, and go on with the next; it answers
 * with `Claimed`.
 */
import { LedgerUnavailable } from '../src/ledger/ledger.ts';
import { openStore } from './engines.ts';
import { approvedInput, INSTANCE, mappingTo } from './past.ts';

export interface Claimed {
  readonly claims: number;
  /** Not answered in time, which the service answers 503: they may be on record all the same. */
  readonly late: number;
  readonly seconds: number;
}

const [store, callers, name] = process.argv.slice(2) as [string, string, string];
const ledger = await openStore(store);
const mapping = mappingTo('claimed', { limit_scope: 'resource', max_executions_per_week: 7, cooldown_hours: 48 });
let number = 0;

async function claimUntil(end: number): Promise<Omit<Claimed, 'seconds'>> {
  let claims = 0;
  let late = 0;
  while (performance.now() < end) {
    const input = approvedInput(mapping, Date.now(), `/${name}-${++number}`);
    try {
      const [recorded] = await ledger.record([input], { ...INSTANCE, id: name });
      if (recorded?.hold == null) throw new Error(`not claimed: ${recorded?.decision.message}`);
      claims++;
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) throw error;
      late++;
    }
  }
  return { claims, late };
}

async function round(duration: number): Promise<Claimed> {
  const began = performance.now();
  const each = await Promise.all(Array.from({ length: Number(callers) }, () => claimUntil(began + duration)));
  const sum = (of: 'claims' | 'late') => each.reduce((total, one) => total + one[of], 0);
  return { claims: sum('claims'), late: sum('late'), seconds: (performance.now() - began) / 1000 };
}

process.on('message', (milliseconds) => {
  round(milliseconds as number).then((claimed) => process.send!(claimed));
});
process.on('disconnect', () => process.exit());
console.log('ready');
