import { type Gate, pass, skip, stop } from '../gate.ts';
import { SENTENCE, shown } from '../words.ts';

/** `run` asks Alertmanager for silences, as no alert goes through it there. */
export const silenced: Gate = {
  reason: 'silenced',
  ask: ({ trigger, silence }) => {
    if (trigger !== 'run') return skip('asked by run only');
    return silence === null ? pass('no silence covers it') : stop(shown(silence, SENTENCE));
  },
};
