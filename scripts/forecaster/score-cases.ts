import { BASE_RATE, forecast } from '../../src/forecast/forecast.ts';
import { MODEL } from '../../src/forecast/model.ts';
import type { Model } from '../../src/forecast/odds.ts';
import type { Case } from './cases.ts';
import type { ScoredCase } from './score.ts';

/** Forecasts each case with this model, and keeps what came of it beside. */
export function scoreCases(cases: Iterable<Case>, model: Model = MODEL): ScoredCase[] {
  const scored: ScoredCase[] = [];
  for (const { className, samples, threshold, now, truth } of cases) {
    const result = forecast(samples, threshold, now, model);
    const said =
      result.kind === 'no forecast'
        ? { days: null, confidence: 1 - BASE_RATE, within: BASE_RATE }
        : { days: result.days_until_critical, confidence: result.confidence, within: result.p_within_14d };
    scored.push({ className, truth, ...said });
  }
  return scored;
}
