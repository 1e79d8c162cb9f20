import type { z } from 'zod';
import type { ANSWERS, AnswerName, REQUESTS, RequestName } from './openapi-components.ts';

type Answers = { readonly [Name in AnswerName]?: z.input<(typeof ANSWERS)[Name]> };
type Requests = { readonly [Name in RequestName]?: Readonly<Record<string, z.input<(typeof REQUESTS)[Name]>>> };

const prediction = {
  prediction_type: 'disk_exhaustion',
  resource: '/srv',
  host: 'nas',
  days_until_critical: 8.2,
  confidence: 0.85,
  observed_at: '2026-03-01T12:00:00.000Z',
  source: 'file:/var/lib/forestall/predictions.json',
  labels: {},
};

const decision = {
  id: 'dec_01m82mxr8hrpz98vzyvrhz5v7c',
  decided_at: '2026-03-01T12:05:00.000Z',
  trigger: 'webhook' as const,
  alertname: 'DiskExhaustionPredicted',
  fingerprint: '24c8e1a665d15cb5',
  target: { prediction_type: 'disk_exhaustion', resource: '/srv', host: 'nas' },
  prediction,
  mapping: 'disk',
  playbook: 'disk-cleanup',
  verdict: 'deferred' as const,
  reason: 'cooldown' as const,
  message: 'disk-cleanup ran 3 h ago: the cooldown is 24 h',
  gates: [
    { gate: 'low_confidence' as const, outcome: 'pass' as const, message: 'confidence 0.85 >= 0.7' },
    { gate: 'cooldown' as const, outcome: 'stop' as const, message: 'disk-cleanup ran 3 h ago: the cooldown is 24 h' },
  ],
  execution_id: null,
  next_attempt_at: '2026-03-02T09:05:00.000Z',
  repeats: 2,
  last_at: '2026-03-01T12:15:00.000Z',
};

const execution = {
  id: 'exec_01m82mxr8hrpz98vzyvrhz5v7d',
  state: 'succeeded' as const,
  playbook: 'disk-cleanup',
  mapping: 'disk',
  prediction,
  decision_id: 'dec_01m82mxr8hrpz98vzyvrhz5v7b',
  trigger: 'webhook' as const,
  mode: 'live' as const,
  claimed_at: '2026-03-01T09:04:58.120Z',
  started_at: '2026-03-01T09:05:00.000Z',
  finished_at: '2026-03-01T09:05:41.310Z',
  safety_checks: [{ check: 'disk_usage < 95%', value: 91.4, passed: true, message: '91.4 < 95' }],
  dry_run: {
    exit_code: 0,
    duration_seconds: 1.88,
    result: {
      summary: 'would free 12.4 GiB',
      changes: 214,
      freed_bytes: 13_314_398_618,
      downtime_seconds: 0,
      affects: [],
    },
    used_bytes: null,
    error: null,
  },
  run: {
    exit_code: 0,
    duration_seconds: 41.31,
    result: {
      summary: 'freed 12.4 GiB',
      changes: 214,
      freed_bytes: 13_314_398_618,
      downtime_seconds: 0,
      affects: [],
    },
    used_bytes: { before: 457_000_000_000, after: 443_685_601_382 },
    error: null,
  },
  verify_at: '2026-03-02T09:05:41.310Z',
  verified_at: '2026-03-02T09:05:42.004Z',
  outcome: 'effective' as const,
  outcome_message: 'disk_exhaustion of /srv: critical in 31.5 days; critical in 8.2 days before',
  days_before: 8.2,
  days_after: 31.5,
  answered: { by: 'anna', from: '192.0.2.7', at: '2026-03-01T09:04:59.800Z' },
  message: 'freed 12.4 GiB',
};

const night = { name: 'backup', reason: 'moving the disks', since: '2026-03-01T12:00:00.000Z', until: null };

const score = {
  scored: 31,
  came_true: 26,
  cut_short: 4,
  unknown: 1,
  open: 12,
  absolute_error_days: 1.4,
  brier_score: 0.11,
  calibration_error: 0.04,
  actionable: 22,
  precision: 0.86,
};

