import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import {
  alertBody,
  ended,
  forestall,
  type HomeOptions,
  makeHome,
  type Service,
  startService,
} from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { verified } from '../support/verification.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 90_000 });

const STARTED = { alertname: 'ContainerDown', name: 'web1', instance: 'nas:9100', severity: 'high' };

/** A home with one mapping by name beside that of predictions, whose playbook gets the container by its label. */
function home(mapping: object = {}, action: object = {}, more: HomeOptions = {}) {
  return makeHome({
    ...more,
    config: (config: any) => {
      config.playbooks.recording.run.push('--service', '{label.name}', '--on={host}');
      config.webhook = { host_label: 'instance' };
      return more.config?.(config) ?? config;
    },
    mapping: (document) => {
      document.mappings.push({
        alertname: 'ContainerDown',
        labels: { name: 'web*' },
        action: { playbook: 'recording', version: '1.0', cooldown_hours: 0.25, limit_scope: 'resource', ...action },
        safety_checks: ['memory_usage < 100%'],
        ...mapping,
      });
      return document;
    },
  });
}

/** What an alert without any label of a prediction is answered. */
async function tell(service: Service, labels: Record<string, string>, more: object = {}): Promise<any> {
  const body = alertBody({}, { labels, ...more });
  const answer = await service.post('/webhook', body);
  expect(answer.status).toBe(200);
  return ((await answer.json()) as any).decisions[0];
}

const RESOLVED = { status: 'resolved' };

