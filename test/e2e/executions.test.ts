import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import {
  alertBody,
  DISK,
  ended,
  type Home,
  makeHome,
  RECORDING_PLAYBOOK,
  type Service,
  startService,
} from '../support/service.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 60_000 });

const LONG = { timeout: 20_000 };

async function decide(service: Service, resource = '/data'): Promise<any> {
  const answer = await service.post('/webhook', alertBody({ resource }));
  expect(answer.status).toBe(200);
  return ((await answer.json()) as any).decisions[0];
}

async function execute(service: Service, resource = '/data'): Promise<any> {
  const decision = await decide(service, resource);
  expect(decision).toMatchObject({ verdict: 'approved' });
  return await ended(service, decision.execution_id);
}

/** One way to end, on a resource of its own. */
interface End {
  readonly resource: string;
  readonly state: string;
  readonly message: RegExp;
  readonly record: object;
  /** What the playbook itself wrote. */
  readonly starts: readonly string[];
  /** Why the same alert is not followed again. */
  readonly afterwards: string;
  readonly env?: Record<string, string>;
  readonly playbook?: object;
  readonly safety_checks?: readonly string[];
}

const STOPPED = { run: null, started_at: null, finished_at: expect.stringMatching(/^20/) };

const ENDS: readonly End[] = [
  {
    resource: '/nothing',
    state: 'nothing_to_do',
    message: /nothing to change: all clean/,
    record: { ...STOPPED, dry_run: { exit_code: 0, error: null, result: { changes: 0 } } },
    starts: ['dry_run'],
    afterwards: 'retry_later',
    env: { RESULT: '{"summary":"all clean","changes":0}' },
  },
  {
    resource: '/dry-run-fails',
    state: 'dry_run_failed',
    message: /dry run failed.*7/,
    record: { ...STOPPED, dry_run: { exit_code: 7, error: expect.stringMatching(/7/) } },
    starts: ['dry_run'],
    afterwards: 'retry_later',
    env: { EXIT_DRY_RUN: '7' },
  },
  {
    resource: '/critical',
    state: 'rejected',
    message: /affect traefik.*critical_services/,
    record: { ...STOPPED, dry_run: { exit_code: 0, result: { affects: ['jellyfin', 'traefik'] } } },
    starts: ['dry_run'],
    afterwards: 'retry_later',
    env: { RESULT: '{"changes":2,"affects":["jellyfin","traefik"]}' },
  },
  {
    resource: '/unsafe',
    state: 'rejected',
    message: /safety check failed: memory_usage < 0%/,
    record: {
      ...STOPPED,
      dry_run: null,
      safety_checks: [
        { check: 'memory_usage <= 100%', passed: true, value: expect.any(Number) },
        { check: 'memory_usage < 0%', passed: false, value: expect.any(Number) },
      ],
    },
    starts: [],
    afterwards: 'retry_later',
    safety_checks: ['memory_usage <= 100%', 'memory_usage < 0%'],
  },
  {
    resource: '/unknown',
    state: 'rejected',
    message: /safety check failed: no_active_backups/,
    record: { ...STOPPED, safety_checks: [{ check: 'no_active_backups', passed: false, value: null }] },
    starts: [],
    afterwards: 'retry_later',
    safety_checks: ['no_active_backups'],
  },
  {
    resource: '/fails',
    state: 'failed',
    message: /3/,
    record: { run: { exit_code: 3, error: expect.stringMatching(/3/) }, started_at: expect.stringMatching(/^20/) },
    starts: ['dry_run', 'run'],
    afterwards: 'cooldown',
    env: { EXIT_RUN: '3' },
  },
  {
    resource: '/hangs',
    state: 'failed',
    message: /timed out after 1s/,
    record: { run: { exit_code: null, error: expect.stringMatching(/timed out after 1s/) } },
    starts: ['dry_run', 'run'],
    afterwards: 'cooldown',
    env: { HOLD_RUN: '/nonexistent' },
    playbook: { timeout: '1s' },
  },
  {
    resource: '/dry-run-hangs',
    state: 'dry_run_failed',
    message: /timed out after 1s/,
    record: { ...STOPPED, dry_run: { exit_code: null, error: expect.stringMatching(/timed out after 1s/) } },
    starts: ['dry_run'],
    afterwards: 'retry_later',
    env: { HOLD_DRY_RUN: '/nonexistent' },
    playbook: { dry_run_timeout: '1s' },
  },
];

function homeOfEnds(): Home {
  const home = makeHome({
    config: (document: any) => ({
      ...document,
      critical_services: ['traefik.service'],
      facts: { active_backups: { command: ['/bin/echo', 'perhaps'] } },
      playbooks: Object.fromEntries(
        ENDS.map(({ resource, env, playbook }) => [
          resource.slice(1),
          {
            version: '1.0',
            run: [RECORDING_PLAYBOOK, '{resource}'],
            env: { ...document.playbooks.recording.env, ...env },
            ...playbook,
          },
        ]),
      ),
    }),
    mapping: (document) => ({
      ...document,
      mappings: ENDS.map(({ resource, safety_checks = [] }) => ({
        ...document.mappings[0],
        resource_filter: resource,
        action: { ...document.mappings[0].action, playbook: resource.slice(1) },
        safety_checks,
      })),
    }),
  });
  home.writePredictions(ENDS.map(({ resource }) => ({ ...DISK, resource })));
  return home;
}

