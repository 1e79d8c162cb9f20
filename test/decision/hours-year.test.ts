import { describe, expect, it } from 'vitest';
import { decide } from '../../src/decision/decide.ts';
import {
  DAY,
  MINUTE,
  permittingFacts,
  permittingInput,
  permittingMapping,
  permittingPolicy,
  permittingPrediction,
} from '../support/decision.ts';

const YEAR = [Date.parse('2026-01-01T00:00:00Z'), Date.parse('2027-01-01T00:00:00Z')] as const;

const minutes = (text: string) => {
  const [hour, minute] = text.split(':').map(Number);
  return hour! * 60 + minute!;
};

/** What the clock on the wall says, by a formatter that is none of ours: day and minute of the day. */
function clockOf(timeZone: string): (instant: number) => { readonly day: string; readonly minute: number } {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  return (instant) => {
    const [day, time] = format.format(instant).split(' ');
    return { day: day!, minute: minutes(time!) };
  };
}

function decideAt(now: number, text: string, action: string | null, global: string) {
  const [from, to] = text.split('-').map(minutes);
  const prediction = permittingPrediction({ observed_at: now });
  const allowed_hours = { from: from!, to: to!, text };
  const mapping = permittingMapping({ action: { allowed_hours, time_zone: action } });
  const policy = permittingPolicy({ time_zone: global });
  const input = permittingInput({ now, alert: null, trigger: 'api', prediction, mapping, policy });
  return decide(input, permittingFacts({ runs: [], all_runs: [] }));
}

/**
 * An alert that fires all year and may run once a day: it is decided on at midnight UTC, and after that at each instant
 * that the decision before named, as a re-check does it.
 */
function runsOfAYear(text: string, timeZone: string): readonly number[] {
  const runs: number[] = [];
  let at = YEAR[0];
  while (at < YEAR[1]) {
    const draft = decideAt(at, text, timeZone, 'Asia/Tokyo');
    if (draft.verdict === 'approved') runs.push(at);
    const next = draft.verdict === 'approved' ? at + 12 * 60 * MINUTE : draft.next_attempt_at;
    if (next === null || next <= at) throw new Error(`no next attempt at ${new Date(at).toISOString()}`);
    at = next;
  }
  return runs;
}

describe.each(['Europe/Oslo', 'America/New_York'])('over a year in %s', (timeZone) => {
  const clock = clockOf(timeZone);

  it.each(['01:00-05:00', '22:30-04:00', '02:00-03:00', '23:59-00:01', '01:30-02:30'])(
    'hours %s: no run outside of them, and none lost',
    (text) => {
      const [from, to] = text.split('-').map(minutes) as [number, number];
      const inside = (minute: number) => (from < to ? minute >= from && minute < to : minute >= from || minute < to);
      const runs = runsOfAYear(text, timeZone);
      for (const run of runs) expect(inside(clock(run).minute), new Date(run).toISOString()).toBe(true);

      // Each stretch of minutes within the hours, as walking through the year finds them, has its run.
      const stretches: [number, number][] = [];
      for (let at = YEAR[0]; at < YEAR[1]; at += MINUTE) {
        if (!inside(clock(at).minute)) continue;
        const last = stretches.at(-1);
        if (last?.[1] === at) last[1] = at + MINUTE;
        else stretches.push([at, at + MINUTE]);
      }
      const withoutRun = stretches.filter(([begin, end]) => {
        return (
          !runs.some((run) => run >= begin && run < end) && !runs.some((run) => run < begin && run > begin - DAY / 2)
        );
      });
      expect(withoutRun).toEqual([]);
      expect(runs.length).toBeGreaterThanOrEqual(text === '02:00-03:00' ? 364 : 365);
    },
    60_000,
  );
});

describe('the zone', () => {
  const noonInUtc = Date.parse('2026-06-16T12:00:00Z');
  it.each([
    ['of the action', 'America/New_York', 'Europe/Oslo', 'approved', '08:00 is in 08:00-09:00 (America/New_York)'],
    [
      'of the mapping, where the action names none',
      null,
      'Europe/Oslo',
      'outside_hours',
      '14:00 is outside 08:00-09:00 (Europe/Oslo)',
    ],
  ])('%s', (_which, action, global, reason, message) => {
    const draft = decideAt(noonInUtc, '08:00-09:00', action, global);
    expect(draft.reason).toBe(reason);
    expect(draft.gates.at(-1)).toMatchObject({ gate: 'outside_hours', message });
  });
});
