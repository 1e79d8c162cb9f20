import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { listen } from '../support/http.ts';
import {
  alertBody,
  DISK,
  forestall,
  type Home,
  makeHome,
  RECORDING_PLAYBOOK,
  type Service,
  startService,
} from '../support/service.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 60_000 });
const DAY = 86_400_000;

/** One resource with a mapping and a playbook of its own, that permits but for what is said here. */
interface Case {
  readonly name: string;
  readonly resource?: string;
  readonly host?: string;
  readonly conditions?: Record<string, unknown>;
  readonly action?: Record<string, unknown>;
  readonly safety_checks?: readonly string[];
  /** Environment of the playbook; with HOLD_RUN the run waits for the file `go`. */
  readonly env?: Record<string, string>;
  /** Over `DISK`; null: nothing is known about it. */
  readonly prediction?: Record<string, unknown> | null;
  /** Over the alert. */
  readonly alert?: Record<string, unknown>;
}

interface Refused extends Case {
  readonly verdict: 'ignored' | 'rejected' | 'deferred' | 'escalated';
  readonly reason: string;
  /** In the message: the values that were compared. */
  readonly says: RegExp;
  /** How its first executions end, made by alerts before the one that is refused. */
  readonly before?: readonly string[];
}

const hour = (ahead: number) => String((new Date().getUTCHours() + ahead) % 24).padStart(2, '0');

const ago = (milliseconds: number) => new Date(Date.now() - milliseconds).toISOString();

const CASES: readonly Refused[] = [
  {
    name: 'labels that are no object, beside a resolved alert that can be read',
    verdict: 'rejected',
    reason: 'unreadable',
    says: /labels/,
    alert: { labels: null },
  },
  {
    name: 'a resolved alert',
    verdict: 'ignored',
    reason: 'not_firing',
    says: /resolved/,
    alert: { status: 'resolved', endsAt: ago(0) },
  },
  {
    name: 'an alert without prediction_type',
    verdict: 'ignored',
    reason: 'not_a_prediction',
    says: /NodeDown.*prediction_type/,
    alert: { labels: { alertname: 'NodeDown', resource: '/data' } },
  },
  { name: 'nothing known', verdict: 'rejected', reason: 'no_prediction', says: /known|annotation/, prediction: null },
  {
    name: 'days that are no number in an annotation',
    verdict: 'rejected',
    reason: 'no_prediction',
    says: /NaN/,
    prediction: null,
    alert: { annotations: { days_until_critical: 'NaN', confidence: '0.9' } },
  },
  {
    name: 'no mapping',
    verdict: 'rejected',
    reason: 'no_mapping',
    says: /disk_exhaustion of \/unmapped/,
    resource: '/unmapped',
  },
  { name: 'an option as resource', verdict: 'rejected', reason: 'unsafe_value', says: /-rf/, resource: '-rf' },
  {
    name: 'an excluded resource',
    verdict: 'rejected',
    reason: 'excluded',
    says: /\/photos.*\/pho\*/,
    resource: '/photos',
  },
  { name: 'an excluded host', verdict: 'rejected', reason: 'excluded', says: /nas-2.*nas-\?/, host: 'nas-2' },
  {
    name: 'three days old',
    verdict: 'rejected',
    reason: 'stale_prediction',
    says: /3 d old.*26 h/,
    prediction: { observed_at: ago(3 * DAY) },
  },
  {
    name: 'an alert that begins tomorrow',
    verdict: 'rejected',
    reason: 'stale_prediction',
    says: /in the future/,
    alert: { startsAt: ago(-DAY) },
  },
  {
    name: 'below the window',
    verdict: 'escalated',
    reason: 'too_urgent',
    says: /2\.9 days < 3/,
    prediction: { days_until_critical: 2.9 },
  },
  {
    name: 'above the window',
    verdict: 'deferred',
    reason: 'not_urgent_yet',
    says: /14\.1 days > 14/,
    prediction: { days_until_critical: 14.1 },
  },
  {
    name: 'no crossing',
    verdict: 'deferred',
    reason: 'not_urgent_yet',
    says: /no crossing/,
    prediction: { days_until_critical: 'never' },
  },
  {
    name: 'too little confidence',
    verdict: 'rejected',
    reason: 'low_confidence',
    says: /0\.69 < 0\.7/,
    prediction: { confidence: 0.69 },
  },
  {
    name: 'seen once',
    verdict: 'deferred',
    reason: 'not_persistent',
    says: /1 in a row < 3/,
    conditions: { min_consecutive: 3 },
  },
  {
    name: 'it runs',
    verdict: 'deferred',
    reason: 'in_progress',
    says: /is running as \S+ since 20/,
    action: { cooldown_hours: 0 },
    env: { HOLD_RUN: 'go' },
    before: ['running'],
  },
  {
    name: 'two failures in a row',
    verdict: 'escalated',
    reason: 'circuit_open',
    says: /last 2 runs of \S+ all failed; held until 20/,
    action: { cooldown_hours: 0 },
    env: { EXIT_RUN: '3' },
    before: ['failed', 'failed'],
  },
  { name: 'it ran', verdict: 'deferred', reason: 'cooldown', says: /cooldown 48 h until 20/, before: ['succeeded'] },
  {
    name: 'it ran and failed',
    verdict: 'deferred',
    reason: 'cooldown',
    says: /cooldown 48 h until 20/,
    env: { EXIT_RUN: '3' },
    before: ['failed'],
  },
  {
    name: 'a safety check failed',
    verdict: 'deferred',
    reason: 'retry_later',
    says: /ended as rejected .* ago, next try at 20/,
    safety_checks: ['memory_usage > 100%'],
    before: ['rejected'],
  },
  {
    name: 'once an hour',
    verdict: 'deferred',
    reason: 'limit',
    says: /: 1 of 1 runs in 1 h; the next is possible at 20/,
    action: { cooldown_hours: 0, limits: [{ runs: 1, per: '1h' }] },
    env: { EXIT_RUN: '3' },
    before: ['failed'],
  },
  {
    name: 'once a week',
    verdict: 'deferred',
    reason: 'weekly_limit',
    says: /: 1 of 1 runs in 7 d; the next is possible at 20/,
    action: { cooldown_hours: 0, max_executions_per_week: 1 },
    env: { EXIT_RUN: '3' },
    before: ['failed'],
  },
  {
    name: 'at another time of the day',
    verdict: 'deferred',
    reason: 'outside_hours',
    says: /^\d\d:\d\d is outside \d\d:00-\d\d:00 \(UTC\)$/,
    action: { allowed_hours: `${hour(6)}:00-${hour(8)}:00` },
  },
];

