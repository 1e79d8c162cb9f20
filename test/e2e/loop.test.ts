import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { hasAlertmanager, startAlertmanager } from '../support/alertmanager.ts';
import { deployedAlertmanager, deployedPrometheus, hurried } from '../support/deployed.ts';
import { bodyOf, listen } from '../support/http.ts';
import type { RunningProgram } from '../support/program.ts';
import { hasPrometheus, startPrometheus } from '../support/prometheus.ts';
import {
  DISK,
  ended,
  forestall,
  type Home,
  makeHome,
  RECORDING_PLAYBOOK,
  type Service,
  startService,
  TOKEN,
} from '../support/service.ts';
import { ROOT } from '../support/source-text.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 120_000 });

const installed = hasPrometheus && hasAlertmanager;
if (!installed) {
  console.error('\n*** Prometheus and Alertmanager are not installed: THE LOOP IS NOT TESTED (apt install them) ***\n');
}
it('the loop can be tested wherever it has to be', () => expect(installed || process.env['CI'] !== 'true').toBe(true));

const WAIT = { timeout: 30_000, interval: 50 };
const DATA = { ...DISK, host: 'nas' };
const SRV = { ...DISK, host: 'nas', resource: '/srv' };
const LATER = { days_until_critical: 20 };

/** Real Prometheus, two real Alertmanagers that do not know of each other, the service, and a place for Discord. */
interface World {
  readonly home: Home;
  readonly service: Service;
  readonly prometheus: RunningProgram;
  readonly alertmanagers: readonly RunningProgram[];
  readonly discord: readonly any[];
}

async function startWorld(): Promise<World> {
  const discord: any[] = [];
  const receiver = await listen(async (request, response) => {
    discord.push(JSON.parse(await bodyOf(request)));
    response.writeHead(204).end();
  });
  const home = makeHome({
    config: (document: any) => ({
      ...document,
      playbooks: {
        ...document.playbooks,
        other: { ...document.playbooks.recording, run: [RECORDING_PLAYBOOK, '{resource}'] },
      },
      rules: { for: '0s', keep_firing_for: '1h', interval: '1s' },
      discord: { webhook_url: `${receiver.url}/api/webhooks/1/secret` },
    }),
    mapping: (document) => ({
      ...document,
      mappings: [
        document.mappings[0],
        {
          ...document.mappings[0],
          resource_filter: '/srv',
          action: { ...document.mappings[0].action, playbook: 'other' },
        },
      ],
    }),
  });
  home.writePredictions([
    { ...DATA, ...LATER },
    { ...SRV, ...LATER },
  ]);
  const [rules, token] = [join(home.folder, 'alert-rules'), join(home.folder, 'token')];
  mkdirSync(rules);
  copyFileSync(join(ROOT, 'alert-rules/remediation.rules.yml'), join(rules, 'remediation.rules.yml'));
  const generated = ['rules', '--config', home.config, '--output', join(rules, 'predictions.rules.yml')];
  expect(await forestall(generated)).toMatchObject({ code: 0 });
  writeFileSync(token, TOKEN);
  const service = await startService(home);
  // The very files of deploy/. Each alert is said again every second, so that nothing has to be waited for.
  const route = hurried(deployedAlertmanager({ webhook: `${service.url}/webhook`, token }));
  const alertmanagers = await Promise.all([startAlertmanager({ config: route }), startAlertmanager({ config: route })]);
  const scraping = deployedPrometheus({
    forestall: `127.0.0.1:${service.port}`,
    alertmanagers: alertmanagers.map(({ port }) => `127.0.0.1:${port}`),
    rules,
    token,
  });
  const prometheus = await startPrometheus({ folder: home.folder, config: hurried(scraping) });
  return { home, service, prometheus, alertmanagers, discord };
}

/** The sum of the samples whose lines begin so. */
function sum(exposition: string, start: string): number {
  const lines = exposition.split('\n').filter((line) => line.startsWith(start));
  return lines.reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
}

const metrics = async ({ service }: World) => await (await service.get('/metrics')).text();
const delivered = async (alertmanager: RunningProgram) =>
  sum(
    await (await fetch(`${alertmanager.url}/metrics`)).text(),
    'alertmanager_notifications_total{integration="webhook"',
  );

/** Resolves when each Alertmanager has delivered so many more times from now on. */
async function moreDeliveries({ alertmanagers }: World, more: number): Promise<void> {
  const before = await Promise.all(alertmanagers.map(delivered));
  await eventually(async () => {
    const now = await Promise.all(alertmanagers.map(delivered));
    return now.every((count, at) => count >= before[at]! + more);
  }, WAIT);
}

async function query({ prometheus }: World, expression: string): Promise<any[]> {
  const answer = await fetch(`${prometheus.url}/api/v1/query?query=${encodeURIComponent(expression)}`);
  return ((await answer.json()) as any).data.result;
}

/** Resolves with the newest decision about a resource once it was made for this reason. */
async function decided({ service }: World, resource: string, reason: string): Promise<any> {
  return await eventually(async () => {
    const { items } = await service.json('/api/v1/decisions?limit=500');
    const newest = items.find((decision: any) => decision.target.resource === resource);
    return newest?.reason === reason ? newest : null;
  }, WAIT);
}

