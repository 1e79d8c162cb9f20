import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Most of the time is waiting for other programs: two at once take little more than half of it, also on two cores.
    maxWorkers: 2,
    // What only waited in vain may have had too little of a busy machine, and is asked once more, by itself; check.sh names
    // it. What came out wrong is never asked again.
    retry: { count: 1, condition: /^(not within \d+ ms|Test timed out in )/ },
  },
});
