import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { LedgerSummary } from '../../src/execution/summary.ts';
import type { Prediction } from '../../src/prediction/prediction.ts';
import { createMetrics } from '../../src/report/metrics.ts';
import type { MetricsOptions } from '../../src/report/metrics-input.ts';
import { DAY, NOW, permittingMapping, permittingPrediction } from '../support/decision.ts';
import { SOME_SCORES } from '../support/scores.ts';

const EMPTY: LedgerSummary = {
  decisions: [],
  executions: [],
  week: { success: 0, failure: 0 },
  last_run_at: null,
  prevented_incidents: 0,
  outcomes: [],
  scored: [],
  in_progress: [],
  reports_pending: [],
};

const FULL: LedgerSummary = {
  decisions: [{ prediction_type: 'disk_exhaustion', verdict: 'deferred', reason: 'cooldown', count: 7 }],
  executions: [
    { playbook: 'disk-cleanup', result: 'success', count: 3 },
    { playbook: 'disk-cleanup', result: 'interrupted', count: 1 },
  ],
  week: { success: 3, failure: 1 },
  last_run_at: NOW,
  prevented_incidents: 2,
  outcomes: [{ playbook: 'disk-cleanup', outcome: 'effective', count: 2 }],
  scored: [{ prediction_type: 'disk_exhaustion', count: 20 }],
  in_progress: [{ playbook: 'disk-cleanup', count: 1 }],
  reports_pending: [
    { channel: 'discord', count: 4 },
    { channel: 'context_log', count: 1 },
  ],
};

function options(changes: Partial<MetricsOptions> = {}): MetricsOptions {
  return {
    version: '1.2.3',
    predictions: async () => [],
    sources: () => [],
    summary: async () => EMPTY,
    budgets: async () => [],
    state: () => ({
      enabled: true,
      dry_run_mode: false,
      config_last_reload_successful: true,
      config_last_reload_success_at: NOW,
    }),
    playbooks: () => ['disk-cleanup'],
    awaiting: async () => [],
    escalated: async () => [],
    scores: async () => ({ types: [], sources: [] }),
    mapping: () => ({ mappings: [permittingMapping()] }),
    ...changes,
  };
}

const of = (...predictions: Prediction[]) => ({
  predictions: async () => predictions.map((prediction) => ({ prediction, stale: false })),
});

/** Series and value as they stand in the text; undefined where the series is absent. */
function value(text: string, series: string): string | undefined {
  return text
    .split('\n')
    .find((line) => line.startsWith(`${series} `))
    ?.slice(series.length + 1);
}

