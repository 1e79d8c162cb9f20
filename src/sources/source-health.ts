/** Of one predictions file. Predictions by hand have no health: their storage fails loudly where it is asked. */
export interface SourceHealth {
  readonly source: string;
  /** True when the file was read and, unless it is empty of predictions, one at least was usable. */
  readonly up: boolean;
  /** When it was last read well or found unchanged since, epoch milliseconds; null: never. */
  readonly last_success: number | null;
  /** The first thing wrong with it, also when it is up and only some entries were skipped. */
  readonly problem: string | null;
  /** How many entries were skipped. */
  readonly problems: number;
}
