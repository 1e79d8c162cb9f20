import type { Prediction } from '../prediction/prediction.ts';
import type { SourceHealth } from './source-health.ts';

/** One source, as it is watched. */
export interface SourceState {
  health(): SourceHealth;
  /** By target; only its own. */
  predictions(): ReadonlyMap<string, Prediction>;
  /** Without anything newer than this it is silent, milliseconds. */
  readonly quiet_after: number;
}

/** Predictions of several sources as they are known now. */
export interface PredictionFeed {
  /** By target. */
  predictions(): ReadonlyMap<string, Prediction>;
  states(): readonly SourceState[];
}
