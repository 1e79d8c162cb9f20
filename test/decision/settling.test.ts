import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decide } from '../../src/decision/decide.ts';
import { DAY, HOUR, NOW, permittingFacts, permittingInput, permittingPrediction } from '../support/decision.ts';

const YEAR = 365 * DAY;

/** What is decided when the clock shows `now`, whatever it showed when the run ended. */
function decideAt(now: number, settling: { readonly ended_at: number; readonly verify_at: number } | null) {
  const prediction = permittingPrediction({ observed_at: now });
  const input = permittingInput({ now, alert: null, trigger: 'api', prediction });
  const held = settling === null ? null : { execution_id: 'x1', ...settling };
  return decide(input, permittingFacts({ runs: [], all_runs: [], settling: held }));
}

test('no clock opens it: while the outcome is not on record the target is held, forwards and backwards', () => {
  const instant = fc.integer({ min: -2 * YEAR, max: 2 * YEAR }).map((offset) => NOW + offset);
  fc.assert(
    fc.property(instant, instant, fc.integer({ min: 1000, max: 366 * DAY }), (ended_at, now, after) => {
      const verify_at = ended_at + after;
      const draft = decideAt(now, { ended_at, verify_at });
      expect(draft).toMatchObject({ verdict: 'deferred', reason: 'settling' });
      expect(draft.next_attempt_at).toBe(now < verify_at ? verify_at : null);
      expect(decideAt(now, null).verdict).toBe('approved');
    }),
    { numRuns: 500 },
  );
});

test.each([Number.NaN, Infinity, -Infinity])('a clock that shows %s opens nothing', (now) => {
  expect(decideAt(now, { ended_at: NOW, verify_at: NOW + HOUR }).verdict).not.toBe('approved');
  expect(decideAt(NOW, { ended_at: now, verify_at: now }).reason).toBe('settling');
});

test.each([
  ['that is due', NOW - DAY, NOW, 'x1 ended 24 h ago; whether it helped is being found out'],
  [
    'by a clock that was ahead',
    NOW + DAY,
    NOW + 2 * DAY,
    'x1 ended at 2026-06-17T09:30:00Z, which is in the future; whether it helped is found out at 2026-06-18T09:30:00Z',
  ],
])('a run %s is told as such', (_what, ended_at, verify_at, message) => {
  expect(decideAt(NOW, { ended_at, verify_at }).message).toBe(message);
});
