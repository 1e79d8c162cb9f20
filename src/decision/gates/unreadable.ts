import { type Gate, pass, skip, stop } from '../gate.ts';
import { SENTENCE, shown } from '../words.ts';

/** The alert's own fields could not be read, though others in its body could. */
export const unreadable: Gate = {
  reason: 'unreadable',
  ask: ({ alert }) => {
    if (alert === null) return skip('no alert');
    return alert.problem === null ? pass('readable') : stop(shown(alert.problem, SENTENCE));
  },
};
