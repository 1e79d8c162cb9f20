import { isByName } from '../../prediction/by-name.ts';
import { type Gate, pass, skip, stop } from '../gate.ts';
import { shown } from '../words.ts';

/** An alert names its prediction by the label `prediction_type`, or a mapping names the alert; any other is not ours. */
export const notAPrediction: Gate = {
  reason: 'not_a_prediction',
  ask: ({ alert, prediction }) => {
    if (alert === null) return skip('no alert');
    if (prediction !== null && isByName(prediction)) return pass('a mapping names the alert');
    if (alert.is_prediction) return pass('the alert names a prediction');
    const name = alert.alertname === null ? 'the alert' : shown(alert.alertname);
    return stop(`${name} carries no label prediction_type, or reports on its own data source`);
  },
};