describe.concurrent('an alert that a mapping names', () => {
  it('runs its playbook with a label as one argument; its end says that it helped', async () => {
    const one = home();
    const service = await startService(one);
    const decision = await tell(service, STARTED);
    expect(decision).toMatchObject({
      verdict: 'approved',
      alertname: 'ContainerDown',
      target: { prediction_type: 'alert:ContainerDown', resource: 'web1', host: 'nas' },
      mapping: 'alert:ContainerDown{name="web*"}',
      prediction: { days_until_critical: null, confidence: 1, source: 'alert', labels: STARTED },
    });
    const outcomeOf = (gate: string) => decision.gates.find((one: any) => one.gate === gate);
    for (const gate of ['too_urgent', 'not_urgent_yet', 'low_confidence', 'not_persistent', 'unproven'])
      expect(outcomeOf(gate)).toMatchObject({ outcome: 'skip', message: expect.stringMatching(/by its name/) });
    for (const gate of ['not_a_prediction', 'kill_switch', 'stale_prediction', 'cooldown', 'settling', 'daily_limit'])
      expect(outcomeOf(gate)).toMatchObject({ outcome: 'pass' });

    const execution = await ended(service, decision.execution_id);
    expect(execution).toMatchObject({ state: 'succeeded', days_before: null, outcome: null });
    expect(one.runs()).toEqual([expect.stringMatching(/^run \S+ web1 --service web1 --on=nas$/)]);
    const held = await tell(service, STARTED);
    expect(held).toMatchObject({ verdict: 'deferred', reason: 'cooldown' });

    expect(await tell(service, STARTED, RESOLVED)).toMatchObject({ verdict: 'ignored', reason: 'not_firing' });
    const after = await verified(service, execution);
    expect(after).toMatchObject({
      outcome: 'effective',
      outcome_message: expect.stringMatching(/^ContainerDown of web1 was resolved at 20/),
      days_after: null,
    });
    expect(Date.parse(after.verified_at)).toBeLessThan(Date.parse(after.verify_at));
    const page = await (await service.get(`/executions/${execution.id}`)).text();
    expect(page).toContain('alert:ContainerDown, an alert that fires');
    expect(page).not.toContain('no crossing,');
    const { stdout } = await forestall(['history', execution.id, '--config', one.config]);
    expect(stdout).toContain('the alert ContainerDown, as told at 20');
    const { issues } = JSON.parse(readFileSync(`${one.folder}/issues.json`, 'utf8'));
    expect(issues[0]).toMatchObject({
      category: 'alert',
      description: expect.stringMatching(/^Alert of .*: ContainerDown of web1 fires\.$/),
    });
    await service.stop();
  });

  it('that fires again after a run that helped is remediated again, once the cooldown allows', async () => {
    const one = home({}, { cooldown_hours: 0 });
    const service = await startService(one);
    for (let n = 1; n <= 2; n++) {
      const { execution_id, verdict } = await tell(service, STARTED);
      expect(verdict).toBe('approved');
      const execution = await ended(service, execution_id);
      expect(await tell(service, STARTED)).toMatchObject({ reason: 'settling' });
      await tell(service, STARTED, RESOLVED);
      expect(await verified(service, execution)).toMatchObject({ outcome: 'effective' });
      expect(one.runs()).toHaveLength(n);
    }
    await service.stop();
  });

  it('that is resolved while its playbook runs helped as well', async () => {
    const hold = tempDir();
    const one = home({}, {}, { env: { HOLD_RUN: `${hold}/go` } });
    const service = await startService(one);
    const { execution_id } = await tell(service, STARTED);
    await eventually(() => one.runs().length === 1, { timeout: 20_000 });
    await tell(service, STARTED, RESOLVED);
    writeFileSync(`${hold}/go`, '');
    const execution = await ended(service, execution_id);
    expect(await verified(service, execution)).toMatchObject({ outcome: 'effective' });
    await service.stop();
  });

  it('is not resolved while another one about the same fires; that nobody said so is no success', async () => {
    const one = home({}, { verify: { after: '3s' } });
    const service = await startService(one);
    const { execution_id } = await tell(service, STARTED);
    await tell(service, { ...STARTED, severity: 'low' }, { fingerprint: 'c0ffee0000000002' });
    const execution = await ended(service, execution_id);
    await tell(service, STARTED, RESOLVED);
    expect(await verified(service, execution)).toMatchObject({
      outcome: 'unknown',
      outcome_message: expect.stringMatching(/^ContainerDown of web1: was not said to be resolved/),
    });
    await service.stop();
  });

  it('that still fires after the run is not helped', async () => {
    const one = home({}, { verify: { after: '4s' } });
    const service = await startService(one);
    const execution = await ended(service, (await tell(service, STARTED)).execution_id);
    await eventually(() => Date.now() > Date.parse(execution.finished_at) + 3500, { timeout: 10_000 });
    await tell(service, STARTED);
    expect(await verified(service, execution)).toMatchObject({
      outcome: 'ineffective',
      outcome_message: expect.stringMatching(/^ContainerDown of web1 still fired at 20/),
    });
    await service.stop();
  });

  it('that is resolved while it waits for confirmation cannot be approved any more', async () => {
    const one = home({}, { require_confirmation: true });
    const service = await startService(one);
    const { execution_id } = await tell(service, STARTED);
    await eventually(
      async () => (await service.json(`/api/v1/executions/${execution_id}`)).state === 'awaiting_approval',
      { timeout: 20_000 },
    );
    await tell(service, STARTED, RESOLVED);
    for (const answered of [
      await (await service.post(`/api/v1/executions/${execution_id}/approve`, {})).text(),
      (await forestall(['approve', execution_id, '--config', one.config])).stderr,
    ])
      expect(answered).toMatch(/the alert ContainerDown was resolved at 20/);
    expect(one.runs()).toEqual([]);
    await service.stop();
  });

  it('is decided on again when its cooldown is over, without being told again', async () => {
    const one = home({}, { cooldown_hours: 0.0012, verify: { after: '1s', expect: 'memory_usage <= 100%' } });
    const service = await startService(one);
    await ended(service, (await tell(service, STARTED)).execution_id);
    expect(await tell(service, STARTED)).toMatchObject({ verdict: 'deferred' });
    await eventually(() => one.runs().length === 2, { timeout: 20_000 });
    await service.stop();
  });

  it.each([
    ['a label that would be an option', { name: 'web-', resource: '--now' }, 'unsafe_value', /read as an option/],
    ['a control character in a label that nothing uses', { note: 'a\nb' }, 'unsafe_value', /control character/],
    ['a label that is too long', { note: 'x'.repeat(1025) }, 'unsafe_value', /longer than 1024/],
    ['no host, which the playbook asks for', { instance: '' }, 'unsafe_value', /\{host\} has no value/],
    ['an excluded resource', { resource: 'traefik' }, 'excluded', /traefik/],
  ] as const)('is refused with %s', async (_what, labels, reason, message) => {
    const one = home();
    one.writeMapping((document) => {
      document.global_settings.exclude = ['traefik'];
      return document;
    });
    const service = await startService(one);
    expect(await tell(service, { ...STARTED, ...labels })).toMatchObject({
      verdict: 'rejected',
      reason,
      message: expect.stringMatching(message),
    });
    expect(one.runs()).toEqual([]);
    await service.stop();
  });
});

