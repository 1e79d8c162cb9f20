import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Budget, budgetOf, type ScopedRun } from '../../src/decision/budget.ts';
import { decide } from '../../src/decision/decide.ts';
import { nextPossibleAt } from '../../src/decision/next-possible.ts';
import type { Action } from '../../src/mapping/mapping.ts';
import {
  DAY,
  HOUR,
  MINUTE,
  NOW,
  permittingFacts,
  permittingInput,
  permittingMapping,
  permittingPolicy,
  permittingPrediction,
  WEEK,
} from '../support/decision.ts';

const policy = permittingPolicy({ max_daily_executions: null });
const FREE = { cooldown_hours: 0, limits: [], max_executions_per_week: null, allowed_hours: null } as const;

function ran(...agos: number[]): ScopedRun[] {
  return agos.map((ago) => ({ started_at: NOW - ago, state: 'succeeded', resource: '/srv', host: 'nas' }));
}

function next(action: Partial<Action>, runs: readonly ScopedRun[], now = NOW): number | null {
  const mapping = permittingMapping({ action: { ...FREE, ...action } });
  const all = { version: '1', last_updated: null, mappings: [mapping], global_settings: {} } as never;
  const budget: Budget = budgetOf(all, 'disk-cleanup', runs, policy, now);
  return nextPossibleAt(all, budget, runs, policy, now);
}

describe('a playbook may run again', () => {
  const nights = { from: 60, to: 300, text: '01:00-05:00' };
  test.each<[string, Partial<Action>, ScopedRun[], number | null]>([
    ['now, when nothing holds it', {}, ran(HOUR), null],
    ['after its cooldown', { cooldown_hours: 48 }, ran(DAY), NOW + DAY],
    ['when the oldest run leaves the week', { max_executions_per_week: 2 }, ran(DAY, 5 * DAY, 6 * DAY), NOW + 2 * DAY],
    ['when the oldest run leaves another window', { limits: [{ runs: 1, per: 6 * HOUR }] }, ran(HOUR), NOW + 5 * HOUR],
    ['never, when no run is allowed', { max_executions_per_week: 0 }, [], Infinity],
    ['when its hours begin', { allowed_hours: nights }, [], Date.parse('2026-06-17T01:00:00Z')],
    [
      'in the hours after its cooldown',
      { cooldown_hours: 48, allowed_hours: nights },
      ran(DAY),
      NOW + DAY + 15.5 * HOUR,
    ],
    ['never, when its hours are empty', { allowed_hours: { from: 60, to: 60, text: '' } }, [], Infinity],
    [
      'when the circuit lets it try again',
      {},
      ran(HOUR, 2 * HOUR, 3 * HOUR).map((run) => ({ ...run, state: 'failed' as const })),
      NOW + 23 * HOUR,
    ],
  ])('%s', (_name, action, runs, expected) => {
    expect(next(action, runs)).toBe(expected);
  });

  test('in the scope that is worst off', () => {
    const runs = [...ran(HOUR), { ...ran(2 * HOUR)[0]!, resource: '/var' }];
    expect(next({ limit_scope: 'resource', limits: [{ runs: 1, per: DAY }] }, runs)).toBe(NOW + 23 * HOUR);
    expect(next({ limit_scope: 'resource', limits: [{ runs: 2, per: DAY }] }, runs)).toBeNull();
    expect(next({ limit_scope: 'playbook', limits: [{ runs: 2, per: DAY }] }, runs)).toBe(NOW + 22 * HOUR);
  });
});

test('it is the very instant at which the gates open', () => {
  const action = fc.record({
    cooldown_hours: fc.integer({ min: 0, max: 100 }),
    max_executions_per_week: fc.option(fc.integer({ min: 1, max: 4 })),
    limits: fc.array(
      fc.record({ runs: fc.integer({ min: 1, max: 3 }), per: fc.integer({ min: 1, max: 200 }).map((h) => h * HOUR) }),
      { maxLength: 2 },
    ),
    allowed_hours: fc.option(
      fc.constantFrom({ from: 60, to: 300, text: 'nights' }, { from: 1380, to: 120, text: 'midnight' }),
    ),
  });
  const agos = fc.array(fc.integer({ min: 1, max: WEEK / MINUTE }), { maxLength: 8 });
  fc.assert(
    fc.property(action, agos, (changes, minutes) => {
      const runs = ran(...minutes.sort((a, b) => a - b).map((minute) => minute * MINUTE));
      const at = next(changes, runs);
      const verdictAt = (now: number) =>
        decide(
          permittingInput({
            now,
            policy,
            prediction: permittingPrediction({ observed_at: now - HOUR }),
            mapping: permittingMapping({ action: { ...FREE, ...changes } }),
          }),
          permittingFacts({ runs, all_runs: runs.map((run) => run.started_at) }),
        ).reason;
      expect(verdictAt(at ?? NOW)).toBe('approved');
      if (at !== null) expect(verdictAt(at - 1)).not.toBe('approved');
    }),
    { numRuns: 500 },
  );
});
