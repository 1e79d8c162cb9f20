import { type Gate, pass, skip, stop } from '../gate.ts';

/** Resolved is not a reason to act, whatever the group's status says. */
export const notFiring: Gate = {
  reason: 'not_firing',
  ask: ({ alert }) => {
    if (alert === null) return skip('no alert');
    return alert.status === 'firing' ? pass('firing') : stop('the alert is resolved');
  },
};
