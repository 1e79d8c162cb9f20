import { budgetGate, skip } from '../gate.ts';

/** After a run its target is held until it is known whether that helped; the cooldown holds it where nothing is verified. */
export const settling = budgetGate('settling', ({ id }) => skip(`outcomes of ${id} are not verified`));
