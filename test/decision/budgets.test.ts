import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide } from '../../src/decision/decide.ts';
import { type Facts, NO_FACTS } from '../../src/decision/decision.ts';
import type { Action } from '../../src/mapping/mapping.ts';
import {
  DAY,
  HOUR,
  MINUTE,
  NOW,
  permittingInput,
  permittingMapping,
  permittingPolicy,
  permittingPrediction,
  runsAt,
  WEEK,
} from '../support/decision.ts';

const YEAR = 365 * DAY;

/** Days on which clocks and calendars do something odd: summer time starts and ends, leap day, new year, week's end. */
const ODD_DAYS = ['2026-03-29T00:30:00Z', '2026-10-25T00:30:00Z', '2028-02-28T23:30:00Z', '2026-12-31T23:30:00Z'].map(
  (day) => Date.parse(day),
);

/** A clock that mostly goes on and sometimes jumps: back, forward, by a year, onto an odd day. */
const clock = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 0, max: 3 * DAY }).map((by) => ({ by })) },
      { weight: 2, arbitrary: fc.integer({ min: -10 * DAY, max: 10 * DAY }).map((by) => ({ by })) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(-YEAR, YEAR, -HOUR, HOUR, -WEEK, WEEK, DAY, -DAY, 1, -1).map((by) => ({ by })),
      },
      { weight: 1, arbitrary: fc.constantFrom(...ODD_DAYS).map((to) => ({ to })) },
    ),
    { minLength: 1, maxLength: 60 },
  )
  .map((steps) => {
    let now = NOW;
    return steps.map((step) => (now = 'to' in step ? step.to : now + step.by));
  });

const open = { cooldown_hours: 0, max_executions_per_week: null, limits: [], allowed_hours: null } as const;

function decideAt(now: number, action: Partial<Action>, facts: Partial<Facts>, daily: number | null = null) {
  const input = permittingInput({
    now,
    alert: null,
    trigger: 'api',
    prediction: permittingPrediction({ observed_at: now }),
    mapping: permittingMapping({ action: { ...open, ...action } }),
    policy: permittingPolicy({ max_daily_executions: daily }),
  });
  return decide(input, { ...NO_FACTS, ...facts });
}

/** Lets the clock run, starts whatever is approved, and gives back the starts in order of time. */
function simulate(instants: readonly number[], action: Partial<Action>, daily: number | null = null): number[] {
  const starts: number[] = [];
  for (const now of instants) {
    const runs = runsAt(starts);
    const draft = decideAt(now, action, { runs, all_runs: runs.map((run) => run.started_at) }, daily);
    if (draft.verdict === 'approved') starts.push(now);
  }
  return starts.sort((a, b) => a - b);
}

/** The most starts that any window of `per` milliseconds holds, its end not included. */
function mostWithin(starts: readonly number[], per: number): number {
  return Math.max(0, ...starts.map((from) => starts.filter((at) => at >= from && at < from + per).length));
}

