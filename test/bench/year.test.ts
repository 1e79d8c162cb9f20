import { expect, test } from 'vitest';
import { createDisk, daysToIncident } from '../../bench/year/disk.ts';
import { CLASSES, makePlan, type Plan, YEAR } from '../../bench/year/plans.ts';
import { between, summarize } from '../../bench/year/summary.ts';
import { type DiskYear, simulateYear } from '../../bench/year/year.ts';
import { createRandom } from '../../scripts/forecaster/random.ts';

const OPTIONS = { seed: 'test', every: 24, lookback: 14, answer: null };
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A disk that fills in so many days, three quarters of it with what can be deleted. */
function planOf(changes: Partial<Plan> = {}): Plan {
  const hours = 4000;
  return {
    className: 'test',
    hours,
    base: 0.5,
    oldJunk: 0.1,
    arrivals: new Float64Array(hours).fill(0.01 / 24),
    freeable: 0.75,
    keeps: null,
    above: new Float64Array(hours),
    backup: new Uint8Array(hours),
    tidied: new Float64Array(hours),
    leaks: [],
    answers: [{ after: 10, level: 0.6 }],
    ...changes,
  };
}

function runFor(plan: Plan, hours: number) {
  const disk = createDisk(plan);
  for (let i = 0; i < hours; i += 1) disk.step();
  return disk;
}

test('a disk fills at its rate, is an incident after three hours, and its owner comes when he comes', () => {
  const disk = createDisk(planOf());
  expect(daysToIncident(disk.fork(), 60)).toBeCloseTo(30, 1);
  expect(daysToIncident(disk.fork(), 20)).toBeNull();
  while (disk.incidents.length === 0) disk.step();
  const { began } = disk.incidents[0]!;
  expect(disk.hour - began).toBe(3);
  for (let i = 0; i < 12; i += 1) disk.step();
  expect(disk.value).toBeLessThan(0.61);
});

test('a spike of two hours is no incident, a day above and below within hours is one', () => {
  const spikes = (hours: number) =>
    planOf({
      arrivals: new Float64Array(4000),
      above: Float64Array.from({ length: 4000 }, (_, i) => (i % 12 < hours && i < 60 ? 0.35 : 0)),
      answers: [{ after: 1000, level: 0.6 }],
    });
  expect(runFor(spikes(2), 200).incidents).toHaveLength(0);
  expect(runFor(spikes(4), 200).incidents).toHaveLength(1);
});

test('a cleanup deletes what is there and old, a second one finds next to nothing; a fork is another disk', () => {
  const disk = runFor(planOf(), 480);
  const before = disk.freeable();
  expect(before).toBeCloseTo(0.1 + (0.75 * 0.01 * (480 - 48)) / 24, 2);
  const other = disk.fork();
  expect(disk.clean(0.8)).toBeCloseTo(0.8 * before, 9);
  expect(disk.clean(0.8)).toBeCloseTo(0.16 * before, 9);
  expect(other.freeable()).toBe(before);
  other.step();
  expect(disk.hour).toBe(480);
});

test('what is kept for some days makes a plateau, and a leak runs until it is mended', () => {
  const plateau = runFor(planOf({ keeps: 240 }), 2000);
  expect(plateau.value).toBeCloseTo(0.5 + 0.1, 1);
  const leak = { from: 100, to: 3000, rate: 0.005, freeable: false };
  const leaking = runFor(planOf({ arrivals: new Float64Array(4000), leaks: [leak] }), 1000);
  expect(leaking.incidents).toHaveLength(1);
  expect(leaking.value).toBeLessThan(0.7);
});

test('the same seed is the same year, another one another', () => {
  const made = (seed: string) => JSON.stringify(simulateYear('begins to grow', 0, { ...OPTIONS, seed }));
  const first = made('a');
  expect(made('a')).toBe(first);
  expect(made('b')).not.toBe(first);
});

/** Once for the tests below: some seconds. */
const years: readonly DiskYear[] = ['steady', 'cleaned by the clock', 'leaks files', 'quiet'].flatMap((name) =>
  [0, 1].map((number) => simulateYear(name, number, OPTIONS)),
);
const COOLDOWN = 48 * HOUR;

test('the decisions keep what the mapping promises: cooldown, weekly limit, settling, window', () => {
  const runs = years.flatMap((year) => year.runs);
  expect(runs.length).toBeGreaterThan(5);
  for (const year of years) {
    const starts = year.runs.map(({ execution }) => execution.started_at!);
    for (const [i, start] of starts.entries()) {
      if (i > 0) expect(start - starts[i - 1]!).toBeGreaterThanOrEqual(COOLDOWN);
      if (i > 1) expect(start - starts[i - 2]!).toBeGreaterThanOrEqual(7 * DAY);
      const before = year.runs[i - 1]?.execution;
      if (before !== undefined && before.state === 'succeeded') expect(before.verified_at).toBeLessThanOrEqual(start);
    }
  }
  for (const { execution } of runs) {
    expect(execution.prediction.confidence).toBeGreaterThanOrEqual(0.7);
    expect(execution.days_before).toBeGreaterThanOrEqual(3);
    expect(execution.days_before).toBeLessThanOrEqual(14);
    if (execution.state === 'failed') expect(execution.outcome).toBeNull();
  }
});

test('each incident has one cause, no cleanup of any kind does better than deleting all of it daily', () => {
  for (const year of years) expect(year.causes).toHaveLength(year.with);
  const all = summarize(years);
  expect(all.least).toBeLessThanOrEqual(all.with);
  expect(all.with).toBeLessThan(all.without);
  expect(all.prevented).toBeCloseTo(1 - all.with / all.without, 12);
  expect(all.preventedOfPossible).toBeGreaterThanOrEqual(all.prevented);
  const [low, high] = between(years, 'prevented');
  expect(low).toBeLessThanOrEqual(all.prevented);
  expect(high).toBeGreaterThanOrEqual(all.prevented);
});

test('a quiet disk has neither incidents nor runs', () => {
  const quiet = years.filter(({ className }) => className === 'quiet');
  expect(quiet.map((year) => [year.without, year.with, year.runs.length])).toEqual([
    [0, 0, 0],
    [0, 0, 0],
  ]);
});

test('every class makes a plan whose numbers are finite and not negative', () => {
  for (const name of Object.keys(CLASSES)) {
    const plan = makePlan(name, createRandom(name));
    expect(plan.hours).toBeGreaterThan(YEAR + 59 * 24);
    for (const values of [plan.arrivals, plan.tidied]) {
      expect(values.every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
    }
    expect(plan.base + plan.oldJunk).toBeLessThan(0.9);
  }
});
