import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide } from '../../src/decision/decide.ts';
import { createDecide } from '../../src/decision/decide-again.ts';
import { HOUR, permittingFacts, permittingInput, permittingPrediction } from '../support/decision.ts';
import { someFacts, someInput } from './arbitraries.ts';

/** A prediction of its own for this test: what is kept is kept by it. */
const asked = () => ({ ...permittingInput(), prediction: permittingPrediction() });
/** Another value in place of one: a copy where it is an object. */
function another(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) return { ...value };
  return typeof value === 'number' ? value + 1 : typeof value === 'boolean' ? !value : `not ${value}`;
}
const FIELDS = Object.keys(permittingInput()).filter((field) => field !== 'alert' && field !== 'target');

test('property: whatever was asked before, the draft is that of decide', () => {
  const step = fc.record({
    input: someInput,
    facts: fc.nat(2),
    later: fc.constantFrom(0, 0, 1, HOUR),
    copied: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.tuple(someFacts, someFacts, someFacts), fc.array(step, { maxLength: 12 }), (known, steps) => {
      const again = createDecide();
      for (const { input: drawn, facts, later, copied } of steps) {
        const input = {
          ...drawn,
          now: drawn.now + later,
          alert: copied ? drawn.alert && { ...drawn.alert } : drawn.alert,
        };
        expect(again(input, known[facts]!)).toEqual(decide(input, known[facts]!));
      }
    }),
  );
});

describe('the same draft', () => {
  test('for an input that is equal, with an alert and a target of its own', () => {
    const [again, facts, input] = [createDecide(), permittingFacts(), asked()];
    const first = again(input, facts);
    expect(again({ ...input, alert: { ...input.alert! }, target: { ...input.target! } }, facts)).toBe(first);
  });

  test('not for other facts, also where they say the same', () => {
    const [again, facts, input] = [createDecide(), permittingFacts(), asked()];
    const first = again(input, facts);
    expect(again(input, { ...facts })).not.toBe(first);
  });

  test.each(FIELDS)('not where the input differs in %s', (field) => {
    const [again, facts, input] = [createDecide(), permittingFacts(), asked()];
    const first = again(input, facts);
    const other = { ...input, [field]: another(input[field as keyof typeof input]) };
    expect(again(other, facts)).not.toBe(first);
  });

  test.each(['alert', 'target'] as const)('not where the %s differs in any of its fields', (part) => {
    const input = asked();
    for (const [field, value] of Object.entries(input[part]!)) {
      const [again, facts] = [createDecide(), permittingFacts()];
      const first = again(input, facts);
      const other = { ...input, [part]: { ...input[part]!, [field]: another(value) } };
      expect(again(other, facts), field).not.toBe(first);
    }
  });
});
