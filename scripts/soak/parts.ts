/** Tests that run for as long as the environment says. */
export interface Part {
  readonly name: string;
  /** What vitest takes for the beginning of a file's path, or a part of it. */
  readonly files: readonly string[];
  /** Only tests whose name holds this. */
  readonly only?: string;
  /** For how long, where the environment says nothing else. */
  readonly env: Readonly<Record<string, string>>;
}

/** In the order in which they run: what is over soon comes first. */
export const PARTS: readonly Part[] = [
  { name: 'load', files: ['test/e2e/load.test.ts'], env: { FORESTALL_SOAK_SECONDS: '3600' } },
  { name: 'faults', files: ['test/chaos/random-faults.test.ts'], env: { FORESTALL_CHAOS_SECONDS: '300' } },
  { name: 'stops', files: ['test/e2e/running.test.ts'], only: 'again and again', env: { FORESTALL_ROUNDS: '100' } },
  { name: 'fuzz', files: ['test/fuzz/'], env: { FORESTALL_FUZZ_RUNS: '1000000' } },
  {
    name: 'crashes',
    files: ['test/e2e/kill-points', 'test/e2e/crash-', 'test/e2e/disk-full', 'test/e2e/retention-kill'],
    env: { FORESTALL_STEP: '1' },
  },
  { name: 'storm', files: ['test/e2e/storm-soak.test.ts'], env: { FORESTALL_SOAK_SECONDS: '3600' } },
];
