import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide, explain, GATES } from '../../src/decision/decide.ts';
import {
  DAY,
  HOUR,
  NOW,
  permittingFacts,
  permittingInput,
  permittingMapping,
  permittingPolicy,
  runsAt,
} from '../support/decision.ts';
import { someFacts, someInput, touched } from './arbitraries.ts';

test('explain and decide agree; explain asks every gate', () => {
  fc.assert(
    fc.property(someInput, someFacts, (input, facts) => {
      const { gates: decided, ...decision } = decide(input, facts);
      const { gates: explained, ...explanation } = explain(input, facts);
      expect(explanation).toEqual(decision);
      expect(explained.map((gate) => gate.gate)).toEqual(GATES.map((gate) => gate.reason));
      expect(explained.slice(0, decided.length)).toEqual(decided);
    }),
    { numRuns: 2000 },
  );
});

test('a decision ends at its first stop, and only an approval has none', () => {
  fc.assert(
    fc.property(someInput, someFacts, (input, facts) => {
      const { gates, verdict, reason } = decide(input, facts);
      const stops = gates.filter((gate) => gate.outcome === 'stop');
      expect(stops.map((gate) => gate.gate)).toEqual(verdict === 'approved' ? [] : [reason]);
      expect(gates.at(-1)!.outcome === 'stop').toBe(verdict !== 'approved');
    }),
  );
});

test('neither changes what it was given', () => {
  fc.assert(
    fc.property(someInput, someFacts, (input, facts) => {
      const before = structuredClone([input, facts]);
      decide(input, facts);
      explain(input, facts);
      expect([input, facts]).toEqual(before);
    }),
    { numRuns: 200 },
  );
});

test('everything that stands in the way is shown', () => {
  const draft = explain(
    permittingInput({ mapping: permittingMapping({ action: { max_executions_per_week: 0 } }) }),
    permittingFacts({
      runs: runsAt([NOW - HOUR]),
      unfinished: { execution_id: 'x1', state: 'running', claimed_at: NOW },
    }),
  );
  expect(draft.reason).toBe('in_progress');
  expect(draft.gates.filter((gate) => gate.outcome === 'stop').map((gate) => gate.gate)).toEqual([
    'in_progress',
    'cooldown',
    'weekly_limit',
  ]);
});

describe('mode=dry-run', () => {
  const neither = [
    'circuit_open',
    'cooldown',
    'settling',
    'retry_later',
    'limit',
    'weekly_limit',
    'daily_limit',
    'blast_radius',
    'outside_hours',
  ];

  test('neither asks cooldowns nor limits', () => {
    const input = permittingInput({
      mode: 'dry-run',
      mapping: permittingMapping({
        action: { max_executions_per_week: 0, allowed_hours: { from: 0, to: 1, text: '00:00-00:01' } },
      }),
      policy: permittingPolicy({ max_daily_executions: 0 }),
    });
    const facts = permittingFacts({
      runs: runsAt([NOW, NOW, NOW], 'failed'),
      all_runs: [NOW, NOW, NOW],
      hosts: touched('a', 'b', 'c'),
      stopped: { state: 'rejected', at: NOW },
      settling: { execution_id: 'x', ended_at: NOW, verify_at: NOW + DAY },
    });
    const draft = decide(input, facts);
    expect(draft.reason).toBe('approved');
    expect(draft.gates.filter((gate) => neither.includes(gate.gate)).map((gate) => gate.outcome)).toEqual(
      neither.map(() => 'skip'),
    );
  });

  test('obeys every other gate', () => {
    fc.assert(
      fc.property(someInput, someFacts, (input, facts) => {
        const live = explain({ ...input, mode: 'live' }, facts).gates;
        const asked = explain({ ...input, mode: 'dry-run' }, facts).gates;
        const others = (gates: typeof live) => gates.filter((gate) => !neither.includes(gate.gate));
        expect(others(asked)).toEqual(others(live));
      }),
      { numRuns: 500 },
    );
  });
});
