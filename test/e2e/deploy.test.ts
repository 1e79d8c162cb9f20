import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { hasAlertmanager, startAlertmanager } from '../support/alertmanager.ts';
import { asSent, dashboard, expressions, labelQuery } from '../support/dashboard.ts';
import { deployedAlertmanager, deployedPrometheus, hurried } from '../support/deployed.ts';
import { type LivingService, startLivingService } from '../support/living.ts';
import type { RunningProgram } from '../support/program.ts';
import { hasPrometheus, query, startPrometheus } from '../support/prometheus.ts';
import { startReceiver } from '../support/receiver.ts';
import { forestall, type Home, type Service, TOKEN } from '../support/service.ts';
import { readText } from '../support/source-text.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 });

const installed = hasPrometheus && hasAlertmanager;
const WAIT = { timeout: 60_000, interval: 100 };

/** What waits for a person waits too long after half a minute. */
const HURRY = { approval_timeout: '1m' };

interface World extends LivingService {
  readonly prometheus: RunningProgram;
  readonly alertmanager: RunningProgram;
  /** Alerts that each of the three receivers got. */
  readonly got: { readonly people: readonly any[]; readonly watchdog: readonly any[] };
}

/** Prometheus and Alertmanager with the very files of deploy/ and alert-rules/, in a hurry, around a service that lives. */
async function startWorld(): Promise<World> {
  const [people, watchdog] = await Promise.all([startReceiver(), startReceiver()]);
  let programs: { prometheus: RunningProgram; alertmanager: RunningProgram } | null = null;
  const living = await startLivingService(async (home: Home, service: Service) => {
    const [rules, token] = [join(home.folder, 'alert-rules'), join(home.folder, 'token')];
    mkdirSync(rules);
    writeFileSync(token, TOKEN);
    writeFileSync(join(rules, 'remediation.rules.yml'), hurried(readText('alert-rules/remediation.rules.yml')));
    const generated = await forestall(['rules', '--config', home.config, '--output', '-']);
    writeFileSync(join(rules, 'predictions.rules.yml'), hurried(generated.stdout));
    const alertmanager = await startAlertmanager({
      config: hurried(
        deployedAlertmanager({ webhook: `${service.url}/webhook`, token, people: people.url, watchdog: watchdog.url }),
      ),
    });
    const scraping = deployedPrometheus({
      forestall: `127.0.0.1:${service.port}`,
      alertmanagers: [`127.0.0.1:${alertmanager.port}`],
      // Stands in for node_exporter: something that can be scraped.
      node: `127.0.0.1:${alertmanager.port}`,
      rules,
      token,
    });
    // Alerts of the first seconds find no Alertmanager yet; by default they are sent again after a minute.
    const args = ['--rules.alert.resend-delay=1s'];
    const prometheus = await startPrometheus({ folder: home.folder, config: hurried(scraping), args });
    programs = { prometheus, alertmanager };
    const first = 'count_over_time(proactive_remediation_decisions_total[1m]) >= 2';
    await eventually(async () => (await query(prometheus, first)).length > 0, WAIT);
  }, HURRY);
  return { ...living, ...programs!, got: { people: people.alerts, watchdog: watchdog.alerts } };
}

/** Resolves with the alert of this name once people were told that it fires. */
const told = ({ got }: World, alertname: string): Promise<any> =>
  eventually(
    () => got.people.find(({ labels, status }) => labels.alertname === alertname && status === 'firing'),
    WAIT,
  );

const firing = ({ prometheus }: World, alertname: string) =>
  eventually(async () => (await query(prometheus, `ALERTS{alertname="${alertname}",alertstate="firing"}`))[0], WAIT);