describe('how an execution ends (fault 38)', () => {
  let home: Home;
  let service: Service;
  beforeAll(async () => {
    home = homeOfEnds();
    service = await startService(home);
  });

  it.for(ENDS)('$state: $resource', async ({ resource, state, message, record, starts, afterwards }) => {
    const execution = await execute(service, resource);
    expect(execution).toMatchObject({ state, ...record });
    expect(execution.message).toMatch(message);
    expect(await decide(service, resource)).toMatchObject({
      verdict: 'deferred',
      reason: afterwards,
      execution_id: null,
    });
    const written = home.records().filter((line) => !line.includes('-end ') && line.includes(execution.id));
    expect(written.map((line) => line.split(' ')[0])).toEqual(starts);
  });

  it('real runs alone are counted', async () => {
    const { items } = await service.json('/api/v1/executions?limit=500');
    expect(items.map(({ state }: any) => state).sort()).toEqual(ENDS.map(({ state }) => state).sort());
    const metrics = await (await service.get('/metrics')).text();
    const counted = metrics.split('\n').filter((line) => /^proactive_remediation_executions_total\{.* [^0]/.test(line));
    expect(counted.sort()).toEqual([
      'proactive_remediation_executions_total{playbook="fails",result="failure"} 1',
      'proactive_remediation_executions_total{playbook="hangs",result="failure"} 1',
    ]);
    expect(metrics).toContain('proactive_remediation_failure_count 2\n');
    expect(metrics).toContain('proactive_remediation_success_rate 0\n');
  });
});

describe('the last look before the run (fault 20)', () => {
  /** A service whose dry run is held until `release`; resolves when it is. */
  async function held(): Promise<{ home: Home; service: Service; id: string; release: () => Promise<any> }> {
    const home = makeHome();
    const go = join(home.folder, 'go');
    home.writeConfig((document: any) => {
      document.playbooks.recording.env.HOLD_DRY_RUN = go;
      return document;
    });
    const service = await startService(home);
    const { execution_id: id } = await decide(service);
    await eventually(() => home.records().length === 1, LONG);
    const release = async () => {
      writeFileSync(go, '');
      return await ended(service, id);
    };
    return { home, service, id, release };
  }

  it('a pause between claim and run ends it', async () => {
    const { home, service, release } = await held();
    await service.post('/api/v1/pause', { name: 'late', reason: 'wait' });
    const execution = await release();
    expect(execution).toMatchObject({ state: 'rejected', ...STOPPED, dry_run: { exit_code: 0 } });
    expect(execution.message).toMatch(/kill_switch: paused: late \(wait\)/);
    await service.stop();
    expect(home.runs()).toEqual([]);
  });

  it.for([
    ['that is gone', [], /no_prediction: nothing is known .* any more/],
    ['that left the window', [{ ...DISK, days_until_critical: 20 }], /not_urgent_yet: critical in 20 days > 14/],
    ['that became too urgent', [{ ...DISK, days_until_critical: 1 }], /too_urgent: critical in 1 days < 3/],
  ] as const)('a prediction %s between claim and run ends it', async ([, predictions, message]) => {
    const { home, service, release } = await held();
    home.writePredictions(predictions);
    await eventually(async () => {
      const { items } = await service.json('/api/v1/predictions');
      return (
        JSON.stringify(items.map((item: any) => item.days_until_critical)) ===
        JSON.stringify(predictions.map((p) => p.days_until_critical))
      );
    });
    const execution = await release();
    expect(execution).toMatchObject({ state: 'rejected', ...STOPPED });
    expect(execution.message).toMatch(message);
    await service.stop();
    expect(home.runs()).toEqual([]);
  });

  it('a mapping that a reload took away ends it', async () => {
    const { home, service, release } = await held();
    home.writeMapping((document) => ({ ...document, mappings: [] }));
    expect((await service.post('/-/reload', undefined)).status).toBe(200);
    const execution = await release();
    expect(execution).toMatchObject({ state: 'rejected', ...STOPPED });
    await service.stop();
    expect(home.runs()).toEqual([]);
  });
});

describe('dry run mode', () => {
  it('keeps the same arithmetic on rehearsals, apart from the real runs', async () => {
    const home = makeHome();
    const rehearse = (dry_run_mode: boolean) =>
      home.writeMapping((document) => ({
        ...document,
        global_settings: { ...document.global_settings, dry_run_mode },
      }));
    rehearse(true);
    const service = await startService(home);
    const rehearsal = await execute(service);
    expect(rehearsal).toMatchObject({ state: 'dry_run_only', ...STOPPED, dry_run: { exit_code: 0 } });
    expect(await decide(service)).toMatchObject({ reason: 'cooldown' });
    expect(home.runs()).toEqual([]);
    const metrics = await (await service.get('/metrics')).text();
    expect(metrics).toContain('proactive_remediation_dry_run_mode 1\n');
    expect(metrics).not.toMatch(/^proactive_remediation_executions_total\{.* [1-9]/m);
    expect(metrics).toMatch(/^proactive_remediation_weekly_executions\{playbook="recording"\} 1$/m);

    rehearse(false);
    expect((await service.post('/-/reload', undefined)).status).toBe(200);
    const real = await execute(service);
    expect(real).toMatchObject({ state: 'succeeded' });
    expect(await decide(service)).toMatchObject({ reason: 'cooldown' });
    expect(home.runs()).toEqual([`run ${real.id} /data`]);

    rehearse(true);
    expect((await service.post('/-/reload', undefined)).status).toBe(200);
    expect(await decide(service)).toMatchObject({
      reason: 'cooldown',
      message: expect.stringContaining('recording ran'),
    });
    expect(home.runs()).toHaveLength(1);
  });
});
