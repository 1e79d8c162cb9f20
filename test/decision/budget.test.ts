import fc from 'fast-check';
import { expect, test } from 'vitest';
import { budgetLookback, budgetOf, type ScopedRun } from '../../src/decision/budget.ts';
import { explain } from '../../src/decision/decide.ts';
import type { PastRun } from '../../src/decision/decision.ts';
import type { ActionMapping, LimitScope, Mapping } from '../../src/mapping/mapping.ts';
import {
  DAY,
  HOUR,
  NOW,
  permittingFacts,
  permittingInput,
  permittingMapping,
  permittingPolicy,
} from '../support/decision.ts';

const policy = permittingPolicy({ circuit_breaker: { failures: 2, reset_after: DAY } });
const actionMapping = (...mappings: Mapping[]): ActionMapping => ({
  version: '1',
  last_updated: null,
  mappings,
  global_settings: {
    enable_auto_remediation: true,
    dry_run_mode: false,
    require_confirmation: false,
    max_daily_executions: null,
    notification_channel: 'discord',
    exclude: [],
    time_zone: null,
  },
});

const someRuns: fc.Arbitrary<ScopedRun[]> = fc
  .array(
    fc.record({
      started_at: fc.integer({ min: -6 * DAY, max: HOUR }).map((offset) => NOW + offset),
      state: fc.constantFrom<PastRun['state']>('succeeded', 'ineffective', 'failed', 'interrupted'),
      resource: fc.constantFrom('/', '/srv'),
      host: fc.constantFrom('nas', 'web', null),
    }),
    { maxLength: 6 },
  )
  .map((runs) => runs.sort((a, b) => b.started_at - a.started_at));

test('the budget of a playbook says what its gates say, in the scope that is worst off', () => {
  fc.assert(
    fc.property(someRuns, fc.constantFrom<LimitScope>('playbook', 'resource', 'host'), (runs, limit_scope) => {
      const mapping = permittingMapping({ action: { cooldown_hours: 30, max_executions_per_week: 2, limit_scope } });
      const scopes = {
        playbook: [runs],
        resource: ['/', '/srv'].map((resource) => runs.filter((run) => run.resource === resource)),
        host: ['nas', 'web', null].map((host) => runs.filter((run) => run.host === host)),
      }[limit_scope];
      const stops = new Set(
        scopes.flatMap((inScope) =>
          explain(permittingInput({ mapping, policy }), permittingFacts({ runs: inScope }))
            .gates.filter((gate) => gate.outcome === 'stop')
            .map((gate) => gate.gate),
        ),
      );
      const budget = budgetOf(actionMapping(mapping), 'disk-cleanup', runs, policy, NOW);
      expect((budget.cooldown_until ?? 0) > NOW).toBe(stops.has('cooldown'));
      expect(budget.weekly_executions >= budget.weekly_limit!).toBe(stops.has('weekly_limit'));
      expect(budget.circuit_open).toBe(stops.has('circuit_open'));
    }),
    { numRuns: 500 },
  );
});

test('a playbook that never ran has all of its budget', () => {
  expect(budgetOf(actionMapping(permittingMapping()), 'disk-cleanup', [], policy, NOW)).toEqual({
    playbook: 'disk-cleanup',
    cooldown_until: null,
    weekly_executions: 0,
    weekly_limit: 2,
    circuit_open: false,
  });
});

test('where mappings share a playbook the strictest weekly limit counts, and the longest cooldown is looked back to', () => {
  const shared = actionMapping(
    permittingMapping({ id: 'a', action: { max_executions_per_week: 5, cooldown_hours: 1000 } }),
    permittingMapping({ id: 'b', action: { max_executions_per_week: 3 } }),
    permittingMapping({ id: 'c', action: { max_executions_per_week: null } }),
    permittingMapping({ id: 'd', action: { playbook: 'other', max_executions_per_week: 1 } }),
  );
  expect(budgetOf(shared, 'disk-cleanup', [], policy, NOW).weekly_limit).toBe(3);
  expect(budgetLookback(shared, 'disk-cleanup', DAY)).toBe(1000 * HOUR);
  expect(budgetLookback(shared, 'other', 30 * DAY)).toBe(30 * DAY);
});
