import { expect, test } from 'vitest';
import type { ForecastVerdict } from '../../../src/accuracy/record.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import type { Target } from '../../../src/prediction/prediction.ts';
import { DAY, HOUR, NOW, permittingPrediction } from '../../support/decision.ts';
import { noted } from '../../support/scores.ts';
import type { TestStore } from '../contract.ts';
import { inputAbout, runOnce } from '../support.ts';

const LATER = NOW + 30 * DAY;
const SRV = { prediction_type: 'disk_exhaustion', resource: '/srv', host: 'nas' };
const heard = (at: number, critical = false, target: Target = SRV) => ({ of: 'target' as const, target, at, critical });
const due = (ledger: Ledger, at = LATER) => ledger.scores.due(at, null, 100);
const verdict = (id: number, changes: Partial<ForecastVerdict> = {}): ForecastVerdict => ({
  id,
  fate: 'came_true',
  critical_at: NOW + 8 * DAY,
  message: 'critical after 8 days',
  ...changes,
});

/** Forecasts that are written down, and what became of them. */
export function scores(newStore: () => TestStore): void {
  test('what was written down is open, whole, for every process', async () => {
    const store = newStore();
    const [one, other] = [await store.open(), await store.open()];
    const bare = noted({ resource: '/', host: null, raw_within_14d: null, critical: null, past_cleanups: null });
    expect(await one.scores.note([noted(), bare], [])).toBe(2);
    const seen = { seen_at: NOW, silence: 0, critical_at: null, first_run_at: null };
    expect(await due(other)).toEqual([noted(), bare].map((forecast, at) => ({ ...forecast, id: at + 1, ...seen })));
    expect(await other.scores.since(0)).toEqual(
      [noted(), bare].map((one, at) => ({ ...one, id: at + 1, fate: null, critical_at: null, judged_at: null })),
    );
  });

  test('of a day the first of a target and source stays, and the first that would have been acted on', async () => {
    const store = newStore();
    const [ledger, other] = [await store.open(), await store.open()];
    const hourly = Array.from({ length: 10 }, (_, hour) =>
      noted({ observed_at: NOW + hour * HOUR, days_until_critical: 10 - hour, actionable: hour >= 5 }),
    );
    expect(await ledger.scores.note(hourly, [])).toBe(2);
    expect(await other.scores.note(hourly, [])).toBe(0);
    expect((await due(ledger)).map(({ days_until_critical: days, actionable }) => [days, actionable])).toEqual([
      [10, false],
      [5, true],
    ]);
    const others = [noted({ source: 'api' }), noted({ host: null }), noted({ observed_at: NOW + DAY })];
    expect(await other.scores.note(others, [])).toBe(3);
  });

  test('due are those whose window closed, the first to close first, page by page', async () => {
    const ledger = await newStore().open();
    const days = [3, 1, 2, 5, 4];
    await ledger.scores.note(
      days.map((day) => noted({ observed_at: NOW + day * DAY })),
      [],
    );
    expect(await due(ledger, NOW + 15 * DAY - 1)).toEqual([]);
    expect(await due(ledger, NOW + 15 * DAY)).toHaveLength(1);
    const first = await ledger.scores.due(LATER, null, 3);
    const rest = await ledger.scores.due(LATER, first.at(-1)!, 3);
    expect([...first, ...rest].map(({ observed_at }) => (observed_at - NOW) / DAY)).toEqual([1, 2, 3, 4, 5]);
    // Some that close at the same time.
    await ledger.scores.note(
      ['a', 'b', 'c'].map((resource) => noted({ resource })),
      [],
    );
    const pages = [await ledger.scores.due(NOW + 14 * DAY, null, 2)];
    pages.push(await ledger.scores.due(NOW + 14 * DAY, pages[0]!.at(-1)!, 2));
    expect(pages.map((page) => page.map(({ resource }) => resource))).toEqual([['a', 'b'], ['c']]);
  });

  test('a forecast is judged once, whoever is first', async () => {
    const store = newStore();
    const ledgers = [await store.open(), await store.open(), await store.open()];
    await ledgers[0]!.scores.note(
      Array.from({ length: 20 }, (_, i) => noted({ resource: `/${i}` })),
      [],
    );
    const all = (await due(ledgers[0]!)).map(({ id }) => verdict(id));
    const judged = await Promise.all(ledgers.map(({ scores: mine }) => mine.judge(all, LATER)));
    expect(judged.flat().toSorted((a, b) => a - b)).toEqual(all.map(({ id }) => id));
    expect(await due(ledgers[1]!)).toEqual([]);
    expect((await ledgers[2]!.summary(LATER)).scored).toEqual([{ prediction_type: 'disk_exhaustion', count: 20 }]);
    const other = verdict(all[0]!.id, { fate: 'did_not', critical_at: null });
    expect(await ledgers[1]!.scores.judge([other], LATER)).toEqual([]);
    expect((await ledgers[1]!.scores.since(0))[0]).toMatchObject({
      fate: 'came_true',
      critical_at: NOW + 8 * DAY,
      judged_at: LATER,
    });
  });

  test('what was not compared with anything is not counted', async () => {
    const ledger = await newStore().open();
    await ledger.scores.note([noted(), noted({ resource: '/' }), noted({ resource: '/var' })], []);
    const [cut, unknown, wrong] = (await due(ledger)).map(({ id }) => id);
    await ledger.scores.judge(
      [
        verdict(cut!, { fate: 'cut_short', critical_at: null }),
        verdict(unknown!, { fate: 'unknown', critical_at: null }),
        verdict(wrong!, { fate: 'did_not', critical_at: null }),
      ],
      LATER,
    );
    expect((await ledger.summary(LATER)).scored).toEqual([{ prediction_type: 'disk_exhaustion', count: 1 }]);
  });

  test('what is heard of a target ends its silence, and says when it was critical first', async () => {
    const ledger = await newStore().open();
    const inodes = { ...SRV, prediction_type: 'inode_exhaustion' };
    await ledger.scores.note([noted(), noted({ prediction_type: 'inode_exhaustion' })], []);
    const first = async () => {
      const { seen_at, silence, critical_at } = (await due(ledger))[0]!;
      return [(seen_at - NOW) / HOUR, silence / HOUR, critical_at === null ? null : (critical_at - NOW) / HOUR];
    };
    await ledger.scores.note([], [heard(NOW + 20 * HOUR), heard(NOW + 50 * HOUR), heard(NOW + 60 * HOUR)]);
    expect(await first()).toEqual([60, 30, null]);
    // Before an hour is over nothing is written down but that it is critical; what comes late changes nothing.
    await ledger.scores.note([], [heard(NOW + 60.5 * HOUR, true), heard(NOW + 10 * HOUR)]);
    expect(await first()).toEqual([60, 30, 60.5]);
    await ledger.scores.note([], [heard(NOW + 70 * HOUR, true), heard(NOW + 40 * HOUR, true), heard(NOW, true)]);
    expect(await first()).toEqual([70, 30, 40]);
    await ledger.scores.note([], [heard(NOW + 80 * HOUR, true, { ...SRV, host: 'other' })]);
    expect(await first()).toEqual([70, 30, 40]);
    // After its window: no silence, and nothing about it.
    await ledger.scores.note([], [heard(NOW + 14 * DAY + HOUR, true, inodes)]);
    expect((await due(ledger))[1]).toMatchObject({ seen_at: NOW + 14 * DAY + HOUR, critical_at: null });
  });

  test('a file that was made anew ends the silence of all that it said before', async () => {
    const ledger = await newStore().open();
    const file = { source: 'file:/a' };
    await ledger.scores.note([noted(file), noted({ ...file, resource: '/' }), noted({ source: 'file:/b' })], []);
    await ledger.scores.note([], [{ of: 'source', source: 'file:/a', at: NOW + DAY }]);
    expect((await due(ledger)).map(({ seen_at }) => seen_at)).toEqual([NOW + DAY, NOW + DAY, NOW]);
  });

  test('the first real run on the resource inside of its window is known, whatever it was for', async () => {
    const ledger = await newStore().open();
    await ledger.scores.note([noted(), noted({ host: null })], []);
    const at = (now: number, about: Parameters<typeof inputAbout>[0] = {}) => inputAbout({ now, ...about });
    await ledger.scores.note([noted({ observed_at: NOW - 16 * DAY })], []);
    await runOnce(ledger, at(NOW - 1));
    await runOnce(ledger, at(NOW + DAY, { resource: '/other' }));
    expect((await due(ledger)).map(({ first_run_at }) => first_run_at)).toEqual([null, null, null]);
    await runOnce(ledger, at(NOW + 2 * DAY, { prediction_type: 'inode_exhaustion' }));
    await runOnce(ledger, at(NOW + 4 * DAY), 'failed');
    expect((await due(ledger)).map(({ first_run_at }) => first_run_at)).toEqual([null, NOW + 2 * DAY, null]);
  });

  test('a decision knows how the forecasts of its source and type did that would have been acted on', async () => {
    const store = newStore();
    const [ledger, other] = [await store.open(), await store.open()];
    const { source } = permittingPrediction();
    const input = inputAbout({ now: NOW + 20 * DAY });
    expect((await ledger.facts(input)).proof).toEqual({ scored: 0, came_true: 0 });
    const about = (resource: string, changes = {}) => noted({ resource, source, ...changes });
    await ledger.scores.note(
      [
        about('a'),
        about('b'),
        about('c'),
        about('cut'),
        about('open'),
        about('quiet', { actionable: false }),
        about('other type', { prediction_type: 'inode_exhaustion' }),
        about('other source', { source: 'api' }),
        about('long ago', { observed_at: NOW - 90 * DAY }),
      ],
      [],
    );
    const judged = (await due(ledger)).filter(({ resource }) => resource !== 'open');
    const fates: Record<string, ForecastVerdict['fate']> = { a: 'did_not', cut: 'cut_short' };
    await ledger.scores.judge(
      judged.map(({ id, resource }) => verdict(id, { fate: fates[resource] ?? 'came_true' })),
      LATER,
    );
    for (const each of [ledger, other]) {
      expect((await each.facts(input)).proof).toEqual({ scored: 3, came_true: 2 });
    }
    // The same counts inside of the transaction that claims.
    const demand = (min_precision: number) => ({ ...input.policy, proof: { min_precision, min_scored: 3 } });
    const refused = await ledger.record([{ ...input, policy: demand(0.7) }], {
      id: 'a',
      host_key: 'b',
      pid: 1,
      pid_started: 1,
    });
    expect(refused[0]!.decision).toMatchObject({ verdict: 'rejected', reason: 'unproven' });
    const approved = await ledger.record([{ ...input, policy: demand(0.6) }], {
      id: 'a',
      host_key: 'b',
      pid: 1,
      pid_started: 1,
    });
    expect(approved[0]!.decision).toMatchObject({ verdict: 'approved' });
  });

  test('what closed long ago is forgotten', async () => {
    let now = NOW;
    const ledger = await newStore().open({ now: () => now });
    await ledger.scores.note([noted()], []);
    now = NOW + 414 * DAY;
    await ledger.scores.note([noted({ observed_at: now })], []);
    expect(await ledger.scores.since(0)).toHaveLength(2);
    now += 1;
    await ledger.scores.note([noted({ observed_at: now, resource: '/' })], []);
    expect(await ledger.scores.since(0)).toHaveLength(2);
  });

  test('thousands at once', async () => {
    const ledger = await newStore().open();
    const many = Array.from({ length: 1_300 }, (_, i) => noted({ resource: `/${i}` }));
    expect(
      await ledger.scores.note(
        many.slice(0, 10),
        many.map((one) => heard(NOW + DAY, true, one)),
      ),
    ).toBe(10);
    expect(await ledger.scores.note(many, [])).toBe(1_290);
    expect(await ledger.scores.since(NOW + 14 * DAY - 1)).toHaveLength(1_300);
    expect(await ledger.scores.since(NOW + 14 * DAY)).toEqual([]);
  });
}
