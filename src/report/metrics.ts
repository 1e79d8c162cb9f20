import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { VERDICT_OF } from '../decision/reason.ts';
import { ESCALATED } from '../execution/escalated.ts';
import { renderMappings } from './mapping-families.ts';
import { type Budget, type Metrics, type MetricsOptions, type Readings, readAll } from './metrics-input.ts';
import { renderPredictions } from './prediction-families.ts';
import { fillSources } from './source-families.ts';

/** From a quick check to the longest time-out that anybody sets for a playbook. */
const PHASE_BUCKETS = [0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];

/** Why the webhook does not take a body, beside a sender that is not known. */
const REFUSALS = ['bad_request', 'too_large', 'unsupported_media_type', 'stopping', 'store_unavailable', 'internal'];

/** Gauges that promtool objects to: they end in `_total` and are no counters. */
const OBJECTED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** Every metric of the service. Two of these in one process share nothing but what the process's own metrics say. */
export function createMetrics(options: MetricsOptions): Metrics {
  const ours = new Registry();
  const process = new Registry();
  collectDefaultMetrics({ register: process });
  for (const name of OBJECTED) process.removeSingleMetric(name);

  const families = createFamilies(ours);
  families.buildInfo.set({ version: options.version }, 1);
  only(families.lastDelivery, undefined);
  only(families.chainBroken, undefined);
  for (const receiver of ['alertmanager', 'grafana']) {
    for (const status of ['firing', 'resolved']) families.webhookAlerts.inc({ receiver, status }, 0);
  }
  for (const code of REFUSALS) families.refused.inc({ code }, 0);
  for (const channel of ['discord', 'context_log']) {
    for (const result of ['delivered', 'retry', 'dropped', 'stopped'])
      families.notifications.inc({ channel, result }, 0);
  }

  /** Playbooks whose durations have begun: a series that began with its first run would hide that run from `increase`. */
  const begun = new Set<string>();
  function beginDurations(): void {
    for (const playbook of options.playbooks()) {
      if (begun.has(playbook)) continue;
      begun.add(playbook);
      for (const phase of ['dry_run', 'run']) families.duration.zero({ playbook, phase });
    }
  }

  async function textfile(): Promise<string> {
    beginDurations();
    const readings = await readAll(options);
    fill(families, readings, options);
    // The registry takes its snapshot before it first waits, so renderings at the same time do not mix.
    const text = await ours.metrics();
    const mappings = `${text}\n${renderMappings(options.mapping(), readings.predictions)}`;
    return readings.predictions === null ? mappings : mappings + renderPredictions(readings.predictions);
  }

  return {
    contentType: ours.contentType,
    textfile,
    async render() {
      return `${await textfile()}\n${await process.metrics()}`;
    },
    phaseEnded({ playbook, phase, seconds }) {
      beginDurations();
      begun.add(playbook);
      families.duration.observe({ playbook, phase }, seconds);
    },
    notified: ({ channel, result }) => families.notifications.inc({ channel, result }),
    webhookAlerts: ({ receiver, status, count }) => families.webhookAlerts.inc({ receiver, status }, count),
    webhookDelivered: (at) => families.lastDelivery.set(at / 1000),
    webhookRefused: (code) => families.refused.inc({ code }),
    ledgerChain: (fits) => families.chainBroken.set(fits ? 0 : 1),
    webhookTruncated: (count) => families.truncated.inc(count),
  };
}

type Families = ReturnType<typeof createFamilies>;