describe.concurrent('any other alert', () => {
  it('is ignored: no mapping, another label, Grafana speaking of itself; or it names a prediction', async () => {
    const one = home();
    const service = await startService(one);
    const ignored = { verdict: 'ignored', reason: 'not_a_prediction', mapping: null };
    expect(await tell(service, { ...STARTED, alertname: 'NodeDown' })).toMatchObject(ignored);
    expect(await tell(service, { ...STARTED, name: 'db1' })).toMatchObject(ignored);
    expect(await tell(service, { alertname: 'ContainerDown' })).toMatchObject(ignored);
    expect(await tell(service, { ...STARTED, alertname: 'TestAlert' })).toMatchObject(ignored);
    expect(await tell(service, { ...STARTED, rulename: 'x', datasource_uid: 'y' })).toMatchObject(ignored);
    const disk = { prediction_type: 'disk_exhaustion', resource: '/data' };
    expect(await tell(service, { ...STARTED, ...disk }, { annotations: {} })).toMatchObject({
      target: disk,
      reason: 'no_prediction',
    });
    expect(await tell(service, { ...STARTED, ...disk, resource: '/other' })).toMatchObject({
      target: { prediction_type: 'alert:ContainerDown', resource: '/other' },
    });
    await service.stop();
  });

  it('posted as a prediction under such a type runs nothing', async () => {
    const service = await startService(home());
    const prediction = { prediction_type: 'alert:ContainerDown', resource: 'web1', confidence: 1, labels: STARTED };
    const { decisions } = (await (await service.post('/api/v1/predictions', prediction)).json()) as any;
    expect(decisions[0]).toMatchObject({ verdict: 'rejected', reason: 'no_mapping' });
    await service.stop();
  });
});

describe.concurrent('what the command line says of it', () => {
  it('explain asks every gate about an alert', async () => {
    const one = home();
    const explain = (...args: string[]) => forestall(['explain', '--config', one.config, ...args]);
    const asked = await explain('--alertname', 'ContainerDown', '--label', 'name=web1', '--label', 'host=nas');
    expect(asked.code).toBe(0);
    expect(asked.stdout).toContain('pass  not_a_prediction  a mapping names the alert');
    expect(asked.stdout).toContain('skip  low_confidence    the alert is mapped by its name: nothing is forecast');
    expect(asked.stdout).toContain('approved: approved, playbook recording');
    expect(asked.stdout).toMatch(/pass {2}memory_usage < 100%/);
    expect((await explain('--alertname', 'Other')).stdout).toContain('ignored: not_a_prediction');
    expect(await explain('--alertname', 'X', '--label', 'y')).toMatchObject({
      code: 2,
      stderr: '--label y is not NAME=VALUE\n',
    });
    expect(await explain('--alertname', 'X', '--host', 'y')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^--host is for a prediction/),
    });
  });

  it('check and rules expect nothing of it', async () => {
    const one = home();
    const { stdout } = await forestall(['rules', '--config', one.config, '--output', '-']);
    expect(stdout.match(/- alert:/g)).toHaveLength(2);
    expect(stdout).not.toContain('ContainerDown');
    const { stdout: checked, code } = await forestall(['check', '--config', one.config]);
    expect(checked).toContain('2 mappings from');
    expect(code).toBe(0);
    const service = await startService(one);
    const metrics = await (await service.get('/metrics')).text();
    expect(metrics).not.toMatch(/mapping_min_confidence\{[^}]*ContainerDown/);
    await service.stop();
  });
});