const resourceOf = ({ name, resource }: Case): string => resource ?? `/${name}`;

/** A home in which these cases, and no others, have a mapping each. */
function homeOf(cases: readonly Case[], settings: Record<string, unknown> = {}): Home {
  const home = makeHome({
    config: (document: any) => ({
      ...document,
      playbooks: Object.fromEntries(
        cases.map(({ env = {} }, at) => [
          `recording-${at}`,
          {
            version: '1.0',
            run: [RECORDING_PLAYBOOK, '{resource}'],
            env: { ...document.playbooks.recording.env, ...env },
          },
        ]),
      ),
      execution: { max_parallel: 2, circuit_breaker: { failures: 2 } },
    }),
    mapping: (document) => ({
      ...document,
      mappings: cases.flatMap((one, at) => {
        const [mapping] = document.mappings;
        return one.resource === '/unmapped'
          ? []
          : {
              ...mapping,
              resource_filter: resourceOf(one),
              conditions: { ...mapping.conditions, ...one.conditions },
              action: { ...mapping.action, playbook: `recording-${at}`, ...one.action },
              safety_checks: one.safety_checks ?? mapping.safety_checks,
            };
      }),
      global_settings: {
        ...document.global_settings,
        max_daily_executions: 100,
        exclude: ['/pho*', 'nas-?'],
        ...settings,
      },
    }),
  });
  home.writeConfig((document: any) => {
    for (const { env } of Object.values<any>(document.playbooks)) {
      if (env.HOLD_RUN !== undefined) env.HOLD_RUN = join(home.folder, env.HOLD_RUN);
    }
    return document;
  });
  home.writePredictions(
    cases
      .filter(({ prediction }) => prediction !== null)
      .map((one) => ({
        ...DISK,
        resource: resourceOf(one),
        ...(one.host === undefined ? {} : { host: one.host }),
        ...one.prediction,
      })),
  );
  return home;
}

/** The decision on the alert of a case, posted before a resolved one: each alert counts for itself. */
async function deliver(service: Service, one: Case): Promise<any> {
  const labels = { resource: resourceOf(one), ...(one.host === undefined ? {} : { host: one.host }) };
  const body = alertBody(labels, one.alert) as any;
  const [resolved] = alertBody({ resource: '/gone' }, { status: 'resolved', endsAt: ago(0) })['alerts'] as any;
  const answer = await service.post('/webhook', { ...body, alerts: [...body.alerts, resolved] });
  expect(answer.status).toBe(200);
  const { received, decisions } = (await answer.json()) as any;
  expect(received).toBe(2);
  expect(decisions[1]).toMatchObject({ reason: 'not_firing', verdict: 'ignored' });
  return decisions[0];
}

/** Runs once; resolves when it has ended, or when it runs where it is held. */
async function execute(service: Service, one: Case, state: string): Promise<void> {
  const decision = await deliver(service, one);
  expect(decision).toMatchObject({ verdict: 'approved', reason: 'approved' });
  const path = `/api/v1/executions/${decision.execution_id}`;
  await eventually(async () => (await service.json(path)).state === state, { timeout: 20_000 });
}

/** The last gate stopped, for this reason, and no other did. */
function expectStoppedBy(decision: any, { reason, verdict, says }: Pick<Refused, 'reason' | 'verdict' | 'says'>): void {
  expect(decision).toMatchObject({ reason, verdict, execution_id: null });
  expect(decision.message).toMatch(says);
  expect(decision.gates.at(-1)).toEqual({ gate: reason, outcome: 'stop', message: decision.message });
  expect(decision.gates.slice(0, -1).map((gate: any) => gate.outcome)).not.toContain('stop');
}

