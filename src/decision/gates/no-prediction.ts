import { alertnameOf, isByName } from '../../prediction/by-name.ts';
import { type Gate, pass, stop } from '../gate.ts';
import { num, SENTENCE, shown } from '../words.ts';

/** Nothing usable is known: neither a current prediction, nor numbers in the annotations. */
export const noPrediction: Gate = {
  reason: 'no_prediction',
  ask: ({ prediction, prediction_problem }) => {
    if (prediction === null)
      return stop(shown(prediction_problem ?? 'nothing is known about this prediction', SENTENCE));
    if (isByName(prediction)) return pass(`the alert ${shown(alertnameOf(prediction))} itself is acted on`);
    const { days_until_critical: days, confidence, source } = prediction;
    if (days !== null && !(Number.isFinite(days) && days >= 0)) {
      return stop(`days_until_critical is ${days}; a finite number from 0 is wanted, or none for no crossing`);
    }
    if (!(confidence >= 0 && confidence <= 1)) return stop(`confidence is ${confidence}; 0 to 1 is wanted`);
    return pass(
      `${days === null ? 'no crossing' : `${num(days)} days`}, confidence ${num(confidence)}, from ${source}`,
    );
  },
};
