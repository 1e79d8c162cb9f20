import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { hasAlertmanager, startAlertmanager } from '../support/alertmanager.ts';
import { deployedAlertmanager, deployedPrometheus, hurried } from '../support/deployed.ts';
import { freePort } from '../support/http.ts';
import { hasPrometheus, query, startPrometheus } from '../support/prometheus.ts';
import { startReceiver } from '../support/receiver.ts';
import { ended, makeHome, startService, TOKEN } from '../support/service.ts';
import { readText } from '../support/source-text.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 180_000 });

const WAIT = { timeout: 60_000, interval: 100 };
const LAST_DELIVERY = 'proactive_remediation_webhook_last_delivery_timestamp_seconds';

it.runIf(hasPrometheus && hasAlertmanager)(
  'an alert that begins and ends while Forestall is down runs nothing afterwards; people hear, and the gap is seen (fault 35)',
  async () => {
    const port = await freePort();
    const people = await startReceiver();
    const home = makeHome({
      config: (config) => ({ ...config, web: { listen: `127.0.0.1:${port}`, bearer_token: TOKEN } }),
      mapping: (mapping) => {
        mapping.mappings[0].resource_filter = '*';
        mapping.mappings[0].action.limit_scope = 'resource';
        return mapping;
      },
    });
    home.writePredictions([]);
    const [rules, token] = [join(home.folder, 'alert-rules'), join(home.folder, 'token')];
    mkdirSync(rules);
    writeFileSync(token, TOKEN);
    writeFileSync(join(rules, 'remediation.rules.yml'), hurried(readText('alert-rules/remediation.rules.yml')));
    let service = await startService(home);
    const alertmanager = await startAlertmanager({
      config: hurried(deployedAlertmanager({ webhook: `${service.url}/webhook`, token, people: people.url })),
    });
    const prometheus = await startPrometheus({
      folder: home.folder,
      config: hurried(
        deployedPrometheus({
          forestall: `127.0.0.1:${port}`,
          alertmanagers: [`127.0.0.1:${alertmanager.port}`],
          rules,
          token,
        }),
      ),
      args: ['--rules.alert.resend-delay=1s'],
    });
    const tell = async (resource: string, endsAt?: Date) => {
      const answer = await fetch(`${alertmanager.url}/api/v2/alerts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify([
          {
            labels: {
              alertname: 'DiskExhaustionPredicted',
              prediction_type: 'disk_exhaustion',
              resource,
              remediation: 'proactive',
            },
            annotations: { days_until_critical: '8', confidence: '0.9' },
            ...(endsAt === undefined ? {} : { endsAt: endsAt.toISOString() }),
          },
        ]),
      });
      expect(answer.status).toBe(200);
    };
    const executions = async () => (await service.json('/api/v1/executions')).items;
    const lastDelivery = async () =>
      Number(new RegExp(`^${LAST_DELIVERY} (\\S+)$`, 'm').exec(await (await service.get('/metrics')).text())?.[1]);
    const firing = (alertname: string) =>
      people.alerts.find(({ labels, status }) => labels.alertname === alertname && status === 'firing');

    expect(await lastDelivery()).toBeNaN();
    await tell('/before');
    const [first] = await eventually(async () => ((await executions()).length === 1 ? executions() : null), WAIT);
    expect(await ended(service, first.id)).toMatchObject({ state: 'succeeded' });
    const told = await lastDelivery();
    expect(Math.abs(told - Date.now() / 1000)).toBeLessThan(60);
    // Over, so that nothing but what comes while it is down can be told from here on.
    await tell('/before', new Date());
    await eventually(async () => (await query(prometheus, LAST_DELIVERY)).length > 0, WAIT);

    expect(await service.stop()).toBe(0);
    await tell('/meanwhile');
    await tell('/meanwhile', new Date());
    await eventually(async () => {
      const alerts = (await (await fetch(`${alertmanager.url}/api/v2/alerts`)).json()) as any[];
      return alerts.every(({ labels }) => labels.resource !== '/meanwhile');
    }, WAIT);
    // It tries for ten seconds, with what it was to say when it began, and counts what it gave up.
    const gaveUp = /^alertmanager_notifications_failed_total\{integration="webhook"[^}]*\} [1-9]/m;
    await eventually(async () => gaveUp.test(await (await fetch(`${alertmanager.url}/metrics`)).text()), WAIT);
    // The shipped rules say that it is down and that deliveries are lost; when the last one came can still be asked.
    await eventually(() => firing('ForestallDown') && firing('ForestallDeliveriesFailed'), WAIT);
    const before = await query(prometheus, `max(max_over_time(${LAST_DELIVERY}[1h]))`);
    expect(Number(before[0]?.value[1])).toBeGreaterThanOrEqual(told);

    service = await startService(home);
    expect(await lastDelivery()).toBeNaN();
    await tell('/after');
    await eventually(async () => (await executions()).length === 2, WAIT);
    const all = await executions();
    expect(all.map(({ prediction }: any) => prediction.resource).sort()).toEqual(['/after', '/before']);
    for (const { id } of all) expect(await ended(service, id)).toMatchObject({ state: 'succeeded' });
    expect(await lastDelivery()).toBeGreaterThan(told);
    expect(home.runs()).toHaveLength(2);
    await service.stop();
  },
);
