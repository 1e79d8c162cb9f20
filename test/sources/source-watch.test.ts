import { Keyv } from 'keyv';
import { expect, test } from 'vitest';
import type { SourceReport } from '../../src/execution/report.ts';
import type { Prediction } from '../../src/prediction/prediction.ts';
import type { SourceHealth } from '../../src/sources/source-health.ts';
import { createSourceWatch } from '../../src/sources/source-watch.ts';
import { DAY, HOUR, MINUTE, NOW, permittingPrediction } from '../support/decision.ts';

const STALE = 26 * HOUR;

function setUp(source = 'file:/p.json') {
  const clock = { now: NOW };
  const marks = new Set<string>();
  const told: SourceReport[] = [];
  const lines: string[] = [];
  const memory = new Keyv();
  const state: { health: SourceHealth; predictions: ReadonlyMap<string, Prediction> } = {
    health: { source, up: true, last_success: NOW, dated_at: NOW, problem: null, problems: 0 },
    predictions: new Map(),
  };
  const says = (observed_at: number, changes: Partial<Prediction> = {}) => {
    state.predictions = new Map([['k', permittingPrediction({ observed_at, ...changes })]]);
    state.health = { ...state.health, up: true, dated_at: observed_at, problem: null };
  };
  const log = (_fields: object, message: string) => void lines.push(message);
  const watch = () =>
    createSourceWatch({
      states: () => [{ health: () => state.health, predictions: () => state.predictions, quiet_after: STALE }],
      memory,
      async tell(mark, report) {
        if (marks.has(mark)) return;
        marks.add(mark);
        told.push(report);
      },
      forget: async (mark) => marks.delete(mark),
      now: () => clock.now,
      logger: { debug: log, info: log, warn: log, error: log },
    });
  return { clock, told, lines, state, says, watch };
}

test('one that says nothing new is told of once, and counts as down, until it speaks again', async () => {
  const { clock, told, lines, says, watch } = setUp();
  says(NOW);
  const one = watch();
  for (; clock.now < NOW + 3 * DAY; clock.now += HOUR) await one.look();
  expect(told).toMatchObject([{ source: 'file:/p.json', trouble: 'silent', since: NOW + STALE + HOUR }]);
  expect(one.health()).toMatchObject([{ up: false, problem: 'has said nothing new since 2026-06-16T09:30:00Z' }]);
  expect(lines.filter((line) => line.includes('is silent'))).toHaveLength(1);
  says(clock.now, { days_until_critical: 3 });
  await one.look();
  expect(one.health()).toMatchObject([{ up: true, problem: null }]);
  expect(lines.at(-1)).toMatch(/speaks again/);
  clock.now += 2 * DAY;
  await one.look();
  expect(told).toHaveLength(2);
});

test('one that cannot be read is told of after an hour, over the end of processes, and within three of its intervals', async () => {
  const { clock, told, state, says, watch } = setUp();
  says(NOW);
  await watch().look();
  state.health = { ...state.health, up: false, problem: 'does not exist' };
  for (let minutes = 0; minutes < 180; minutes += 20) {
    clock.now = NOW + minutes * MINUTE;
    await watch().look();
  }
  expect(told).toEqual([
    { source: 'file:/p.json', trouble: 'down', problem: 'does not exist', since: NOW, at: NOW + HOUR },
  ]);
});

test('a short trouble is not told', async () => {
  const { clock, told, state, says, watch } = setUp();
  const one = watch();
  says(NOW);
  for (let i = 0; i < 20; i += 1) {
    clock.now += 20 * MINUTE;
    state.health = { ...state.health, up: i % 3 === 0, dated_at: clock.now };
    says(clock.now, { days_until_critical: i });
    if (i % 3 === 1) state.health = { ...state.health, up: false, problem: 'half written' };
    await one.look();
  }
  expect(told).toEqual([]);
});

test('one that says the same for days under newer dates is told of within three of its days', async () => {
  const { clock, told, says, watch } = setUp();
  for (let day = 0; day < 5; day += 1) {
    clock.now = NOW + day * DAY;
    says(clock.now, { days_until_critical: 8.2 });
    await watch().look();
  }
  expect(told).toMatchObject([{ trouble: 'stuck', since: NOW + 3 * DAY }]);
});

test('that nothing is going to happen may be said for ever, and by forecasts anything', async () => {
  const never = setUp();
  const ours = setUp('forecast:local');
  for (let day = 0; day < 9; day += 1) {
    for (const { clock, says, watch } of [never, ours]) {
      clock.now = NOW + day * DAY;
      says(clock.now, { days_until_critical: clock === never.clock ? null : 8.2 });
      await watch().look();
    }
  }
  expect([...never.told, ...ours.told]).toEqual([]);
});
