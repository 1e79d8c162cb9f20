import { expect, test } from 'vitest';
import { createRecovery } from '../../src/loop/recovery.ts';
import { createForecastSource } from '../../src/sources/forecasts/forecast-source.ts';
import { sqliteStore } from '../ledger/sqlite-store.ts';
import { claim, inputAbout, owner, step } from '../ledger/support.ts';
import { recordingLog } from '../report/recording-log.ts';
import { DAY, HOUR, NOW, permittingInput, permittingMapping } from '../support/decision.ts';
import { sourcesBelow } from '../support/source-text.ts';

const YEAR = 365 * DAY;
const JUMPS = [YEAR, -YEAR, HOUR, -HOUR, -1_000];

/** A process that looks for owners that died, with a wall clock and one that only goes forward. */
async function watcher() {
  const clock = { wall: NOW, steady: 0 };
  const ledger = await sqliteStore().open({ now: () => clock.wall });
  const holder = owner('holder');
  const hold = await claim(ledger, inputAbout(), holder);
  await ledger.advance(hold, step('checking', NOW));
  const { log, lines } = recordingLog();
  const never = new AbortController().signal;
  const input = permittingInput();
  const context = {
    ledger,
    instance: owner('watcher'),
    instanceIsGone: () => null,
    now: () => clock.wall,
    config: () => ({
      mapping: {
        mappings: [permittingMapping()],
        global_settings: { exclude: [], enable_auto_remediation: true, max_daily_executions: null },
      },
      playbooks: { 'disk-cleanup': { dry_run_timeout: 1_000 } },
      predictions: { stale_after: 26 * HOUR },
      execution: { retry_after: HOUR, circuit_breaker: { failures: 3, reset_after: DAY } },
      forecast: null,
    }),
    timeZone: () => 'UTC',
    predictions: { current: async () => input.prediction, recent: () => [], post: async () => {} },
    playbooks: { unsafeValue: () => null, fleet: () => null, awaitSurvivors: async () => {} },
    reportsFor: async () => [],
    kickReports: () => {},
    events: { changed: () => {} },
    logger: log,
    draining: never,
    ending: never,
  } as any;
  const carriedOn: string[] = [];
  const recovery = createRecovery({
    context,
    monotonic: () => clock.steady,
    holds: () => false,
    carryOn: ({ id }) => carriedOn.push(id),
  });
  const tookOver = () => lines.filter(({ message }) => message.startsWith('took over')).length;
  return { clock, ledger, holder, recovery, tookOver };
}

test('a watcher whose wall clock jumps takes nothing from an owner that lives, and all from one that does not (fault 17)', async () => {
  const { clock, recovery, tookOver } = await watcher();
  await recovery.sweep();
  for (const jump of JUMPS) {
    clock.wall = NOW + jump;
    clock.steady += 1_000;
    await recovery.sweep();
    expect([jump, tookOver()]).toEqual([jump, 0]);
  }
  // Eight seconds by the clock that only goes forward, in which nothing was heard; by the other one none.
  clock.steady = 8_000;
  await recovery.sweep();
  expect(tookOver()).toBe(1);
});

test('an owner whose own wall clock jumps lives as long as it says so (fault 17)', async () => {
  const { clock, ledger, holder, recovery, tookOver } = await watcher();
  for (const jump of [...JUMPS, ...JUMPS]) {
    await ledger.heartbeat(holder, NOW + jump + clock.steady);
    clock.steady += 5_000;
    await recovery.sweep();
    expect([jump, tookOver()]).toEqual([jump, 0]);
  }
});

test('a forecast that was made by a clock that was ahead is made anew (fault 17)', async () => {
  let now = NOW;
  let passes = 0;
  const source = createForecastSource({
    source: 'forecast:local',
    every: HOUR,
    step: 60_000,
    async pass() {
      passes += 1;
      return { made: [], none: [], problems: [], problem_count: 0, dropped_samples: 0, error: null };
    },
    store: { replace: async () => {}, of: async () => [] },
    onChange: () => {},
    now: () => now,
    logger: recordingLog().log,
  });
  expect(source.isDue()).toBe(true);
  now = NOW + YEAR;
  await source.refresh();
  expect(source.isDue()).toBe(false);
  now = NOW;
  expect(source.isDue()).toBe(true);
  await source.refresh();
  now = NOW + HOUR - 1;
  expect([source.isDue(), passes]).toEqual([false, 2]);
  now = NOW + HOUR;
  expect(source.isDue()).toBe(true);
});

/** A wait that is computed from the wall clock: it would end early, or a year late, when that is put forward or back. */
const BY_THE_WALL = [
  /\bset(?:Timeout|Interval)\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\b(?:Date\.now|now)\(\)/,
  /\b(?:deadline|until|patience|giveUpAt|end)\b(?::\s*\w+)?\s*=\s*(?:Date\.now|now)\(\)\s*\+/i,
  /\bwhile\s*\([^)]*\b(?:Date\.now|now)\(\)/,
  /\bAbortSignal\.timeout\([^)]*\b(?:Date\.now|now)\(\)/,
];

test('nothing in the program waits by the wall clock (fault 17)', () => {
  const wrong = [
    'setTimeout(() => end(), until - Date.now());',
    'const deadline = now() + patience;',
    'for (const until = Date.now() + 5; ; ) {}',
    'while (options.now() < end) await delay(5);',
    'AbortSignal.timeout(at - now())',
  ];
  expect(wrong.filter((text) => !BY_THE_WALL.some((pattern) => pattern.test(text)))).toEqual([]);
  const found = sourcesBelow('src').filter(({ bare }) => {
    const code = bare.replaceAll('performance.now()', 'steady');
    return BY_THE_WALL.some((pattern) => pattern.test(code));
  });
  expect(found.map(({ path }) => path)).toEqual([]);
});
