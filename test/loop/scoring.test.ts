import { expect, test } from 'vitest';
import type { Evidence } from '../../src/accuracy/judge.ts';
import type { Config } from '../../src/config/config.ts';
import type { ReadSource } from '../../src/execution/judgement.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { createScoring } from '../../src/loop/scoring.ts';
import type { Prediction } from '../../src/prediction/prediction.ts';
import { sqliteStore } from '../ledger/sqlite-store.ts';
import { recordingLog } from '../report/recording-log.ts';
import { DAY, HOUR, NOW, permittingMapping, permittingPrediction } from '../support/decision.ts';
import { noted } from '../support/scores.ts';

const SAW_NOTHING: Evidence = { critical_at: null, doubtful: false, fell_at: null, covered: true };

/** A scoring over a real store whose clocks and predictions the test sets. */
async function world() {
  const state = {
    wall: NOW,
    steady: 0,
    predictions: [] as Prediction[],
    sources: [] as ReadSource[],
    /** What samples show of every forecast. */
    shown: SAW_NOTHING as Exclude<Evidence, 'none'> | null,
  };
  const ledger: Ledger = await sqliteStore().open({ now: () => state.wall });
  const { log, lines } = recordingLog();
  const scoring = createScoring({
    ledger,
    config: () =>
      ({ mapping: { mappings: [permittingMapping()] }, predictions: { stale_after: 26 * HOUR } }) as unknown as Config,
    predictions: async () => state.predictions,
    forecastOf: () => null,
    sources: () => state.sources,
    evidence: async (forecasts) => new Map(state.shown === null ? [] : forecasts.map(({ id }) => [id, state.shown!])),
    now: () => state.wall,
    monotonic: () => state.steady,
    logger: log,
    onJudged: () => undefined,
  });
  const wait = (milliseconds: number): Promise<number> => {
    state.wall += milliseconds;
    state.steady += milliseconds;
    return scoring.pass();
  };
  const said = () => lines.map(({ message }) => message).join('\n');
  return { state, ledger, scoring, wait, said };
}

const all = (ledger: Ledger) => ledger.scores.since(0);
const open = (ledger: Ledger) => ledger.scores.due(NOW + 999 * DAY, null, 100);

test('each target and source is written down once a day, while it is fresh and a mapping looks at its days', async () => {
  const { state, ledger, wait } = await world();
  for (let hour = 0; hour < 48; hour += 1) {
    const observed_at = NOW + hour * HOUR;
    state.predictions = [
      permittingPrediction({ observed_at }),
      permittingPrediction({ observed_at: observed_at - 27 * HOUR, host: 'stale' }),
      permittingPrediction({ observed_at, resource: '/unmapped' }),
      permittingPrediction({ observed_at, host: 'far', days_until_critical: 40 }),
    ];
    await wait(HOUR);
  }
  expect((await all(ledger)).map(({ observed_at, host }) => [(observed_at - NOW) / HOUR, host])).toEqual([
    [0, 'nas'],
    [15, 'nas'],
    [39, 'nas'],
  ]);
});

test('an alarm that becomes one to act on later in the day is written down as such', async () => {
  const { state, ledger, wait } = await world();
  for (const days_until_critical of [12, 8, 9]) {
    state.predictions = [permittingPrediction({ observed_at: state.wall, days_until_critical })];
    await wait(HOUR);
  }
  expect((await all(ledger)).map(({ days_until_critical: days, actionable }) => [days, actionable])).toEqual([
    [12, false],
    [8, true],
  ]);
});

test('a window that closed is judged, once its last hour is over', async () => {
  const { ledger, wait } = await world();
  await ledger.scores.note([noted()], []);
  expect(await wait(14 * DAY)).toBe(0);
  expect(await wait(HOUR - 1)).toBe(0);
  expect(await wait(1)).toBe(1);
  expect((await all(ledger))[0]).toMatchObject({ fate: 'did_not', judged_at: NOW + 14 * DAY + HOUR });
  expect(await wait(DAY)).toBe(0);
});

test.each([
  ['forward by a month', 30 * DAY],
  ['back by a day', -DAY],
])('a clock that is put %s judges nothing for an hour', async (_way, jump) => {
  const { state, ledger, scoring, wait, said } = await world();
  await ledger.scores.note([noted({ observed_at: NOW - 13.99 * DAY }), noted({ observed_at: NOW - 20 * DAY })], []);
  state.shown = 'later';
  expect(await scoring.pass()).toBe(0);
  state.shown = SAW_NOTHING;
  state.wall += jump;
  expect(await scoring.pass()).toBe(0);
  expect(said()).toContain('the clock was put forward or back');
  expect(await wait(10_000)).toBe(0);
  // Put right again: an hour anew, then only what is due by the right clock is judged.
  state.wall -= jump;
  expect(await wait(10_000)).toBe(0);
  expect(await wait(HOUR - 1)).toBe(0);
  expect(await wait(2)).toBe(1);
  expect((await all(ledger)).map(({ fate }) => fate)).toEqual(['did_not', null]);
});

test('of our own forecasts only that they are critical is heard, of a file also what it leaves out', async () => {
  const { state, ledger, wait } = await world();
  const own = (changes: Partial<Prediction>) => permittingPrediction({ source: 'forecast:local', ...changes });
  const file = 'file:/srv/predictions.json';
  await ledger.scores.note([noted(), noted({ source: file, resource: '/left', observed_at: NOW })], []);
  state.predictions = [own({ observed_at: NOW + HOUR })];
  const source = { source: file, up: true, problem: null, problems: 0, dated_at: NOW + 3 * HOUR };
  state.sources = [source];
  await wait(3 * HOUR);
  expect((await open(ledger)).map(({ seen_at }) => (seen_at - NOW) / HOUR)).toEqual([0, 3]);
  state.predictions = [own({ observed_at: NOW + 5 * HOUR, days_until_critical: 0 })];
  state.sources = [{ ...source, problems: 1, dated_at: NOW + 6 * HOUR }];
  await wait(3 * HOUR);
  expect((await open(ledger))[0]!.critical_at).toBe(NOW + 5 * HOUR);
  expect((await open(ledger))[1]!.seen_at).toBe(NOW + 3 * HOUR);
});

test('a store that fails is tried again', async () => {
  const { state, ledger, scoring, said } = await world();
  state.predictions = [permittingPrediction({ observed_at: NOW })];
  await ledger.close();
  expect(await scoring.pass()).toBe(0);
  expect(said()).toContain('forecasts could not be scored now');
  await scoring.close();
});
