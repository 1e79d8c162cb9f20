import { beforeAll, describe, expect, it, vi } from 'vitest';
import { readExposition } from '../support/exposition.ts';
import { startLivingService } from '../support/living.ts';
import { worldOf } from '../support/metrics-page.ts';
import { parsePromql } from '../support/promql-tree.ts';
import { impossibilities, type World } from '../support/promql-world.ts';
import { alertsOf, shippedJobs } from '../support/rules.ts';

vi.setConfig({ hookTimeout: 120_000 });

let world: World;
beforeAll(async () => {
  world = worldOf(readExposition(await (await startLivingService()).metrics()), shippedJobs());
});
const findings = (expression: string) => impossibilities(parsePromql(expression), world);

describe('the lint, on what a real service exports', () => {
  it.each([
    [
      'a metric that nobody exports',
      'proactive_remediation_failures_total > 0',
      'nobody exports proactive_remediation_failures_total',
    ],
    [
      'a label value that no code emits',
      'proactive_remediation_executions_total{result="failed"} > 0',
      'no series of proactive_remediation_executions_total',
    ],
    [
      'a value of another family with that label',
      'proactive_remediation_executions_total{result="dropped"}',
      'no series of',
    ],
    [
      'a regular expression that matches no value',
      'rate(proactive_remediation_executions_total{result=~"fail|interrupt"}[5m])',
      'no series of',
    ],
    [
      'a verdict that its reason never has',
      'proactive_remediation_decisions_total{verdict="rejected",reason="cooldown"}',
      'no series of',
    ],
    [
      'a label that the metric does not have',
      'proactive_remediation_success_rate{playbook="x"} < 1',
      'has no label playbook',
    ],
    ['a job that nobody scrapes', 'up{job="alert-manager"} == 0', 'no series of up'],
    ['a percentage of a ratio', 'proactive_remediation_success_rate > 80', 'never true'],
    ['a flag that is neither', 'proactive_remediation_enabled == 2', 'never true'],
    ['a flag between', 'prediction_stale > 0 < 1', 'never true'],
    ['below zero', 'increase(proactive_remediation_executions_total[1h]) < 0', 'never true'],
    ['a count of nothing', 'count(prediction_stale) == 0', 'never true'],
    ['an age as an instant', 'prediction_observed_timestamp_seconds > 93600 < 100000', 'never true'],
    ['a share beyond one, negated', '-prediction_confidence < -1.5', 'never true'],
    ['one branch of an or', 'up == 0 or forestall_ledger_up == 3', 'never true'],
    ['labels that differ', 'proactive_remediation_circuit_open == 1 and prediction_source_up == 1', 'never true'],
    [
      'on a label that only one side has',
      'prediction_stale == 1 and on (playbook) proactive_remediation_circuit_open',
      'never true',
    ],
    [
      'values of one label that never meet',
      'proactive_remediation_executions_total{result="failure"} > proactive_remediation_executions_total{result="success"}',
      'never true',
    ],
    [
      'an aggregation that loses what is joined on',
      'max by (source) (prediction_stale) > on (playbook) proactive_remediation_circuit_open',
      'never true',
    ],
    ['a scalar on the left', '2 < proactive_remediation_dry_run_mode', 'never true'],
    ['what is subtracted', 'time() - prediction_observed_timestamp_seconds > 1e12', 'never true'],
    ['absent of what is no series', 'absent(up{job="forestal"})', 'no series of up'],
  ])('finds %s', (_what, expression, finding) => {
    expect(findings(expression)).toEqual([expect.stringContaining(finding)]);
  });

  it.each([
    'proactive_remediation_success_rate < 0.8',
    'prediction_days_until_critical == +Inf',
    'proactive_remediation_days_gained < 0',
    'max by (playbook) (proactive_remediation_weekly_executions) >= max by (playbook) (proactive_remediation_weekly_limit)',
    'prediction_stale == 1 and on (source) prediction_source_up == 0',
    'prediction_days_until_critical{host=""} < 3 and prediction_confidence{host="nas"} > 0.5',
    'rate(proactive_remediation_execution_duration_seconds_bucket{phase="run",le="60"}[5m]) > 0',
    'histogram_quantile(0.9, sum by (le, phase) (rate(proactive_remediation_execution_duration_seconds_bucket[5m]))) > 60',
    'proactive_remediation_executions_total{result="failure"} > ignoring (result) proactive_remediation_executions_total{result="success"}',
    'sum(up) > 1',
    'vector(1) == bool 2',
    'time() - prediction_source_last_success_timestamp_seconds > 3600',
  ])('says nothing about %s', (expression) => {
    expect(findings(expression)).toEqual([]);
  });

  it.each(['up ==', 'up{job=forestall}', 'sum by playbook (up)', 'rate(up[5m)', ''])(
    'refuses what is no PromQL: %s',
    (expression) => {
      expect(() => parsePromql(expression)).toThrow('no PromQL');
    },
  );
});

describe('the shipped alert rules', () => {
  const alerts = ['remediation', 'predictions'].flatMap((file) =>
    alertsOf(`alert-rules/${file}.rules.yml`).map(({ alert, expr }) => [alert, expr] as const),
  );

  it.each(alerts)('%s can be true on what a real service exports', (_alert, expr) => {
    expect(findings(expr)).toEqual([]);
  });

  // Annotations ask too: what they name has to be there.
  it('ask in their annotations for metrics that are exported', () => {
    const asked = alertsOf('alert-rules/predictions.rules.yml').flatMap(({ annotations }) =>
      Object.values(annotations).flatMap((text) =>
        [...text.matchAll(/\b(prediction_\w+)\{/g)].map(([, metric]) => metric!),
      ),
    );
    expect(asked.length).toBeGreaterThan(3);
    expect(asked.filter((metric) => !world.has(metric))).toEqual([]);
  });
});
