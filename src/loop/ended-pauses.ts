import { atTime } from '../decision/words.ts';
import type { LoopOptions } from './ports.ts';

const SHOWN = 50;

/** Says of each pause that ended by itself, once over all processes on the store, what was refused meanwhile. */
export async function tellEndedPauses({ ledger, logger }: Pick<LoopOptions, 'ledger' | 'logger'>): Promise<void> {
  for (const { name, reason, since, until, refused } of await ledger.takeEndedPauses()) {
    const decisions = refused === 0 ? [] : await ledger.refusedSince(since, SHOWN);
    logger.info(
      {
        pause: name,
        reason,
        since: atTime(since),
        refused,
        decisions: decisions.map(({ id, target, repeats, message }) => ({ id, target, repeats, message })),
      },
      `the pause ${name} ended${until === null ? '' : ` at ${atTime(until)}`}: ${refused} decisions were refused meanwhile`,
    );
  }
}
