/**
 * Of one predictions file, or of one source of forecasts. Predictions by hand have no health: their storage fails loudly
 * where it is asked.
 */
export interface SourceHealth {
  readonly source: string;
  /** True when it was read and, unless it is empty of predictions, one at least was usable. */
  readonly up: boolean;
  /** When it was last read well or found unchanged since, epoch milliseconds; null: never. */
  readonly last_success: number | null;
  /** When what was last read of it was made, epoch milliseconds; null: nothing was read, or it bears no readable time. */
  readonly dated_at: number | null;
  /** The first thing wrong with it, also when it is up and only a part of it was skipped. */
  readonly problem: string | null;
  /** How many entries were skipped, or series have no forecast. */
  readonly problems: number;
}
