import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Decision } from '../../src/decision/decision.ts';
import { decisionParts, joined } from '../../src/http/decision-bytes.ts';
import { decisionOnWire } from '../../src/http/wire.ts';
import { permittingPrediction } from '../support/decision.ts';

const text = fc.string({ unit: 'binary' });
const instant = fc.oneof(fc.integer({ min: 0, max: 4e12 }), fc.constantFrom(8.64e15, 8.65e15, -1));
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const prediction = fc
  .record({
    prediction_type: text,
    resource: text,
    host: orNull(text),
    days_until_critical: orNull(fc.double({ noNaN: true, noDefaultInfinity: true })),
    observed_at: instant,
    labels: fc.dictionary(text, text),
  })
  .map((changes) => permittingPrediction(changes));
const gate = fc.record({
  gate: fc.constantFrom('cooldown' as const, 'kill_switch' as const),
  outcome: fc.constantFrom('pass' as const, 'stop' as const, 'skip' as const),
  message: text,
});
const decision: fc.Arbitrary<Decision> = fc.record({
  id: fc.oneof(fc.constant(''), text),
  decided_at: instant,
  trigger: fc.constantFrom('webhook', 'api', 'run', 'cli'),
  alertname: orNull(text),
  fingerprint: orNull(text),
  target: orNull(fc.record({ prediction_type: text, resource: text, host: orNull(text) })),
  prediction: orNull(prediction),
  mapping: orNull(text),
  playbook: orNull(text),
  verdict: fc.constantFrom('approved', 'rejected', 'deferred', 'escalated', 'ignored'),
  reason: fc.constantFrom('approved', 'cooldown', 'too_urgent'),
  message: text,
  gates: fc.array(gate),
  next_attempt_at: orNull(instant),
  execution_id: orNull(text),
  repeats: fc.nat(),
  last_at: instant,
});

/** The same refusal, in other words of its own or not. */
const changed = (one: Decision) =>
  fc.record({
    decided_at: instant,
    repeats: fc.nat(),
    last_at: instant,
    fingerprint: fc.constantFrom(one.fingerprint, 'another'),
    mapping: fc.constantFrom(one.mapping, 'another'),
    gates: fc.constantFrom(one.gates, [...one.gates]),
  });

test('property: the bytes of decisions are the JSON of their wire forms, also of those that share what was decided', () => {
  const decisions = decision.chain((one) =>
    fc
      .array(changed(one), { maxLength: 5 })
      .map((changes) => [one, ...changes.map((change) => ({ ...one, ...change }))]),
  );
  fc.assert(
    fc.property(decisions, (all) => {
      const bytes = joined('[', all.map(decisionParts), ']');
      expect(bytes.toString()).toBe(JSON.stringify(all.map(decisionOnWire)));
    }),
  );
});