function createFamilies(registry: Registry) {
  const registers = [registry];
  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Gauge<L>({ name, help, labelNames, registers });
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Counter<L>({ name, help, labelNames, registers });
  const name = (rest: string) => `proactive_remediation_${rest}`;
  return {
    executions: counter(name('executions_total'), 'Playbook runs that ended, by result.', 'playbook', 'result'),
    successes: gauge(name('success_count'), 'Runs of the last 7 days that succeeded.'),
    failures: gauge(name('failure_count'), 'Runs of the last 7 days that failed or were interrupted.'),
    successRate: gauge(
      name('success_rate'),
      'Share of the runs of the last 7 days that succeeded; absent without runs.',
    ),
    lastRun: gauge(name('last_run_timestamp'), 'When the last execution or pass ended, in seconds since the epoch.'),
    prevented: gauge(name('prevented_incidents'), 'Runs that were verified to have helped.'),
    decisions: counter(name('decisions_total'), 'Decisions on predictions.', 'prediction_type', 'verdict', 'reason'),
    duration: new Histogram({
      name: name('execution_duration_seconds'),
      help: 'How long the phases of playbooks took.',
      labelNames: ['playbook', 'phase'],
      buckets: PHASE_BUCKETS,
      registers,
    }),
    inProgress: gauge(name('in_progress'), 'Executions that have not ended.', 'playbook'),
    awaiting: gauge(name('awaiting_approval'), 'Executions that wait for a person to confirm them.', 'playbook'),
    escalated: gauge(name('escalated'), 'Targets that a person has to act on now.', 'playbook', 'reason'),
    cooldownUntil: gauge(
      name('cooldown_until_timestamp_seconds'),
      'When the cooldown ends; absent without one.',
      'playbook',
    ),
    nextAttempt: gauge(
      name('next_attempt_timestamp_seconds'),
      'When the first of the deferred alerts is decided on again; absent where none waits for a time.',
      'playbook',
    ),
    weeklyExecutions: gauge(
      name('weekly_executions'),
      'Runs of the last 7 days that count towards the limit.',
      'playbook',
    ),
    weeklyLimit: gauge(name('weekly_limit'), 'Runs allowed in 7 days; absent without a limit.', 'playbook'),
    enabled: gauge(name('enabled'), '1 unless remediation is disabled or paused.'),
    dryRunMode: gauge(name('dry_run_mode'), '1 where every execution stops after its dry run.'),
    circuitOpen: gauge(name('circuit_open'), '1 where the last runs all failed and no more are started.', 'playbook'),
    daysGained: gauge(name('days_gained'), 'Days until critical that the last verified run gained.', 'playbook'),
    outcomes: counter(name('outcomes_total'), 'Verified outcomes of runs.', 'playbook', 'outcome'),
    notifications: counter(name('notifications_total'), 'Attempts to deliver a report.', 'channel', 'result'),
    pending: gauge(name('notifications_pending'), 'Reports that wait to be delivered.'),
    webhookAlerts: counter(name('webhook_alerts_total'), 'Alerts received by the webhook.', 'receiver', 'status'),
    lastDelivery: gauge(
      name('webhook_last_delivery_timestamp_seconds'),
      'When the webhook was last told something; absent before the first time.',
    ),
    refused: counter(name('webhook_refused_total'), 'Bodies that the webhook did not take.', 'code'),
    truncated: counter(name('webhook_truncated_alerts_total'), 'Alerts that the sender cut off before the webhook.'),
    sourceUp: gauge(
      'prediction_source_up',
      '1 where the source of predictions could be read and is not silent.',
      'source',
    ),
    sourceSuccess: gauge(
      'prediction_source_last_success_timestamp_seconds',
      'When the source was last read.',
      'source',
    ),
    errorDays: gauge('prediction_absolute_error_days', 'Mean error of the scored forecasts.', 'prediction_type'),
    brier: gauge('prediction_brier_score', 'Mean squared error of the confidence; 0 is perfect.', 'prediction_type'),
    scored: counter('prediction_scored_total', 'Forecasts that were compared with what happened.', 'prediction_type'),
    precision: gauge(
      'prediction_precision',
      'Share that came true of the scored forecasts that would have been acted on.',
      'prediction_type',
      'source',
    ),
    unproven: gauge(
      'prediction_unproven',
      '1 where a source came true too seldom to be acted on.',
      'prediction_type',
      'source',
    ),
    buildInfo: gauge('forestall_build_info', 'Always 1; the version is its label.', 'version'),
    ledgerUp: gauge('forestall_ledger_up', '1 where everything shown here could be read from the ledger.'),
    chainBroken: gauge(
      'forestall_ledger_chain_broken',
      '1 where rows of the ledger are not what its hash chain says; absent before the first look.',
    ),
    reloadOk: gauge('forestall_config_last_reload_successful', '1 where the last load of the configuration succeeded.'),
    reloadAt: gauge(
      'forestall_config_last_reload_success_timestamp_seconds',
      'When the configuration in use was loaded.',
    ),
  };
}

/** What is set from readings is emptied first: a reading that failed, and a series that is gone, are absent. */
function fill(families: Families, readings: Readings, options: MetricsOptions): void {
  const playbooks = options.playbooks();
  fillSummary(families, readings.summary, playbooks, typesOf(options));
  fillAwaiting(families, readings.awaiting, playbooks);
  fillEscalated(families, readings.escalated, playbooks);
  fillBudgets(families, readings.budgets);
  fillSources(families, readings);
  only(families.enabled, flag(readings.state?.enabled));
  only(families.dryRunMode, flag(readings.state?.dry_run_mode));
  only(families.reloadOk, flag(readings.state?.config_last_reload_successful));
  only(families.reloadAt, seconds(readings.state?.config_last_reload_success_at));
  only(
    families.ledgerUp,
    flag(
      (['summary', 'budgets', 'awaiting', 'escalated', 'predictions', 'scores'] as const).every(
        (one) => readings[one] !== null,
      ),
    ),
  );
}