describe.runIf(installed)('with the shipped files', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });

  /** What has no series before a run was verified, or a forecast scored. */
  const LATER = /proactive_remediation_days_gained|prediction_(?:precision|brier_score|absolute_error_days)/;

  it.each(expressions)('%s: returns data', async (_where, expr) => {
    const { prometheus, metrics } = world;
    const later = LATER.exec(expr)?.[0];
    if (later !== undefined && !(await metrics()).includes(`${later}{`)) {
      expect(await query(prometheus, asSent(expr))).toEqual([]);
      return;
    }
    await eventually(async () => {
      const samples = await query(prometheus, asSent(expr));
      return samples.some(({ value }) => value[1] !== 'NaN');
    }, WAIT);
  });

  it('every variable of the dashboard has values', async () => {
    const asking = dashboard.templating.list.filter(({ type }) => type === 'query');
    for (const variable of asking) {
      const { metric, label } = labelQuery(variable);
      const found = await query(world.prometheus, `group by (${label}) (${asSent(metric)})`);
      expect(found.filter((sample) => sample.metric[label] !== undefined).length, variable.name).toBeGreaterThan(0);
    }
  });

  it('the rules are loaded without an error', async () => {
    const { data } = (await (await fetch(`${world.prometheus.url}/api/v1/rules`)).json()) as any;
    const rules = data.groups.flatMap((group: any) => group.rules);
    await eventually(async () => {
      const answer = (await (await fetch(`${world.prometheus.url}/api/v1/rules`)).json()) as any;
      return answer.data.groups.every((group: any) => group.rules.every((rule: any) => rule.health === 'ok'));
    }, WAIT);
    expect(rules.length).toBeGreaterThan(20);
  });

  it("the watchdog comes to the dead man's switch, and to nobody else", async () => {
    await eventually(() => world.got.watchdog.length >= 2, WAIT);
    expect(new Set(world.got.watchdog.map(({ labels }) => labels.alertname))).toEqual(new Set(['ForestallWatchdog']));
    expect(world.got.people.filter(({ labels }) => labels.alertname === 'ForestallWatchdog')).toEqual([]);
  });

  it('people hear of what is wrong with Forestall, with a way to the runbook', async () => {
    expect(await told(world, 'ForestallPredictionSourceDown')).toMatchObject({
      labels: { source: expect.stringContaining('not-there.json'), component: 'forestall' },
      annotations: { runbook: 'docs/runbook.md#forestallpredictionsourcedown' },
    });
    expect((await told(world, 'ForestallPredictionsStale')).annotations.summary).toMatch(/^1 predictions? of file:/);
    expect((await told(world, 'ForestallExecutionFailed')).labels.playbook).toBe('failing');
    expect((await told(world, 'ForestallApprovalAwaited')).labels.playbook).toBe('confirmed');
    expect((await told(world, 'ForestallSuccessRateLow')).annotations.summary).toMatch(/^Only \d+.*% of the runs/);
  });

  it('what is too urgent comes to people, and holds the alert of the window back', async () => {
    const { home, got, prometheus } = world;
    const urgent = { prediction_type: 'disk_exhaustion', resource: '/asks', days_until_critical: 1, confidence: 0.9 };
    home.writePredictions([urgent]);
    const found = await eventually(() => got.people.find(({ labels }) => labels.remediation === 'manual'), WAIT);
    expect(found).toMatchObject({
      status: 'firing',
      labels: { resource: '/asks', severity: 'critical' },
      annotations: { days_until_critical: '1.000000', confidence: '0.900000' },
    });
    await eventually(async () => {
      const alerts = (await (await fetch(`${world.alertmanager.url}/api/v2/alerts`)).json()) as any[];
      const own = alerts.filter(({ labels }) => labels.resource === '/asks' && labels.remediation === 'proactive');
      // keep_firing_for still holds the window's alert.
      return own.length > 0 && own.every(({ status }) => status.inhibitedBy.length > 0);
    }, WAIT);
    expect(await query(prometheus, 'ALERTS{resource="/asks",remediation="proactive",alertstate="firing"}')).not.toEqual(
      [],
    );
  });

  it('a configuration that is refused', async () => {
    world.home.writeConfig((config) => ({ ...config, nonsense: true }));
    world.service.signal('SIGHUP');
    await told(world, 'ForestallConfigReloadFailed');
  });

  it('Forestall killed', async () => {
    await world.service.stop('SIGKILL');
    expect(await told(world, 'ForestallDown')).toMatchObject({ labels: { severity: 'critical', job: 'forestall' } });
  });

  it('Alertmanager killed shows in Prometheus, and the dead man’s switch hears no more', async () => {
    const { alertmanager, got } = world;
    await alertmanager.stop('SIGKILL');
    const heard = got.watchdog.length;
    expect((await firing(world, 'ForestallMonitoringDown')).metric).toMatchObject({ severity: 'critical' });
    expect(got.watchdog.length).toBe(heard);
  });
});
