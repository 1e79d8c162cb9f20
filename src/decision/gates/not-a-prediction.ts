import { type Gate, pass, skip, stop } from '../gate.ts';
import { shown } from '../words.ts';

/** An alert names its prediction by the label `prediction_type`; any other alert is not ours to act on. */
export const notAPrediction: Gate = {
  reason: 'not_a_prediction',
  ask: ({ alert }) => {
    if (alert === null) return skip('no alert');
    if (alert.is_prediction) return pass('the alert names a prediction');
    const name = alert.alertname === null ? 'the alert' : shown(alert.alertname);
    return stop(`${name} carries no label prediction_type, or reports on its own data source`);
  },
};
