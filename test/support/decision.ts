import type { DecisionInput, Facts, PastRun, Policy } from '../../src/decision/decision.ts';
import type { Action, Mapping } from '../../src/mapping/mapping.ts';
import type { Prediction } from '../../src/prediction/prediction.ts';

/** A Tuesday morning, far from any change of time. */
export const NOW = Date.parse('2026-06-16T09:30:00Z');
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const WEEK = 7 * DAY;

export function permittingPrediction(changes: Partial<Prediction> = {}): Prediction {
  return {
    prediction_type: 'disk_exhaustion',
    resource: '/srv',
    host: 'nas',
    days_until_critical: 8.2,
    confidence: 0.87,
    observed_at: NOW - HOUR,
    source: 'file:/srv/predictions.json',
    labels: {},
    ...changes,
  };
}

export function permittingAction(changes: Partial<Action> = {}): Action {
  return {
    playbook: 'disk-cleanup',
    version: '1.1',
    max_executions_per_week: 2,
    cooldown_hours: 48,
    limit_scope: 'playbook',
    limits: [{ runs: 1, per: HOUR }],
    blast_radius: { hosts: 3, percent: 50, per: HOUR },
    allowed_hours: { from: 0, to: 1440, text: '00:00-24:00' },
    time_zone: null,
    require_confirmation: null,
    parameters: {},
    verify: { after: DAY, expect: null },
    min_days_gained: null,
    ...changes,
  };
}

export function permittingMapping(
  changes: Partial<Omit<Mapping, 'conditions' | 'action'>> & {
    readonly conditions?: Partial<Mapping['conditions']>;
    readonly action?: Partial<Action>;
  } = {},
): Mapping {
  return {
    id: 'disk_exhaustion:/srv',
    alert: null,
    prediction_type: 'disk_exhaustion',
    resource_filter: '/srv',
    safety_checks: [],
    ...changes,
    conditions: {
      min_days_until_critical: 7,
      max_days_until_critical: 10,
      min_confidence: 0.7,
      min_consecutive: 1,
      ...changes.conditions,
    },
    action: permittingAction(changes.action),
  };
}

export function permittingPolicy(changes: Partial<Policy> = {}): Policy {
  return {
    enable_auto_remediation: true,
    dry_run_mode: false,
    max_daily_executions: 3,
    exclude: [],
    stale_after: 26 * HOUR,
    retry_after: HOUR,
    circuit_breaker: { failures: 3, reset_after: DAY },
    time_zone: 'UTC',
    proof: { min_precision: 0.7, min_scored: 20 },
    ...changes,
  };
}

/** What every gate lets pass, asked by an alert that fires; change one thing and one gate stops. */
export function permittingInput(changes: Partial<DecisionInput> = {}): DecisionInput {
  const { prediction_type, resource, host } = permittingPrediction();
  return {
    trigger: 'webhook',
    mode: 'live',
    now: NOW,
    alert: {
      problem: null,
      status: 'firing',
      alertname: 'DiskExhaustionPredicted',
      fingerprint: '0a1b2c3d4e5f6071',
      starts_at: NOW - 5 * MINUTE,
      is_prediction: true,
    },
    target: { prediction_type, resource, host },
    prediction: permittingPrediction(),
    prediction_problem: null,
    mapping: permittingMapping(),
    unsafe_value: null,
    fleet: 10,
    silence: null,
    consecutive: 1,
    policy: permittingPolicy(),
    ...changes,
  };
}

/** What a ledger knows of a playbook that may run again: it ran well a while ago. */
export function permittingFacts(changes: Partial<Facts> = {}): Facts {
  const ran = NOW - 5 * DAY;
  return {
    pauses: [],
    unfinished: null,
    runs: [{ started_at: ran, state: 'succeeded' }],
    all_runs: [ran],
    hosts: [],
    stopped: null,
    settling: null,
    proof: { scored: 40, came_true: 36 },
    ...changes,
  };
}

/** Runs as the ledger hands them over, newest first, from instants in any order. */
export function runsAt(instants: readonly number[], state: PastRun['state'] = 'succeeded'): PastRun[] {
  return instants.toSorted((a, b) => b - a).map((started_at) => ({ started_at, state }));
}