describe('over any clock', () => {
  test('two runs are never closer than the cooldown', () => {
    fc.assert(
      fc.property(clock, fc.double({ min: 0.1, max: 200, noNaN: true }), (instants, cooldown_hours) => {
        expect(mostWithin(simulate(instants, { cooldown_hours }), cooldown_hours * HOUR)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 300 },
    );
  });

  test('no seven days hold more runs than the weekly limit', () => {
    fc.assert(
      fc.property(clock, fc.integer({ min: 0, max: 5 }), (instants, max_executions_per_week) => {
        const starts = simulate(instants, { max_executions_per_week });
        expect(mostWithin(starts, WEEK)).toBeLessThanOrEqual(max_executions_per_week);
      }),
      { numRuns: 300 },
    );
  });

  test('no 24 hours hold more runs than the daily limit, a day of 23 or 25 hours included', () => {
    fc.assert(
      fc.property(clock, fc.integer({ min: 0, max: 4 }), (instants, daily) => {
        expect(mostWithin(simulate(instants, {}, daily), DAY)).toBeLessThanOrEqual(daily);
      }),
      { numRuns: 300 },
    );
  });

  test('every one of the further limits holds', () => {
    const limits = fc.array(
      fc.record({ runs: fc.integer({ min: 1, max: 4 }), per: fc.integer({ min: MINUTE, max: 30 * DAY }) }),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(clock, limits, (instants, all) => {
        const starts = simulate(instants, { limits: all });
        for (const { runs, per } of all) expect(mostWithin(starts, per)).toBeLessThanOrEqual(runs);
      }),
      { numRuns: 300 },
    );
  });
});

describe('for any history', () => {
  const history = fc.array(
    fc.integer({ min: -40 * DAY, max: 2 * DAY }).map((offset) => NOW + offset),
    { maxLength: 12 },
  );
  const counted = (starts: readonly number[], per: number) => starts.filter((at) => at > NOW - per).length;

  test('the cooldown stops exactly while a run is younger than it', () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 0, max: 30 * 24 }), (starts, cooldown_hours) => {
        const { reason } = decideAt(NOW, { cooldown_hours }, { runs: runsAt(starts) });
        const held = cooldown_hours > 0 ? counted(starts, cooldown_hours * HOUR) > 0 : starts.some((at) => at > NOW);
        expect(reason).toBe(held ? 'cooldown' : 'approved');
      }),
      { numRuns: 500 },
    );
  });

  test('the weekly limit stops exactly when the trailing seven days are full', () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 0, max: 6 }), (starts, most) => {
        const past = starts.filter((at) => at <= NOW);
        const { reason } = decideAt(NOW, { max_executions_per_week: most }, { runs: runsAt(past) });
        expect(reason).toBe(counted(past, WEEK) >= most ? 'weekly_limit' : 'approved');
      }),
      { numRuns: 500 },
    );
  });

  test('the daily limit counts the runs of all playbooks, not those in the scope', () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 0, max: 6 }), (starts, most) => {
        const all_runs = runsAt(starts).map((run) => run.started_at);
        const { reason } = decideAt(NOW, {}, { all_runs }, most);
        expect(reason).toBe(counted(starts, DAY) >= most ? 'daily_limit' : 'approved');
      }),
      { numRuns: 500 },
    );
  });

  test('more runs on record never open a gate', () => {
    fc.assert(
      fc.property(history, fc.integer({ min: -40 * DAY, max: 0 }), (starts, offset) => {
        const action = { cooldown_hours: 6, max_executions_per_week: 2, limits: [{ runs: 3, per: 14 * DAY }] };
        const verdict = (instants: readonly number[]) => decideAt(NOW, action, { runs: runsAt(instants) }).verdict;
        if (verdict(starts) !== 'approved') expect(verdict([...starts, NOW + offset])).not.toBe('approved');
      }),
      { numRuns: 500 },
    );
  });
});

test('a clock that was a year ahead when it ran holds the playbook: doubt means no', () => {
  const draft = decideAt(NOW, { cooldown_hours: 1 }, { runs: runsAt([NOW + YEAR]) });
  expect(draft).toMatchObject({ reason: 'cooldown', next_attempt_at: NOW + YEAR + HOUR });
});

test('a cooldown beyond the last date there is has no next attempt', () => {
  const draft = decideAt(NOW, { cooldown_hours: 1e13 }, { runs: runsAt([NOW]) });
  expect(draft).toMatchObject({ reason: 'cooldown', next_attempt_at: null });
  expect(draft.message).toContain('an impossible time');
});

test('a clock without a time refuses', () => {
  const pauses = [{ name: 'manual', reason: null, since: 0, until: NOW - DAY }];
  expect(decideAt(Number.NaN, {}, { pauses }).verdict).not.toBe('approved');
  expect(decideAt(Number.NaN, { cooldown_hours: 1 }, { runs: runsAt([0]) }).verdict).not.toBe('approved');
});
