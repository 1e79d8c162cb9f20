import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { listen } from '../support/http.ts';
import { alertBody, DISK, ended, type Home, makeHome, type Service, startService } from '../support/service.ts';

const payload = (name: string): any =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../payloads', `${name}.json`), 'utf8'));
const alertOf = (labels: Record<string, string> = {}, more = {}): any => (alertBody(labels, more) as any).alerts[0];
const bodyOf = (...alerts: readonly object[]) => ({ ...alertBody(), alerts });

describe('a message that is not what it should be', () => {
  let home: Home;
  let service: Service;
  beforeAll(async () => {
    home = makeHome({
      mapping(mapping) {
        const [only] = mapping.mappings;
        return {
          ...mapping,
          mappings: [{ ...only, resource_filter: '*', action: { ...only.action, limit_scope: 'resource' } }],
        };
      },
    });
    home.writePredictions(['/twice', '/good', '/trap'].map((resource) => ({ ...DISK, resource })));
    service = await startService(home);
  });

  const deliver = async (body: object): Promise<any> => {
    const response = await service.post('/webhook', body);
    expect(response.status).toBe(200);
    return await response.json();
  };
  const runsOn = (resource: string) => home.runs().filter((line) => line.endsWith(` ${resource}`));

  test('the same alert fifty times in one body is one run (fault 9)', async () => {
    const { decisions } = await deliver(bodyOf(...Array.from({ length: 50 }, () => alertOf({ resource: '/twice' }))));
    expect(decisions.map(({ reason }: any) => reason)).toEqual(['approved', ...Array(49).fill('in_progress')]);
    await ended(service, decisions[0].execution_id);
    expect(runsOn('/twice')).toHaveLength(1);
  });

  test('what the sender cut off is answered, and counted (fault 36)', async () => {
    const answer = await deliver(payload('am025-truncated-firing'));
    expect(answer.truncated).toBe(2);
    const metrics = await (await service.get('/metrics')).text();
    expect(metrics).toContain('\nproactive_remediation_webhook_truncated_alerts_total 2\n');
  });

  test('one that cannot be read is on record, and the good one beside it runs (fault 37)', async () => {
    const [bad] = payload('bad-labels-null').alerts;
    const { decisions } = await deliver(bodyOf(bad, alertOf({ resource: '/good' }), bad));
    expect(decisions.map(({ reason }: any) => reason)).toEqual(['unreadable', 'approved', 'unreadable']);
    expect(await ended(service, decisions[1].execution_id)).toMatchObject({ state: 'succeeded' });
    const { items } = await service.json('/api/v1/decisions?limit=50');
    expect(items.filter(({ reason }: any) => reason === 'unreadable').length).toBeGreaterThan(0);
    expect(runsOn('/good')).toHaveLength(1);
  });

  test('its text makes no series (fault 61)', async () => {
    const alerts = Array.from({ length: 500 }, (_, at) => {
      const labels = { alertname: `Canary${at}`, prediction_type: `canary_${at}`, resource: `/canary/${at}` };
      return alertOf({ ...labels, pod: `canary-${at}` });
    });
    for (const status of ['firing', 'resolved'])
      await deliver(bodyOf(...alerts.map((alert) => ({ ...alert, status }))));
    const metrics = await (await service.get('/metrics')).text();
    expect(metrics).toContain('reason="no_prediction"');
    expect(metrics).not.toMatch(/canary/i);
  });

  test('its addresses are never fetched, nor links on the page (fault 62)', async () => {
    const asked: string[] = [];
    const trap = await listen((request, response) => {
      asked.push(request.url ?? '');
      response.end();
    });
    const url = `${trap.url}/trap`;
    const addresses = {
      generatorURL: url,
      silenceURL: url,
      dashboardURL: url,
      panelURL: url,
      imageURL: url,
      externalURL: url,
    };
    const alert = alertOf({ resource: '/trap' }, { ...addresses, annotations: { runbook_url: url, summary: url } });
    const { decisions } = await deliver({ ...bodyOf(alert), ...addresses });
    await ended(service, decisions[0].execution_id);
    const pages = ['/', '/executions', `/executions/${decisions[0].execution_id}`, '/decisions'];
    for (const path of pages) {
      const html = await (await service.get(path, { headers: { accept: 'text/html' } })).text();
      expect(html).not.toContain(`href="${trap.url}`);
      expect(html).not.toContain(`src="${trap.url}`);
    }
    expect(asked).toEqual([]);
    await trap.close();
  });

  test('its control characters make no line of their own in the log (fault 60)', async () => {
    await service.post('/webhook', payload('bad-nul-and-control-in-label'));
    const resource = '/a\n{"level":"info","msg":"forged"}\r\u2028\u001b[31m';
    await service.post('/webhook', alertBody({ resource }));
    await service.post('/api/v1/predictions', { ...DISK, resource });
    await service.json('/api/v1/status');
    const lines = service.stderr().split('\n').slice(0, -1);
    for (const line of lines) expect(() => JSON.parse(line), line).not.toThrow();
    expect(service.log().some(({ msg }) => msg === 'forged')).toBe(false);
    expect(service.stderr()).not.toMatch(/[\u001b\u2028\u0000]/);
  });
});

test('what ran is remembered over a restart, however its alert is told again (fault 41)', async () => {
  const home = makeHome();
  const first = await startService(home);
  const { decisions } = (await (await first.post('/webhook', alertBody())).json()) as any;
  await ended(first, decisions[0].execution_id);
  expect(await first.stop()).toBe(0);
  const second = await startService(home);
  const twin = alertBody(
    {},
    { fingerprint: 'deadbeef00000002', startsAt: new Date(Date.now() - 60_000).toISOString() },
  );
  const answer = (await (await second.post('/webhook', { ...twin, externalURL: 'http://other' })).json()) as any;
  expect(answer.decisions).toMatchObject([{ verdict: 'deferred', reason: 'cooldown' }]);
  expect(home.runs()).toHaveLength(1);
  await second.stop();
});
