import type { Forecasted } from '../../prediction/forecasted.ts';
import { parseStored, reviveStored } from '../stored-prediction.ts';

/** What is stored, when it has the shape of a forecast; anything else is as good as nothing. */
export function reviveForecasted(body: string): Forecasted | undefined {
  const stored = parseStored(body) as Forecasted | null | undefined;
  if (typeof stored !== 'object' || stored === null) return undefined;
  const prediction = reviveStored(stored.prediction);
  const chances = [stored.p_within_1d, stored.p_within_3d, stored.p_within_7d, stored.p_within_14d];
  const usable =
    prediction !== undefined &&
    stored.kind === 'forecast' &&
    Number.isFinite(stored.critical) &&
    Number.isFinite(stored.made_at) &&
    chances.every((chance) => Number.isFinite(chance)) &&
    [stored.reasons, stored.fan, stored.cleanups, stored.history?.values].every(Array.isArray);
  // Those of before there were corrections were not corrected.
  return usable ? { ...stored, prediction, raw_within_14d: stored.raw_within_14d ?? stored.p_within_14d } : undefined;
}
