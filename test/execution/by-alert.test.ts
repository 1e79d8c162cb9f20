import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Heard, judgeByAlert, resolvedAt } from '../../src/execution/by-alert.ts';
import { DAY, HOUR, MINUTE, NOW, permittingPrediction } from '../support/decision.ts';
import { finishedExecution } from '../support/execution.ts';

const prediction = permittingPrediction({ prediction_type: 'alert:ContainerDown', resource: 'web', source: 'alert' });
/** It ran for ten minutes up to `NOW`. */
const execution = finishedExecution({ prediction, started_at: NOW - 10 * MINUTE, finished_at: NOW, days_before: null });
const firing = (at: number): Heard => ({ status: 'firing', at });
const resolved = (at: number): Heard => ({ status: 'resolved', at });

describe('whether an alert was helped', () => {
  it.each([
    ['resolved after the run', [resolved(NOW + MINUTE)], 'effective', /^ContainerDown of web was resolved at 20/],
    ['resolved while it ran', [resolved(NOW - MINUTE)], 'effective', /was resolved/],
    ['resolved before it', [resolved(NOW - HOUR)], 'unknown', /nothing was heard of it since/],
    ['nothing heard', [], 'unknown', /was not said to be resolved/],
    ['said to fire before the run only', [firing(NOW - HOUR)], 'unknown', /send_resolved/],
    ['said to fire soon after it', [firing(NOW + HOUR)], 'unknown', /send_resolved/],
    ['said to fire long after it', [firing(NOW + HOUR + 1)], 'ineffective', /still fired at .*, 1 h after the run$/],
    ['one of two resolved', [resolved(NOW + MINUTE), firing(NOW - MINUTE)], 'unknown', /was not said/],
    ['both resolved', [resolved(NOW + MINUTE), resolved(NOW + 2 * MINUTE)], 'effective', /was resolved/],
  ] as const)('%s', (_what, heard, outcome, message) => {
    expect(judgeByAlert(execution, heard, NOW + DAY)).toEqual({ outcome, message: expect.stringMatching(message) });
  });

  it('soon after the run half of the time since then is enough', () => {
    expect(judgeByAlert(execution, [firing(NOW + 6 * MINUTE)], NOW + 10 * MINUTE).outcome).toBe('ineffective');
    expect(judgeByAlert(execution, [firing(NOW + 5 * MINUTE)], NOW + 10 * MINUTE).outcome).toBe('unknown');
  });

  it('it helped only where every alert about it was resolved, since the run began', () => {
    const some = fc.record({
      status: fc.constantFrom('firing' as const, 'resolved' as const),
      at: fc.integer({ min: NOW - DAY, max: NOW + DAY }),
    });
    fc.assert(
      fc.property(fc.array(some, { maxLength: 4 }), (heard) => {
        const { outcome } = judgeByAlert(execution, heard, NOW + DAY);
        const over = heard.length > 0 && heard.every(({ status }) => status === 'resolved');
        expect(outcome === 'effective').toBe(over && heard.some(({ at }) => at > NOW - 10 * MINUTE));
        expect(resolvedAt(heard) !== null).toBe(over);
        if (outcome === 'ineffective')
          expect(heard.some(({ status, at }) => status === 'firing' && at > NOW)).toBe(true);
      }),
    );
  });
});
