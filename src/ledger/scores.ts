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