describe.runIf(installed)('from a predictions file to a playbook, with the real Prometheus and Alertmanager', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    await eventually(async () => (await query(world, 'prediction_days_until_critical == 20')).length === 2, WAIT);
  });

  it('a prediction outside of the window raises no alert', async () => {
    expect(await query(world, 'ALERTS{prediction_type!=""}')).toEqual([]);
    expect(world.home.records()).toEqual([]);
  });

  it('a prediction in the window starts the real run, and every record agrees', async () => {
    const { home, service, discord } = world;
    home.writePredictions([DATA, { ...SRV, ...LATER }]);

    const decision = await eventually(async () => {
      const { items } = await service.json('/api/v1/decisions');
      return items.find((item: any) => item.verdict === 'approved');
    }, WAIT);
    const execution = await ended(service, decision.execution_id);

    expect(decision).toMatchObject({
      trigger: 'webhook',
      reason: 'approved',
      target: { prediction_type: 'disk_exhaustion', resource: '/data', host: 'nas' },
      alertname: expect.stringMatching(/./),
    });
    expect(execution).toMatchObject({
      state: 'succeeded',
      decision_id: decision.id,
      playbook: 'recording',
      days_before: 8.2,
      safety_checks: [{ check: 'memory_usage < 100%', passed: true }],
      dry_run: { exit_code: 0 },
      run: { exit_code: 0, result: { summary: 'cleaned', changes: 3, freed_bytes: 1024 } },
    });
    expect(home.runs()).toEqual([`run ${execution.id} /data`]);

    const log = await eventually(() => JSON.parse(readFileSync(join(home.folder, 'issues.json'), 'utf8')), WAIT);
    expect(log.issues).toMatchObject([{ execution_id: execution.id, tags: ['auto-remediation', 'recording'] }]);

    const message = await eventually(() => discord[0], WAIT);
    expect(message).toMatchObject({ allowed_mentions: { parse: [] } });
    expect(message.embeds[0].title).toMatch(/^recording succeeded\\?: \/data on nas$/);
    expect(message.embeds[0].footer.text).toContain(execution.id);

    const success = 'proactive_remediation_executions_total{playbook="recording",result="success"} 1';
    expect(await metrics(world)).toContain(success);
    const textfile = join(home.folder, 'proactive-remediation.prom');
    await eventually(() => readFileSync(textfile, 'utf8').includes(success), WAIT);
    expect(statSync(textfile).mode & 0o777).toBe(0o644);
    const [sample] = await eventually(async () => {
      const found = await query(world, 'proactive_remediation_success_count');
      return found[0]?.value[1] === '1' ? found : null;
    }, WAIT);
    expect(sample.metric.job).toBe('forestall');
  });

  it('the same alert again, from both Alertmanagers, runs nothing', async () => {
    const { home, service, discord } = world;
    await moreDeliveries(world, 3);
    expect(await decided(world, '/data', 'cooldown')).toMatchObject({ verdict: 'deferred', execution_id: null });
    expect(home.runs()).toHaveLength(1);
    expect((await service.json('/api/v1/executions')).items).toHaveLength(1);
    expect(discord).toHaveLength(1);
  });

  it('its twin that began at another time, from an Alertmanager at another address, runs nothing', async () => {
    const { home, alertmanagers, prometheus } = world;
    const { data } = (await (await fetch(`${prometheus.url}/api/v1/alerts`)).json()) as any;
    const { labels, annotations } = data.alerts.find((alert: any) => alert.labels.resource === '/data');
    const startsAt = new Date(Date.now() - 3_600_000).toISOString();
    const alerts = `${alertmanagers[1]!.url}/api/v2/alerts`;
    const posted = await fetch(alerts, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([{ labels, annotations, startsAt }]),
    });
    expect(posted.status).toBe(200);
    await eventually(async () => {
      const known = (await (await fetch(alerts)).json()) as any[];
      return known.find((alert) => alert.labels.resource === '/data')?.startsAt === startsAt;
    }, WAIT);
    await moreDeliveries(world, 2);
    expect(home.runs()).toHaveLength(1);
  });

  it('an alert that still fires after its prediction left the window, or became stale, runs nothing', async () => {
    const { home, service } = world;
    await service.post('/api/v1/pause', { name: 'test' });
    home.writePredictions([DATA, SRV]);
    await decided(world, '/srv', 'kill_switch');

    home.writePredictions([DATA, { ...SRV, ...LATER }]);
    await eventually(
      async () => (await query(world, 'prediction_days_until_critical{resource="/srv"} == 20')).length === 1,
      WAIT,
    );
    await service.post('/api/v1/resume', { name: 'test' });
    expect(await decided(world, '/srv', 'not_urgent_yet')).toMatchObject({ verdict: 'deferred' });
    expect(await query(world, 'ALERTS{alertstate="firing",resource="/srv"}')).toHaveLength(1);

    home.writePredictions([DATA, { ...SRV, observed_at: new Date(Date.now() - 3 * 86_400_000).toISOString() }]);
    expect(await decided(world, '/srv', 'stale_prediction')).toMatchObject({ verdict: 'rejected' });
    expect(home.runs()).toHaveLength(1);
  });

  it('and once it is in the window again, the other playbook runs', async () => {
    const { home } = world;
    home.writePredictions([DATA, SRV]);
    await eventually(() => home.runs().length === 2, WAIT);
    expect(home.runs()[1]).toMatch(/ \/srv$/);
    await moreDeliveries(world, 1);
    expect(await world.service.stop()).toBe(0);
    expect(home.runs()).toHaveLength(2);
  });
});
