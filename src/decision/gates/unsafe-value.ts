import { pass, policyGate, stop } from '../gate.ts';
import { SENTENCE, shown } from '../words.ts';

/** Values that a playbook would get are refused where they could be read as something else than a value. */
export const unsafeValue = policyGate('unsafe_value', (_prediction, _mapping, { unsafe_value }) =>
  unsafe_value === null ? pass('values are safe to hand over') : stop(shown(unsafe_value, SENTENCE)),
);
