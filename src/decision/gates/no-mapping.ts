import { type Gate, pass, skip, stop } from '../gate.ts';
import { shown } from '../words.ts';

/** The first mapping that matches type and resource decides; without one nothing is allowed. */
export const noMapping: Gate = {
  reason: 'no_mapping',
  ask: ({ prediction, mapping }) => {
    if (prediction === null) return skip('no prediction');
    return mapping === null
      ? stop(`no mapping for ${shown(prediction.prediction_type)} of ${shown(prediction.resource)}`)
      : pass(`${mapping.id} maps it to ${mapping.action.playbook}`);
  },
};
