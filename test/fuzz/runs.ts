import { SEED } from '../support/seed.ts';

/** Bodies that the service gets; the other fuzzers take shares of it. A million: `npm run test:soak`. */
export const RUNS = Number(process.env['FORESTALL_FUZZ_RUNS'] ?? 3_000);
const ASKED = process.env['FORESTALL_FUZZ_RUNS'] !== undefined;

/** For one body or document, milliseconds of CPU time; in the ordinary tests as much as a machine can hold up. */
export const MOST_CPU = ASKED ? 100 : 1_000;

/** What `fc.assert` gets: every fuzzer takes its cases from the seed. No limit on shrinking: who fails wants a small case. */
export const parameters = (share = 1) => ({ seed: SEED, numRuns: Math.ceil(RUNS * share) });

/** CPU time of this thread so far, milliseconds. */
export function threadCpu(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/** The slowest of many, and what it was. */
export interface Slowest {
  milliseconds: number;
  what: string;
}

/** Does `work`, and remembers it where it took longest. */
export function timed<T>(slowest: Slowest, what: () => string, work: () => T): T {
  const since = threadCpu();
  const result = work();
  note(slowest, threadCpu() - since, what);
  return result;
}

export function note(slowest: Slowest, milliseconds: number, what: () => string): void {
  if (milliseconds <= slowest.milliseconds) return;
  slowest.milliseconds = milliseconds;
  slowest.what = what().slice(0, 300);
}