describe('everything permits, one thing is broken', () => {
  const permitted: readonly Case[] = [
    { name: 'nothing' },
    { name: 'nothing, at the lower bound', prediction: { days_until_critical: 3, confidence: 0.7 } },
    { name: 'nothing, at the upper bound', prediction: { days_until_critical: 14, confidence: 0.7 } },
  ];
  let home: Home;
  let service: Service;
  beforeAll(async () => {
    home = homeOf([...permitted, ...CASES]);
    service = await startService(home);
  });

  it.for(CASES)('$reason: $name', async (one) => {
    for (const state of one.before ?? []) await execute(service, one, state);
    if (one.env?.['HOLD_RUN'] !== undefined) await eventually(() => home.runs().length === 1);
    const runs = home.runs();
    const executions = await service.json('/api/v1/executions?limit=500');

    const decision = await deliver(service, one);

    expectStoppedBy(decision, one);
    expect(await service.json('/api/v1/executions?limit=500')).toEqual(executions);
    expect(home.runs()).toEqual(runs);
    const { items } = await service.json('/api/v1/decisions?limit=500');
    expect(items.some(({ id }: any) => id === decision.id)).toBe(one.verdict !== 'ignored');
  });

  it.for(permitted)('$name: exactly one run', async (one) => {
    await execute(service, one, 'succeeded');
    const { items } = await service.json(`/api/v1/executions?playbook=recording-${permitted.indexOf(one)}`);
    expect(items).toMatchObject([{ state: 'succeeded', trigger: 'webhook' }]);
  });

  it('what ran is what was approved, as the playbooks themselves wrote it', async () => {
    writeFileSync(join(home.folder, 'go'), '');
    expect(await service.stop()).toBe(0);
    const approved = CASES.flatMap((one) => (one.before ?? []).flatMap((end) => (end === 'rejected' ? [] : one)));
    const resources = home.runs().map((line) => line.split(' ').slice(2).join(' '));
    expect(resources.sort()).toEqual([...permitted, ...approved].map(resourceOf).sort());
  });
});

describe('what holds everything back', () => {
  const one: Case = { name: 'data' };

  it('kill_switch: enable_auto_remediation is false', async () => {
    const home = homeOf([one], { enable_auto_remediation: false });
    const service = await startService(home);
    const says = /enable_auto_remediation is false/;
    expectStoppedBy(await deliver(service, one), { reason: 'kill_switch', verdict: 'rejected', says });
    await service.stop();
    expect(home.records()).toEqual([]);
  });

  it('kill_switch: a pause; then daily_limit', async () => {
    const failing: Case = { ...one, action: { cooldown_hours: 0 }, env: { EXIT_RUN: '3' } };
    const home = homeOf([failing], { max_daily_executions: 1 });
    const service = await startService(home);
    const pause = { name: 'night shift', for: '2h', reason: 'moving disks' };
    expect((await service.post('/api/v1/pause', pause)).status).toBe(200);
    const paused = /paused: night shift \(moving disks\) until 20/;
    expectStoppedBy(await deliver(service, one), { reason: 'kill_switch', verdict: 'rejected', says: paused });
    expect(home.records()).toEqual([]);

    await service.post('/api/v1/resume', { name: 'night shift' });
    await execute(service, one, 'failed');
    const says = /all playbooks: 1 of 1 runs in 24 h; the next is possible at 20/;
    expectStoppedBy(await deliver(service, one), { reason: 'daily_limit', verdict: 'deferred', says });
    await service.stop();
    expect(home.runs()).toHaveLength(1);
  });

  it('silenced: run asks Alertmanager, and one that does not answer silences', async () => {
    const silence = (resource: string) => ({
      id: 'b3f1c3a0-2a5c-4d0e-9a41-000000000001',
      status: { state: 'active' },
      startsAt: ago(DAY),
      endsAt: ago(-DAY),
      updatedAt: ago(DAY),
      createdBy: 'ada',
      comment: 'moving disks',
      matchers: [{ name: 'resource', value: resource, isRegex: false, isEqual: true }],
    });
    let silences = [silence('/data')];
    const alertmanager = await listen((request, response) => {
      const known = request.url!.startsWith('/api/v2/silences');
      response.writeHead(known ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(silences));
    });
    const home = homeOf([one]);
    home.writeConfig((document) => ({ ...document, alertmanager: { url: alertmanager.url } }));
    const run = async () => JSON.parse((await forestall(['run', '--json', '--config', home.config])).stdout);

    const refusal = { reason: 'silenced', verdict: 'rejected' } as const;
    expectStoppedBy((await run()).decisions[0], { ...refusal, says: /moving disks|ada/ });
    expect(home.records()).toEqual([]);

    silences = [silence('/srv')];
    expect((await run()).executions).toMatchObject([{ state: 'succeeded', trigger: 'run' }]);
    expect(home.runs()).toHaveLength(1);

    await alertmanager.close();
    expectStoppedBy((await run()).decisions[0], { ...refusal, says: /Alertmanager did not say/ });
  });
});
