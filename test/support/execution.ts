import type { Decision } from '../../src/decision/decision.ts';
import type { Execution } from '../../src/execution/execution.ts';
import { HOUR, MINUTE, NOW, permittingPrediction } from './decision.ts';

/** A run that went well, ended at `NOW`; change what the test is about. */
export function finishedExecution(changes: Partial<Execution> = {}): Execution {
  return {
    id: 'exe-1',
    state: 'succeeded',
    playbook: 'disk-cleanup',
    mapping: 'disk_exhaustion:/srv',
    prediction: permittingPrediction(),
    decision_id: 'dec-1',
    trigger: 'webhook',
    mode: 'live',
    claimed_at: NOW - 2 * MINUTE,
    started_at: NOW - MINUTE,
    finished_at: NOW,
    safety_checks: [{ check: 'disk_usage < 95%', value: 84, passed: true, message: '84 < 95' }],
    dry_run: { exit_code: 0, duration_seconds: 2, result: null, used_bytes: null, error: null },
    run: {
      exit_code: 0,
      duration_seconds: 58,
      result: { summary: 'pruned images', changes: 14, freed_bytes: 2 ** 31, downtime_seconds: 0, affects: [] },
      used_bytes: null,
      error: null,
    },
    verify_at: null,
    verified_at: null,
    outcome: null,
    outcome_message: null,
    days_before: 8.2,
    days_after: null,
    answered: null,
    message: 'disk-cleanup succeeded in 58 s',
    ...changes,
  };
}

/** A decision that people have to act on, made at `NOW`. */
export function escalation(changes: Partial<Decision> = {}): Decision {
  const prediction = permittingPrediction({ days_until_critical: 1.5, observed_at: NOW - HOUR });
  return {
    id: 'dec-2',
    decided_at: NOW,
    trigger: 'webhook',
    alertname: 'DiskExhaustionPredicted',
    fingerprint: '0a1b2c3d4e5f6071',
    target: prediction,
    prediction,
    mapping: 'disk_exhaustion:/srv',
    playbook: 'disk-cleanup',
    verdict: 'escalated',
    reason: 'too_urgent',
    message: '1.5 days are below the minimum of 3',
    gates: [],
    next_attempt_at: null,
    execution_id: null,
    repeats: 0,
    last_at: NOW,
    ...changes,
  };
}
