import { type Fact, type FactContext, FactFailure } from './fact.ts';
import { diskUsage } from './facts/disk-usage.ts';
import { createStatFileSystem } from './facts/file-system.ts';
import { inodeUsage } from './facts/inode-usage.ts';
import { memoryUsage } from './facts/memory-usage.ts';
import { swapUsage } from './facts/swap-usage.ts';

export type Measure = 'bytes' | 'inodes' | 'memory' | 'swap';

const FACTS: Readonly<Record<Measure, Fact>> = {
  bytes: diskUsage,
  inodes: inodeUsage,
  memory: memoryUsage,
  swap: swapUsage,
};

const TIMEOUT = 10_000;

/** How much of something is used, 0 to 1, as the checks of that name see it. Rejects with `FactFailure`, which says why. */
export type MeasureUsage = (what: Measure, path: string) => Promise<number>;

export function createMeasure({
  now,
  procRoot = '/proc',
}: {
  readonly now: () => number;
  readonly procRoot?: string;
}): MeasureUsage {
  const statFileSystem = createStatFileSystem(now);
  return async (what, path) => {
    const context: FactContext = {
      prediction: {
        prediction_type: '',
        resource: path,
        host: null,
        days_until_critical: null,
        confidence: 0,
        observed_at: now(),
        source: '',
        labels: {},
      },
      runCommand: () => Promise.reject(new FactFailure('nothing is started to measure')),
      criticalServices: [],
      backupUnits: [],
      timeout: TIMEOUT,
      procRoot,
      systemdRoot: '/nonexistent',
      statFileSystem,
      isRoot: false,
    };
    return Number((await FACTS[what](context)).value) / 100;
  };
}