const names = (text: string) => [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
const LABELS = '{prediction_type="disk_exhaustion",resource="/srv",source="file:/srv/predictions.json",host="nas"}';

describe('predictions', () => {
  it('shows what is known of a prediction', async () => {
    const text = await createMetrics(options(of(permittingPrediction({ observed_at: NOW })))).render();
    expect(value(text, `prediction_days_until_critical${LABELS}`)).toBe('8.2');
    expect(value(text, `prediction_confidence${LABELS}`)).toBe('0.87');
    expect(value(text, `prediction_critical_timestamp_seconds${LABELS}`)).toBe(String((NOW + 8.2 * DAY) / 1000));
    expect(value(text, `prediction_observed_timestamp_seconds${LABELS}`)).toBe(String(NOW / 1000));
    expect(value(text, `prediction_stale${LABELS}`)).toBe('0');
  });

  it('says +Inf and names no instant where no crossing is expected', async () => {
    const text = await createMetrics(options(of(permittingPrediction({ days_until_critical: null })))).render();
    expect(value(text, `prediction_days_until_critical${LABELS}`)).toBe('+Inf');
    expect(text).toContain('# TYPE prediction_critical_timestamp_seconds gauge');
    expect(value(text, `prediction_critical_timestamp_seconds${LABELS}`)).toBeUndefined();
  });

  it('has no host label where the prediction names none', async () => {
    const text = await createMetrics(options(of(permittingPrediction({ host: null })))).render();
    expect(text).toMatch(
      /^prediction_confidence\{prediction_type="disk_exhaustion",resource="\/srv",source="[^"]*"\} /m,
    );
  });

  it('marks a stale one', async () => {
    const predictions = async () => [{ prediction: permittingPrediction(), stale: true }];
    const text = await createMetrics(options({ predictions })).render();
    expect(value(text, `prediction_stale${LABELS}`)).toBe('1');
  });

  it('drops one that is gone', async () => {
    let current = [permittingPrediction()];
    const metrics = createMetrics(
      options({ predictions: async () => current.map((prediction) => ({ prediction, stale: false })) }),
    );
    expect(value(await metrics.render(), `prediction_confidence${LABELS}`)).toBe('0.87');
    current = [];
    expect(await metrics.render()).not.toContain('prediction_confidence{');
  });

  it('never repeats a series, however predictions collide', async () => {
    const older = permittingPrediction({ host: '', confidence: 0.1, observed_at: NOW - DAY });
    const newer = permittingPrediction({ host: null, confidence: 0.9, observed_at: NOW });
    for (const both of [of(older, newer), of(newer, older)]) {
      const text = await createMetrics(options(both)).render();
      expect(text.match(/^prediction_confidence\{.*$/gm)).toEqual([expect.stringMatching(/ 0\.9$/)]);
    }
  });

  it('escapes label values', async () => {
    const resource = 'a"b\\c\nd\0e\u{d800}f{}=,';
    const text = await createMetrics(options(of(permittingPrediction({ resource })))).render();
    expect(text).toContain('resource="a\\"b\\\\c\\nd\u{fffd}e\u{fffd}f{}=,"');
    expect(promtool(text).stderr).not.toContain('error while linting');
  });

  it('renders 10,000 in less than a quarter of a second', async () => {
    const predictions = Array.from({ length: 10_000 }, (_, at) => permittingPrediction({ resource: `/mnt/${at}` }));
    const metrics = createMetrics(options(of(...predictions)));
    let best = Infinity;
    for (let round = 0; round < 5; round++) {
      // Time of the processor: what other programs take at the moment is not ours.
      const start = process.threadCpuUsage();
      const text = await metrics.render();
      const { user, system } = process.threadCpuUsage(start);
      best = Math.min(best, (user + system) / 1000);
      expect(text.match(/^prediction_stale\{/gm)).toHaveLength(10_000);
    }
    expect(best).toBeLessThan(250);
  });
});

describe('what the ledger counts', () => {
  it('shows counters, gauges and the share that succeeded', async () => {
    const text = await createMetrics(options({ summary: async () => FULL })).render();
    const executions = 'proactive_remediation_executions_total';
    expect(value(text, `${executions}{playbook="disk-cleanup",result="success"}`)).toBe('3');
    expect(value(text, `${executions}{playbook="disk-cleanup",result="failure"}`)).toBe('0');
    expect(value(text, `${executions}{playbook="disk-cleanup",result="interrupted"}`)).toBe('1');
    expect(value(text, 'proactive_remediation_success_count')).toBe('3');
    expect(value(text, 'proactive_remediation_failure_count')).toBe('1');
    expect(value(text, 'proactive_remediation_success_rate')).toBe('0.75');
    expect(value(text, 'proactive_remediation_last_run_timestamp')).toBe(String(NOW / 1000));
    expect(value(text, 'proactive_remediation_prevented_incidents')).toBe('2');
    expect(value(text, 'proactive_remediation_in_progress{playbook="disk-cleanup"}')).toBe('1');
    expect(value(text, 'proactive_remediation_notifications_pending')).toBe('5');
    expect(value(text, 'proactive_remediation_outcomes_total{playbook="disk-cleanup",outcome="effective"}')).toBe('2');
    const decision = '{prediction_type="disk_exhaustion",verdict="deferred",reason="cooldown"}';
    expect(value(text, `proactive_remediation_decisions_total${decision}`)).toBe('7');
    expect(names(text)).toContain('proactive_remediation_executions_total counter');
    expect(names(text)).toContain('proactive_remediation_decisions_total counter');
  });

  it('starts every known series at zero, and has no success rate without runs', async () => {
    const text = await createMetrics(options()).render();
    expect(value(text, 'proactive_remediation_executions_total{playbook="disk-cleanup",result="failure"}')).toBe('0');
    expect(text.match(/^proactive_remediation_decisions_total\{prediction_type="disk_exhaustion",/gm)).toHaveLength(26);
    expect(value(text, 'proactive_remediation_success_count')).toBe('0');
    expect(value(text, 'proactive_remediation_success_rate')).toBeUndefined();
    expect(value(text, 'proactive_remediation_last_run_timestamp')).toBeUndefined();
  });

  it('shows the same at the second rendering: values are set, not added', async () => {
    const metrics = createMetrics(options({ summary: async () => FULL }));
    const [first, second] = [await metrics.textfile(), await metrics.textfile()];
    expect(second).toBe(first);
  });

  it('does not mix two renderings at the same time', async () => {
    const metrics = createMetrics(options({ summary: async () => FULL }));
    const texts = await Promise.all(Array.from({ length: 8 }, () => metrics.textfile()));
    expect(new Set(texts).size).toBe(1);
  });

  it('counts who waits for a person, and nothing where that is not known', async () => {
    const waiting = 'proactive_remediation_awaiting_approval{playbook="disk-cleanup"}';
    const shown = async (awaiting: MetricsOptions['awaiting']) => {
      const text = await createMetrics(options({ awaiting })).render();
      return [value(text, waiting), value(text, 'forestall_ledger_up')];
    };
    expect(await shown(async () => [])).toEqual(['0', '1']);
    expect(await shown(async () => ['disk-cleanup', 'disk-cleanup'])).toEqual(['2', '1']);
    expect(await shown(() => Promise.reject(new Error('locked')))).toEqual([undefined, '0']);
  });

  it('makes no series out of alert text', async () => {
    const decisions = Array.from({ length: 10_000 }, (_, at) => ({
      prediction_type: `type-${at}`,
      verdict: 'rejected',
      reason: 'no_mapping',
      count: 1,
    }));
    const text = await createMetrics(options({ summary: async () => ({ ...EMPTY, decisions }) })).render();
    const other =
      'proactive_remediation_decisions_total{prediction_type="other",verdict="rejected",reason="no_mapping"}';
    expect(value(text, other)).toBe('10000');
    expect(text.match(/^proactive_remediation_decisions_total\{/gm)).toHaveLength(27);
  });

  it('shows what is left to a playbook, and nothing where there is no such thing', async () => {
    const budgets = async () => [
      {
        playbook: 'a',
        cooldown_until: NOW,
        weekly_executions: 1,
        weekly_limit: 2,
        circuit_open: true,
        days_gained: 3.5,
        next_attempt_at: 1_790_000_000_500,
      },
      { playbook: 'b', cooldown_until: null, weekly_executions: 0, weekly_limit: null, circuit_open: false },
    ];
    const text = await createMetrics(options({ budgets })).render();
    expect(value(text, 'proactive_remediation_cooldown_until_timestamp_seconds{playbook="a"}')).toBe(
      String(NOW / 1000),
    );
    expect(value(text, 'proactive_remediation_cooldown_until_timestamp_seconds{playbook="b"}')).toBeUndefined();
    expect(value(text, 'proactive_remediation_weekly_executions{playbook="a"}')).toBe('1');
    expect(value(text, 'proactive_remediation_weekly_limit{playbook="a"}')).toBe('2');
    expect(value(text, 'proactive_remediation_weekly_limit{playbook="b"}')).toBeUndefined();
    expect(value(text, 'proactive_remediation_circuit_open{playbook="a"}')).toBe('1');
    expect(value(text, 'proactive_remediation_circuit_open{playbook="b"}')).toBe('0');
    expect(value(text, 'proactive_remediation_days_gained{playbook="a"}')).toBe('3.5');
    expect(value(text, 'proactive_remediation_days_gained{playbook="b"}')).toBeUndefined();
    const next = 'proactive_remediation_next_attempt_timestamp_seconds';
    expect(value(text, `${next}{playbook="a"}`)).toBe('1790000000.5');
    expect(value(text, `${next}{playbook="b"}`)).toBeUndefined();
  });
});

describe('the state of the service', () => {
  it('shows switches, configuration, version and sources', async () => {
    const text = await createMetrics(
      options({
        state: async () => ({
          enabled: false,
          dry_run_mode: true,
          config_last_reload_successful: false,
          config_last_reload_success_at: NOW,
        }),
        sources: () => [
          { source: 'file:/a', up: true, last_success: NOW },
          { source: 'file:/b', up: false, last_success: null },
        ],
      }),
    ).render();
    expect(value(text, 'proactive_remediation_enabled')).toBe('0');
    expect(value(text, 'proactive_remediation_dry_run_mode')).toBe('1');
    expect(value(text, 'forestall_config_last_reload_successful')).toBe('0');
    expect(value(text, 'forestall_config_last_reload_success_timestamp_seconds')).toBe(String(NOW / 1000));
    expect(value(text, 'forestall_build_info{version="1.2.3"}')).toBe('1');
    expect(value(text, 'forestall_ledger_up')).toBe('1');
    expect(value(text, 'prediction_source_up{source="file:/b"}')).toBe('0');
    expect(value(text, 'prediction_source_last_success_timestamp_seconds{source="file:/a"}')).toBe(String(NOW / 1000));
    expect(value(text, 'prediction_source_last_success_timestamp_seconds{source="file:/b"}')).toBeUndefined();
  });

  it('counts events of this process', async () => {
    const metrics = createMetrics(options());
    metrics.phaseEnded({ playbook: 'disk-cleanup', phase: 'run', seconds: 58 });
    metrics.notified({ channel: 'discord', result: 'retry' });
    metrics.webhookAlerts({ receiver: 'grafana', status: 'firing', count: 3 });
    metrics.webhookTruncated(2);
    const text = await metrics.render();
    const duration = 'proactive_remediation_execution_duration_seconds';
    expect(value(text, `${duration}_bucket{le="60",playbook="disk-cleanup",phase="run"}`)).toBe('1');
    expect(value(text, `${duration}_bucket{le="30",playbook="disk-cleanup",phase="run"}`)).toBe('0');
    expect(value(text, `${duration}_sum{playbook="disk-cleanup",phase="run"}`)).toBe('58');
    const notifications = 'proactive_remediation_notifications_total';
    expect(value(text, `${notifications}{channel="discord",result="retry"}`)).toBe('1');
    expect(value(text, `${notifications}{channel="context_log",result="delivered"}`)).toBe('0');
    const alerts = 'proactive_remediation_webhook_alerts_total';
    expect(value(text, `${alerts}{receiver="grafana",status="firing"}`)).toBe('3');
    expect(value(text, `${alerts}{receiver="alertmanager",status="resolved"}`)).toBe('0');
    expect(value(text, 'proactive_remediation_webhook_truncated_alerts_total')).toBe('2');
  });

  it('keeps two instances in one process apart', async () => {
    const [one, two] = [createMetrics(options()), createMetrics(options())];
    one.webhookTruncated(5);
    expect(value(await two.render(), 'proactive_remediation_webhook_truncated_alerts_total')).toBe('0');
  });
});

describe('when something cannot be read', () => {
  it('serves the rest and says that the ledger is away', async () => {
    const problems: string[] = [];
    const metrics = createMetrics(
      options({
        ...of(permittingPrediction()),
        summary: () => Promise.reject(new Error('locked')),
        onProblem: (what) => problems.push(what),
      }),
    );
    const text = await metrics.render();
    expect(value(text, 'forestall_ledger_up')).toBe('0');
    expect(value(text, `prediction_confidence${LABELS}`)).toBe('0.87');
    expect(value(text, 'proactive_remediation_enabled')).toBe('1');
    expect(problems).toEqual(['summary']);
  });

  it('leaves counters out rather than letting them fall to zero', async () => {
    let away = false;
    const metrics = createMetrics(
      options({ summary: () => (away ? Promise.reject(new Error('locked')) : Promise.resolve(FULL)) }),
    );
    expect(await metrics.render()).toContain('proactive_remediation_executions_total{');
    away = true;
    const text = await metrics.render();
    for (const name of ['executions_total', 'decisions_total', 'outcomes_total']) {
      expect(text).not.toContain(`proactive_remediation_${name}{`);
    }
    expect(value(text, 'proactive_remediation_success_count')).toBeUndefined();
    expect(value(text, 'proactive_remediation_notifications_pending')).toBeUndefined();
  });

  it('does not wait for ever, and survives functions that throw', async () => {
    const text = await createMetrics(
      options({
        summary: () => new Promise(() => {}),
        readTimeout: 20,
        sources: () => {
          throw new Error('no');
        },
        state: () => Promise.reject(new Error('no')),
        predictions: () => Promise.reject(new Error('no')),
      }),
    ).render();
    expect(value(text, 'forestall_ledger_up')).toBe('0');
    expect(value(text, 'proactive_remediation_enabled')).toBeUndefined();
    expect(text).not.toContain('prediction_source_up{');
    expect(text).toContain('process_cpu_seconds_total');
  });
});

describe('promtool', () => {
  const full = () =>
    createMetrics(
      options({
        ...of(permittingPrediction(), permittingPrediction({ host: null, days_until_critical: null })),
        summary: async () => FULL,
        sources: () => [{ source: 'file:/a', up: true, last_success: NOW }],
        budgets: async () => [
          {
            playbook: 'a',
            cooldown_until: NOW,
            weekly_executions: 1,
            weekly_limit: 2,
            circuit_open: true,
            days_gained: 3,
            next_attempt_at: NOW,
          },
        ],
        scores: async () => SOME_SCORES,
      }),
    );

  it("objects to nothing but the plan's own names and the unit days", async () => {
    const metrics = full();
    metrics.phaseEnded({ playbook: 'disk-cleanup', phase: 'run', seconds: 58 });
    const complaints = promtool(await metrics.render())
      .stdout.trim()
      .split('\n');
    const allowed =
      /^(?:proactive_remediation_(?:success|failure)_count |prediction_absolute_error_days |prediction_days_until_critical |proactive_remediation_days_gained |proactive_remediation_mapping_(?:min|max)_days )/;
    expect(complaints.filter((complaint) => complaint !== '' && !allowed.test(complaint))).toEqual([]);
  });

  it('the textfile holds the same families but for the process’s own', async () => {
    const metrics = full();
    const [whole, ours] = [names(await metrics.render()), names(await metrics.textfile())];
    expect(ours.filter((name) => !/^(?:prediction|proactive_remediation|forestall)_/.test(name))).toEqual([]);
    expect(whole.filter((name) => !ours.includes(name)).every((name) => /^(?:process|nodejs)_/.test(name))).toBe(true);
    expect(whole).toContain('process_cpu_seconds_total counter');
    expect(new Set(whole).size).toBe(whole.length);
  });
});

function promtool(text: string): { readonly stdout: string; readonly stderr: string } {
  const { stdout, stderr, error } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (stderr.includes('error while linting')) throw new Error(stderr);
  return { stdout: `${stdout}${stderr}`, stderr };
}