/** One of each answer; texts of answers that are none. */
export const ANSWER_EXAMPLES: Answers = {
  Problem: {
    error: {
      code: 'bad_request',
      message: 'the query cannot be used',
      issues: [{ path: 'limit', message: 'expected a whole number from 1 to 500' }],
    },
  },
  Conflict: {
    error: {
      code: 'refused',
      message: 'stale_prediction: the prediction is 31 h old: at most 26 h are acted on',
      issues: [],
      reason: 'stale_prediction',
    },
  },
  CurrentPredictionList: {
    items: [{ ...prediction, age_seconds: 300, stale: false, mapping: 'disk' }],
    next: null,
  },
  DecisionList: { items: [decision], next: null },
  WebhookAnswer: { received: 1, decisions: [decision] },
  PredictionsAnswer: {
    received: 2,
    decisions: [decision],
    problems: [{ path: 'predictions[1].confidence', message: 'is the number 1.5: a number from 0 to 1 is needed' }],
  },
  Execution: execution,
  ExecutionList: { items: [execution], next: null },
  PausedAnswer: { paused: true, ...night },
  ResumedAnswer: { lifted: 1, refused: { count: 0, items: [] } },
  Status: {
    mode: 'live',
    enabled: true,
    dry_run_mode: false,
    paused: false,
    paused_by: '',
    paused_until: null,
    mappings: 3,
    predictions: 12,
    predictions_stale: 0,
    days_until_critical_min: 8.2,
    sources_up: 1,
    sources_down: 0,
    in_progress: 0,
    waiting_for_confirmation: 0,
    executions_24h: 1,
    executions_daily_limit: 5,
    executions_succeeded_7d: 3,
    executions_failed_7d: 0,
    success_rate_7d: 1,
    prevented_incidents: 2,
    last_run: '2026-03-01T09:05:41.310Z',
    reports_pending: 0,
    config_last_reload_successful: true,
    pauses: [],
    sources: [
      {
        source: 'file:/var/lib/forestall/predictions.json',
        up: true,
        last_success: '2026-03-01T12:00:00.000Z',
        problem: null,
      },
    ],
  },
  Accuracy: {
    since: '2026-01-01T12:00:00.000Z',
    until: '2026-04-01T12:00:00.000Z',
    all: score,
    next_closes_at: '2026-04-02T06:00:00.000Z',
    types: [
      {
        prediction_type: 'disk_exhaustion',
        ...score,
        calibration: [{ from: 0.8, to: 0.9, forecasts: 31, stated: 0.86, came_true: 0.84 }],
        correction: { slope: 1.04, shift: -0.12, forecasts: 31 },
      },
    ],
    sources: [
      {
        prediction_type: 'disk_exhaustion',
        source: 'forecast:local',
        ...score,
        proof: { scored: 22, came_true: 19 },
        standing: 'proven',
      },
    ],
    resources: [{ prediction_type: 'disk_exhaustion', resource: '/srv', host: 'nas', ...score }],
  },
  ReadyAnswer: { ready: true, reason: 'ready' },
  ReloadAnswer: { reloaded: true },
};

/** Some of each request body, by a name for each. */
export const REQUEST_EXAMPLES: Requests = {
  Notification: {
    alertmanager: {
      version: '4',
      status: 'firing',
      receiver: 'forestall',
      truncatedAlerts: 0,
      alerts: [
        {
          status: 'firing',
          labels: {
            alertname: 'DiskExhaustionPredicted',
            prediction_type: 'disk_exhaustion',
            resource: '/srv',
            host: 'nas',
          },
          annotations: { days_until_critical: '8.2', confidence: '0.85' },
          startsAt: '2026-03-01T12:00:00Z',
          fingerprint: '24c8e1a665d15cb5',
        },
      ],
    },
  },
  Predictions: {
    one: { prediction_type: 'disk_exhaustion', resource: '/srv', days_until_critical: 8.2, confidence: 0.85 },
    document: {
      generated_at: '2026-03-01T12:00:00Z',
      predictions: [
        {
          prediction_type: 'disk_exhaustion',
          resource: '/srv',
          host: 'nas',
          days_until_critical: 8.2,
          confidence: 0.85,
        },
        { prediction_type: 'memory_exhaustion', resource: 'jellyfin', days_until_critical: 'never', confidence: 0.9 },
      ],
    },
    homelabCache: {
      generated_at: '2026-03-01T12:00:00',
      predictions: {
        disk: { mountpoint: '/srv', days_until_90pct: '6', confidence: 0.71 },
        memory: [{ service: 'jellyfin', hours_until_4gb: 'never', confidence: 0.4 }],
      },
    },
  },
  PauseRequest: { night: { name: 'backup', for: '2h', reason: 'moving the disks' } },
  ResumeRequest: { one: { name: 'backup' }, all: { all: true } },
};
