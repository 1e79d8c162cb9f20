/** Text under keys in a namespace, on the ledger's own database. Errors reject; they never read as "not there". */
export interface ValueStore {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string, expiresAt: number | null): Promise<void>;
  /** The same for any number of keys at once; of a key that is named twice the last value stays. */
  setAll(entries: readonly (readonly [key: string, value: string])[], expiresAt: number | null): Promise<void>;
  /** True where it was there. `value`: only where this is what it holds. */
  delete(key: string, value?: string): Promise<boolean>;
  /** All keys with this prefix that have not expired. */
  list(prefix: string): Promise<readonly (readonly [key: string, value: string])[]>;
}

export interface MeasuredSample {
  /** What was measured: any text. */
  readonly series: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly value: number;
}

/**
 * Measurements, thinned with age: all of the last two days, the last one of each hour up to 60 days, nothing older. A
 * series that is measured every five minutes has some 2,000 of them.
 */
export interface SampleStore {
  /** Those that are no numbers, dated ahead or not newer than what is known of their series are dropped; the number kept. */
  add(samples: readonly MeasuredSample[]): Promise<number>;
  /** Oldest first. */
  since(series: string, from: number): Promise<readonly (readonly [at: number, value: number])[]>;
}

/** What was forecast of one target, as text of whoever made it. */
export interface KeptForecast {
  /** Unique within its source. */
  readonly target: string;
  readonly body: string;
}

export interface ForecastStore {
  /** Puts the outcome of a pass in the place of what the source said before. Rejected, some of it may be there. */
  replace(source: string, at: number, entries: readonly KeptForecast[]): Promise<void>;
  /** `at`: when the pass was that made it. */
  of(source: string): Promise<readonly (KeptForecast & { readonly at: number })[]>;
}