function fillSummary(
  families: Families,
  summary: Readings['summary'],
  playbooks: readonly string[],
  types: readonly string[],
): void {
  const { executions, outcomes, inProgress, decisions, scored } = families;
  for (const family of [executions, outcomes, inProgress, decisions, scored]) family.reset();
  const runs = summary === null ? 0 : summary.week.success + summary.week.failure;
  only(families.successes, summary?.week.success);
  only(families.failures, summary?.week.failure);
  only(families.successRate, summary === null || runs === 0 ? undefined : summary.week.success / runs);
  only(families.lastRun, seconds(summary?.last_run_at));
  only(families.prevented, summary?.prevented_incidents);
  only(
    families.pending,
    summary?.reports_pending.reduce((sum, { count }) => sum + count, 0),
  );
  // Zeros only beside the real counts: a counter that fell to zero while the ledger was away would count everything again.
  if (summary === null) return;

  for (const playbook of playbooks) {
    for (const result of ['success', 'failure', 'interrupted']) executions.inc({ playbook, result }, 0);
    for (const outcome of ['effective', 'ineffective', 'unknown']) outcomes.inc({ playbook, outcome }, 0);
    inProgress.set({ playbook }, 0);
  }
  for (const prediction_type of types) {
    for (const [reason, verdict] of Object.entries(VERDICT_OF)) decisions.inc({ prediction_type, verdict, reason }, 0);
  }
  for (const { playbook, result, count } of summary.executions) executions.inc({ playbook, result }, count);
  for (const { playbook, outcome, count } of summary.outcomes) outcomes.inc({ playbook, outcome }, count);
  for (const { playbook, count } of summary.in_progress) inProgress.inc({ playbook }, count);
  const known = new Set(types);
  for (const prediction_type of types) scored.inc({ prediction_type }, 0);
  for (const { prediction_type, count } of summary.scored) {
    scored.inc({ prediction_type: known.has(prediction_type) ? prediction_type : 'other' }, count);
  }
  for (const { prediction_type, verdict, reason, count } of summary.decisions) {
    decisions.inc({ prediction_type: known.has(prediction_type) ? prediction_type : 'other', verdict, reason }, count);
  }
}

function fillAwaiting({ awaiting }: Families, waiting: Readings['awaiting'], playbooks: readonly string[]): void {
  awaiting.reset();
  if (waiting === null) return;
  for (const playbook of playbooks) awaiting.set({ playbook }, 0);
  for (const playbook of waiting) awaiting.inc({ playbook });
}

/** Only of playbooks that are configured: what was escalated for another may be long ago. */
function fillEscalated({ escalated }: Families, targets: Readings['escalated'], playbooks: readonly string[]): void {
  escalated.reset();
  for (const playbook of targets === null ? [] : playbooks) {
    for (const reason of ESCALATED) escalated.set({ playbook, reason }, 0);
  }
  for (const { playbook, reason } of targets ?? []) {
    if (playbooks.includes(playbook)) escalated.inc({ playbook, reason });
  }
}

function fillBudgets(families: Families, budgets: readonly Budget[] | null): void {
  const { cooldownUntil, nextAttempt, weeklyExecutions, weeklyLimit, circuitOpen, daysGained } = families;
  const all = [cooldownUntil, nextAttempt, weeklyExecutions, weeklyLimit, circuitOpen, daysGained];
  for (const family of all) family.reset();
  for (const budget of budgets ?? []) {
    const { playbook } = budget;
    weeklyExecutions.set({ playbook }, budget.weekly_executions);
    circuitOpen.set({ playbook }, budget.circuit_open ? 1 : 0);
    if (budget.weekly_limit !== null) weeklyLimit.set({ playbook }, budget.weekly_limit);
    if (budget.cooldown_until !== null) cooldownUntil.set({ playbook }, budget.cooldown_until / 1000);
    if (typeof budget.next_attempt_at === 'number') nextAttempt.set({ playbook }, budget.next_attempt_at / 1000);
    if (typeof budget.days_gained === 'number') daysGained.set({ playbook }, budget.days_gained);
  }
}

/** Sets a gauge without labels; absent where there is no value. */
function only(gauge: Gauge, value: number | undefined): void {
  if (value === undefined) gauge.remove();
  else gauge.set(value);
}

const typesOf = (options: MetricsOptions): readonly string[] => [
  ...new Set(options.mapping().mappings.map(({ prediction_type }) => prediction_type)),
];
const flag = (value: boolean | undefined): number | undefined => (value === undefined ? undefined : value ? 1 : 0);
const seconds = (instant: number | null | undefined): number | undefined =>
  typeof instant === 'number' ? instant / 1000 : undefined;
