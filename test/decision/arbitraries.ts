import fc from 'fast-check';
import type { DecisionInput, Facts } from '../../src/decision/decision.ts';
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

const either = <T>(permitting: T, ...broken: readonly T[]) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(permitting) }, { weight: 1, arbitrary: fc.constantFrom(...broken) });

const good = permittingInput();
/** Inputs in which any gate may stop. */
export const someInput: fc.Arbitrary<DecisionInput> = fc.record({
  trigger: fc.constantFrom('webhook', 'api', 'run', 'cli'),
  mode: either('live' as const, 'dry-run'),
  now: fc.constant(NOW),
  alert: either(
    good.alert,
    null,
    { ...good.alert!, problem: 'no' },
    { ...good.alert!, status: 'resolved' },
    {
      ...good.alert!,
      is_prediction: false,
    },
  ),
  target: fc.constant(good.target),
  prediction: either(
    good.prediction,
    null,
    permittingPrediction({ days_until_critical: 1 }),
    permittingPrediction({ days_until_critical: Number.NaN, confidence: Infinity }),
    permittingPrediction({ confidence: 0.1 }),
    permittingPrediction({ observed_at: 0 }),
  ),
  prediction_problem: fc.constant(null),
  mapping: either(
    good.mapping,
    null,
    permittingMapping({ action: { max_executions_per_week: 0, limits: [{ runs: 0, per: HOUR }] } }),
    permittingMapping({ action: { allowed_hours: { from: 0, to: 1, text: '00:00-00:01' } } }),
  ),
  unsafe_value: either<string | null>(null, 'unsafe'),
  fleet: either<number | null>(10, null, 0),
  silence: either<string | null>(null, 'silenced'),
  consecutive: either(1, 0),
  policy: either(
    good.policy,
    permittingPolicy({ enable_auto_remediation: false }),
    permittingPolicy({ exclude: ['*'], max_daily_executions: 0 }),
  ),
});
/** Hosts that a playbook was started on a minute ago. */
export const touched = (...hosts: readonly string[]) => hosts.map((host) => ({ host, at: NOW - MINUTE }));
/** Facts with which any gate may stop. */
export const someFacts: fc.Arbitrary<Facts> = fc.record({
  pauses: either<Facts['pauses']>([], [{ name: 'manual', reason: null, since: 0, until: null }]),
  unfinished: either<Facts['unfinished']>(null, { execution_id: 'x', state: 'claimed', claimed_at: NOW }),
  runs: either(runsAt([NOW - 5 * DAY]), runsAt([NOW - HOUR]), runsAt([NOW - HOUR, NOW - HOUR, NOW - HOUR], 'failed')),
  all_runs: either([NOW - 5 * DAY], [NOW, NOW, NOW, NOW]),
  hosts: either<Facts['hosts']>([], touched('a', 'b', 'nas'), touched('a', 'b', 'c')),
  stopped: either<Facts['stopped']>(null, { state: 'rejected', at: NOW }),
  settling: either<Facts['settling']>(null, { execution_id: 'x', ended_at: NOW - DAY, verify_at: NOW + HOUR }),
  proof: either<Facts['proof']>(null, { scored: 40, came_true: 36 }, { scored: 40, came_true: 10 }),
});
