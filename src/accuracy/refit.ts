import { type Calibration, fitCalibration, type WeightedOutcome } from '../forecast/calibration.ts';
import { targetKey } from '../prediction/prediction.ts';
import { FORTNIGHT } from './note.ts';
import { type ForecastOnRecord, isScored } from './record.ts';

const WINDOW = FORTNIGHT * 86_400_000;
/** Forecasts of the same alarm share one truth: those of a target within one window count as one together. */
const blockOf = (forecast: ForecastOnRecord): string =>
  `${Math.floor(forecast.closes_at / WINDOW)} ${forecast.source} ${targetKey(forecast)}`;

/** How the forecasts of each type are corrected, from those of our own forecaster that were scored, as they were before. */
export function refit(forecasts: readonly ForecastOnRecord[]): ReadonlyMap<string, Calibration> {
  const usable = forecasts.filter((one) => isScored(one) && one.raw_within_14d !== null);
  const keyed = usable.map((one) => ({ one, block: blockOf(one) }));
  const blocks = new Map<string, number>();
  for (const { block } of keyed) blocks.set(block, (blocks.get(block) ?? 0) + 1);
  const byType = Map.groupBy(keyed, ({ one }) => one.prediction_type);
  return new Map(
    [...byType].map(([type, own]) => {
      const outcomes = own.map(({ one, block }): WeightedOutcome => {
        return {
          probability: one.raw_within_14d!,
          came: one.critical_at !== null,
          weight: 1 / blocks.get(block)!,
        };
      });
      return [type, fitCalibration(outcomes)];
    }),
  );
}
