import { forecastGate, pass, stop } from '../gate.ts';
import { num } from '../words.ts';

/** Confidence below `min_confidence` (inclusive). */
export const lowConfidence = forecastGate('low_confidence', ({ confidence }, { conditions }) => {
  const min = conditions.min_confidence;
  return confidence >= min
    ? pass(`confidence ${num(confidence, min)} >= ${num(min, confidence)}`)
    : stop(`confidence ${num(confidence, min)} < ${num(min, confidence)}`);
});
