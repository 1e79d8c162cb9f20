import type { Calibration } from '../forecast/calibration.ts';
import { brier, calibrationError, type Stated } from '../forecast/scoring.ts';
import { type Target, targetKey } from '../prediction/prediction.ts';
import { FORTNIGHT } from './note.ts';
import { type Proof, type ProofDemand, proofOf, type Standing, standingOf } from './proof.ts';
import { type ForecastOnRecord, isScored } from './record.ts';
import { refit } from './refit.ts';

/** How some forecasts did. Shares are 0 to 1; what nothing was scored for is null. */
export interface Score {
  /** Compared with what happened. */
  readonly scored: number;
  readonly came_true: number;
  /** Not counted: a run or a cleanup came before the end. */
  readonly cut_short: number;
  /** Not counted: what happened cannot be found out. */
  readonly unknown: number;
  /** Their window has not closed, or they wait for what happened in it. */
  readonly open: number;
  /** Mean distance in days from the crossing, of those that named days within 14 and crossed. */
  readonly absolute_error_days: number | null;
  /** Mean square of the stated probability beside what came. */
  readonly brier_score: number | null;
  readonly calibration_error: number | null;
  /** Of the scored ones those that would have been acted on, and the share of them that came true. */
  readonly actionable: number;
  readonly precision: number | null;
}

/** What was stated beside what came, in one tenth of the probabilities. */
export interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly forecasts: number;
  /** Mean probability that was stated. */
  readonly stated: number;
  /** Share that came true. */
  readonly came_true: number;
}

export interface TypeScore extends Score {
  readonly prediction_type: string;
  readonly calibration: readonly CalibrationBin[];
  /** How our own forecasts of the type are corrected from now on. */
  readonly correction: Calibration | null;
}

export interface SourceScore extends Score {
  readonly prediction_type: string;
  readonly source: string;
  /** What the gate `unproven` asks: over 90 days, whatever the period of the scores. */
  readonly proof: Proof;
  readonly standing: Standing;
}

export interface Accuracy {
  readonly since: number;
  readonly until: number;
  readonly all: Score;
  /** When the first window of an open one closes, epoch milliseconds; null: none is open. */
  readonly next_closes_at: number | null;
  readonly types: readonly TypeScore[];
  readonly sources: readonly SourceScore[];
  readonly resources: readonly (Target & Score)[];
}

export interface AccuracyQuestion {
  /** Forecasts whose window closed since then count, epoch milliseconds; open ones always do. */
  readonly since: number;
  readonly until: number;
  readonly prediction_type?: string | undefined;
  readonly resource?: string | undefined;
}

const DAY = 86_400_000;
const BINS = 10;

/** `forecasts`: all on record that any of this rests on, corrections and proofs among it. */
export function accuracyOf(
  forecasts: readonly ForecastOnRecord[],
  { since, until, prediction_type, resource }: AccuracyQuestion,
  demand: ProofDemand,
): Accuracy {
  const ofType = forecasts.filter((one) => prediction_type === undefined || one.prediction_type === prediction_type);
  const asked = ofType.filter(
    (one) => (resource === undefined || one.resource === resource) && (one.fate === null || one.closes_at >= since),
  );
  const corrections = refit(ofType);
  const open = asked.filter(({ fate }) => fate === null).map(({ closes_at }) => closes_at);
  const sourceOf = (one: ForecastOnRecord) => JSON.stringify([one.prediction_type, one.source]);
  const bySource = Map.groupBy(ofType, sourceOf);
  return {
    since,
    until,
    all: scoreOf(asked),
    next_closes_at: open.length === 0 ? null : open.reduce((first, at) => Math.min(first, at)),
    types: sorted(Map.groupBy(asked, (one) => one.prediction_type)).map(([type, own]) => ({
      prediction_type: type,
      ...scoreOf(own),
      calibration: binsOf(own),
      correction: corrections.get(type) ?? null,
    })),
    sources: sorted(Map.groupBy(asked, sourceOf)).map(([key, own]) => {
      const judged = bySource.get(key)!.filter((one) => one.actionable && isScored(one));
      const proof = proofOf(
        judged.map(({ closes_at, fate }) => ({ closes_at, came_true: fate === 'came_true' })),
        demand,
        until,
      );
      const { prediction_type: type, source } = own[0]!;
      return { prediction_type: type, source, ...scoreOf(own), proof, standing: standingOf(proof, demand) };
    }),
    resources: sorted(Map.groupBy(asked, targetKey)).map(([, own]) => {
      const { prediction_type: type, resource: name, host } = own[0]!;
      return { prediction_type: type, resource: name, host, ...scoreOf(own) };
    }),
  };
}

function scoreOf(forecasts: readonly ForecastOnRecord[]): Score {
  const scored = forecasts.filter(isScored);
  const stated = scored.map(statedOf);
  const actionable = scored.filter((one) => one.actionable);
  const off = scored.flatMap(({ days_until_critical: days, critical_at, observed_at }) =>
    critical_at === null || days > FORTNIGHT ? [] : [Math.abs((critical_at - observed_at) / DAY - days)],
  );
  const count = (fate: ForecastOnRecord['fate']) => forecasts.filter((one) => one.fate === fate).length;
  return {
    scored: scored.length,
    came_true: count('came_true'),
    cut_short: count('cut_short'),
    unknown: count('unknown'),
    open: count(null),
    absolute_error_days: meanOf(off),
    brier_score: stated.length === 0 ? null : brier(stated),
    calibration_error: stated.length === 0 ? null : calibrationError(stated, BINS),
    actionable: actionable.length,
    precision: meanOf(actionable.map(({ fate }) => (fate === 'came_true' ? 1 : 0))),
  };
}

function statedOf({ confidence, fate }: ForecastOnRecord): Stated {
  return { probability: confidence, came: fate === 'came_true' };
}

function binsOf(forecasts: readonly ForecastOnRecord[]): readonly CalibrationBin[] {
  const stated = forecasts.filter(isScored).map(statedOf);
  const groups = Map.groupBy(stated, ({ probability }) => Math.min(BINS - 1, Math.floor(probability * BINS)));
  return [...groups]
    .sort(([a], [b]) => a - b)
    .map(([bin, group]) => ({
      from: bin / BINS,
      to: (bin + 1) / BINS,
      forecasts: group.length,
      stated: meanOf(group.map(({ probability }) => probability))!,
      came_true: meanOf(group.map(({ came }) => (came ? 1 : 0)))!,
    }));
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function sorted<T>(groups: ReadonlyMap<string, T>): readonly (readonly [string, T])[] {
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}
