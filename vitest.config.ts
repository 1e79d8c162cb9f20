import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Most of the time is waiting for other programs: two at once take little more than half of it, also on two cores.
    maxWorkers: 2,
  },
});
