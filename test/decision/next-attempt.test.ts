import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decide, GATES } from '../../src/decision/decide.ts';
import { type DecisionInput, type Facts, NO_FACTS, type PastRun } from '../../src/decision/decision.ts';
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
} from '../support/decision.ts';

const YEAR = 365 * DAY;
const instant = fc.integer({ min: -12 * DAY, max: DAY }).map((offset) => NOW + offset);
const states: PastRun['state'][] = ['succeeded', 'failed', 'interrupted', 'dry_run_only'];

const someFacts: fc.Arbitrary<Facts> = fc
  .record({
    pauses: fc.array(
      fc.record({
        name: fc.constantFrom('manual', 'backup', 'anna'),
        reason: fc.constant(null),
        since: fc.constant(0),
        until: fc.oneof(instant, fc.integer({ min: NOW, max: NOW + DAY })),
      }),
      { maxLength: 3 },
    ),
    starts: fc.array(instant, { maxLength: 8 }),
    state: fc.constantFrom(...states),
    others: fc.array(instant, { maxLength: 4 }),
    stopped: fc.oneof(
      fc.constant(null),
      instant.map((at) => ({ state: 'rejected', at })),
    ),
  })
  .map(({ pauses, starts, state, others, stopped }) => ({
    pauses,
    unfinished: null,
    runs: runsAt(starts, state),
    all_runs: [...starts, ...others].sort((a, b) => b - a),
    hosts: others.map((at, index) => ({ host: `host-${index}`, at })),
    stopped,
    settling: null,
    proof: null,
  }));

const someInput: fc.Arbitrary<DecisionInput> = fc
  .record({
    cooldown_hours: fc.double({ min: 0, max: 100, noNaN: true }),
    max_executions_per_week: fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 4 })),
    limits: fc.array(fc.record({ runs: fc.integer({ min: 1, max: 3 }), per: fc.integer({ min: 1, max: 9 * DAY }) }), {
      maxLength: 3,
    }),
    daily: fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 4 })),
    from: fc.integer({ min: 0, max: 1439 }),
    to: fc.integer({ min: 0, max: 1440 }),
    time_zone: fc.constantFrom('UTC', 'Europe/Oslo', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu'),
  })
  .map(({ daily, from, to, time_zone, ...action }) =>
    permittingInput({
      trigger: 'api',
      alert: null,
      mapping: permittingMapping({ action: { ...action, allowed_hours: { from, to, text: `${from}-${to}` } } }),
      policy: permittingPolicy({
        max_daily_executions: daily,
        time_zone,
        stale_after: 2 * YEAR,
        retry_after: 3 * HOUR,
        circuit_breaker: { failures: 2, reset_after: DAY },
      }),
    }),
  );

test('next_attempt_at is the first instant at which the gate that stopped opens', () => {
  let asked = 0;
  fc.assert(
    fc.property(someInput, someFacts, (input, facts) => {
      const draft = decide(input, facts);
      const opensAt = draft.next_attempt_at;
      if (opensAt === null) return;
      asked++;
      const gate = GATES.find(({ reason }) => reason === draft.reason)!;
      const outcomeAt = (now: number) => gate.ask({ ...input, now }, facts).outcome;
      expect(opensAt).toBeGreaterThan(input.now);
      expect(outcomeAt(opensAt)).not.toBe('stop');
      expect(outcomeAt(opensAt - 1)).toBe('stop');
      for (const part of [0.1, 0.37, 0.5, 0.83, 0.99]) {
        expect(outcomeAt(Math.floor(input.now + part * (opensAt - 1 - input.now)))).toBe('stop');
      }
    }),
    { numRuns: 1500 },
  );
  expect(asked).toBeGreaterThan(500);
});

test('going from next attempt to next attempt ends in an approval', () => {
  fc.assert(
    fc.property(someInput, someFacts, (given, facts) => {
      let input = given;
      const reasons: string[] = [];
      for (;;) {
        const draft = decide(input, facts);
        reasons.push(draft.reason);
        if (draft.verdict === 'approved') break;
        const never = input.mapping!.action.allowed_hours!.from === input.mapping!.action.allowed_hours!.to;
        if (draft.reason === 'outside_hours' && never) return;
        expect(draft.next_attempt_at, draft.message).not.toBeNull();
        expect(reasons.length).toBeLessThan(20);
        const now = draft.next_attempt_at!;
        input = { ...input, now, prediction: permittingPrediction({ observed_at: now }) };
      }
    }),
    { numRuns: 500 },
  );
});

test('what time does not open has no next attempt', () => {
  const none = permittingMapping({ action: { max_executions_per_week: 0, allowed_hours: null } });
  const empty = NO_FACTS;
  const unfinished = { execution_id: 'x1', state: 'running', claimed_at: NOW - MINUTE };
  expect(decide(permittingInput({ mapping: none }), empty)).toMatchObject({
    reason: 'weekly_limit',
    next_attempt_at: null,
  });
  expect(decide(permittingInput(), { ...empty, unfinished })).toMatchObject({
    reason: 'in_progress',
    next_attempt_at: null,
  });
});
