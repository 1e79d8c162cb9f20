import { standingOf } from '../../accuracy/proof.ts';
import { forecastGate, pass, skip, stop } from '../gate.ts';
import { num, shown } from '../words.ts';

/**
 * A source whose forecasts of this type came true less often than `min_precision`, once `min_scored` are known, is not
 * acted on. Its forecasts go on being scored: it opens by itself when they come true again.
 */
export const unproven = forecastGate('unproven', ({ source, prediction_type }, _mapping, { policy }, { proof }) => {
  const { min_precision, min_scored } = policy.proof;
  const whose = `forecasts of ${shown(prediction_type)} by ${shown(source)}`;
  if (proof === null) return skip(`${whose} are not scored`);
  const { scored, came_true } = proof;
  const standing = standingOf(proof, policy.proof);
  if (standing === 'too_few') return skip(`${scored} ${whose} are scored, ${min_scored} are needed to judge them`);
  const precision = came_true / scored;
  const kept = `${came_true} of ${scored} ${whose} came true: ${num(precision, min_precision)}`;
  return standing === 'proven'
    ? pass(`${kept} >= ${num(min_precision, precision)}`)
    : stop(`${kept} < ${num(min_precision, precision)}`);
});
