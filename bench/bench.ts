import type { Load } from './load-client.ts';
import type { Row } from './table.ts';

/** What every measurement gets. */
export interface Bench {
  readonly load: Load;
  /** Few rounds and short ones: shows that the bench works, its figures say nothing. */
  readonly quick: boolean;
  /** Interleaved rounds that medians are taken over. */
  readonly rounds: number;
  /** Executions of a ledger with a long past, each with its decision. */
  readonly executions: number;
  /** Different resources that alerts name all at once. */
  readonly targets: number;
  /** Folder for CPU profiles of the service; null: none. */
  readonly profile: string | null;
  /** Something that the reader has to know beside the table. */
  note(text: string): void;
}

/** Measures one thing beside what it is compared with, and cleans up behind itself. */
export type Measurement = (bench: Bench) => Promise<readonly Row[]>;
