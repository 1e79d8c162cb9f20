import type { ReadAlert } from '../alert/alert.ts';
import type { Decision, DecisionInput } from '../decision/decision.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { isByName } from '../prediction/by-name.ts';
import type { LoopOptions } from './ports.ts';

/** A refusal stands for this long, milliseconds, while nothing that it follows from changes but the time. */
const STANDS_FOR = 250;

interface Standing {
  readonly decision: Decision;
  readonly from: number;
  /** Its gate does not open before. */
  readonly until: number;
}

/** What decisions follow from, as it is between two changes of it. */
export interface Moment {
  /** The refusal of an alert that was refused at this moment, counted once more; null: it has to be decided on. */
  again(read: ReadAlert): Decision | null;
  /** Keeps what was decided on an alert. Only for what was decided between two looks at one and the same moment. */
  keep(read: ReadAlert, input: DecisionInput, decision: Decision): void;
}

/**
 * Tells which moment it is: the same object as before, as long as neither the store, the configuration nor the predictions
 * changed. Null where that cannot be told. What comes again in a storm is refused as it was, without asking every gate
 * anew; what may run never is: the ledger decides on it at its time.
 */
export function createMoments(
  options: Pick<LoopOptions, 'now' | 'config' | 'predictions'> & { readonly ledger: Pick<Ledger, 'moment' | 'again'> },
): () => Moment | null {
  const { ledger, now, config, predictions } = options;
  let last: { readonly of: readonly unknown[]; readonly moment: Moment } | null = null;

  function newMoment(): Moment {
    /** By the alert as it was read: one that comes again as it was is the same object. */
    const standing = new WeakMap<ReadAlert, Standing>();
    return {
      again(read) {
        const known = standing.get(read);
        const at = now();
        if (known === undefined || at < known.from || at >= known.until) return null;
        return ledger.again(known.decision, at);
      },
      keep(read, input, decision) {
        if (decision.repeats === 0 || input.fleet !== null) return;
        // What an alert by name says is written down each time.
        if (input.prediction !== null && isByName(input.prediction)) return;
        const until = Math.min(input.now + STANDS_FOR, decision.next_attempt_at ?? Infinity);
        standing.set(read, { decision, from: input.now, until });
      },
    };
  }

  return () => {
    const store = ledger.moment();
    if (store === null) return null;
    const of = [store, config(), predictions.generation()];
    if (last === null || of.some((part, at) => part !== last!.of[at])) last = { of, moment: newMoment() };
    return last.moment;
  };
}
