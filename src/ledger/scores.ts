import type { ForecastOnRecord, ForecastVerdict, Heard, NotedForecast, OpenForecast } from '../accuracy/record.ts';

/** Kept for 400 days after their window closed. */
export interface ScoreStore {
  /**
   * Notes what was heard of the open ones, then writes forecasts down: of each target and source the first of a day (UTC),
   * and the first that would have been acted on; the number that is new. Rejected, some of it may be there.
   */
  note(forecasts: readonly NotedForecast[], heard: readonly Heard[]): Promise<number>;
  /** Open ones whose window closed by `at`, the first to close first; `after`: the last one of the page before. */
  due(
    at: number,
    after: Pick<OpenForecast, 'closes_at' | 'id'> | null,
    limit: number,
  ): Promise<readonly OpenForecast[]>;
  /** Puts fates on record, once: of any number of processes one gets a forecast's id back. */
  judge(verdicts: readonly ForecastVerdict[], at: number): Promise<readonly number[]>;
  /** Those whose window closes after an instant, open ones among them, the first to close first; of judged ones the newest 10,000, of open ones the first 10,000. */
  since(closesAfter: number): Promise<readonly ForecastOnRecord[]>;
}

/** A forecast as both engines keep it; SQLite has no truth values. */
export interface ScoreRow extends Omit<OpenForecast, 'id' | 'actionable'> {
  readonly seq: number;
  readonly actionable: boolean | number;
  readonly fate: ForecastOnRecord['fate'];
  readonly judged_at: number | null;
}

/** What is read of a forecast for `toForecast`: rows are many. */
export const SCORE_COLUMNS =
  'seq, prediction_type, resource, host, source, mapping, observed_at, actionable, days_until_critical, confidence, raw_within_14d, critical, past_cleanups, closes_at, critical_at, fate, judged_at';

export function toOpen(row: ScoreRow): OpenForecast {
  const { seq, critical_at, seen_at, silence, first_run_at } = row;
  return { ...noted(row), id: seq, critical_at, seen_at, silence, first_run_at };
}

function toForecast(row: ScoreRow): ForecastOnRecord {
  const { seq, fate, critical_at, judged_at } = row;
  return { ...noted(row), id: seq, fate, critical_at, judged_at };
}

/** Judged and open ones are read for themselves, each in the order that its limit wants. */
export function inOrderOfClosing(rows: readonly ScoreRow[]): readonly ForecastOnRecord[] {
  return rows.toSorted((a, b) => a.closes_at - b.closes_at || a.seq - b.seq).map(toForecast);
}

function noted(row: ScoreRow): NotedForecast {
  return {
    prediction_type: row.prediction_type,
    resource: row.resource,
    host: row.host,
    source: row.source,
    mapping: row.mapping,
    observed_at: row.observed_at,
    days_until_critical: row.days_until_critical,
    confidence: row.confidence,
    actionable: Boolean(row.actionable),
    raw_within_14d: row.raw_within_14d,
    critical: row.critical,
    past_cleanups: row.past_cleanups,
    closes_at: row.closes_at,
  };
}
