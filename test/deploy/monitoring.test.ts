import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ALERTMANAGER, deployedPrometheus, PROMETHEUS } from '../support/deployed.ts';
import { alertsOf } from '../support/rules.ts';
import { filesBelow, ROOT, readText } from '../support/source-text.ts';
import { tempDir } from '../support/temp.ts';

const inCI = process.env['CI'] === 'true';
const withPromtool = existsSync('/usr/bin/promtool') || inCI;
const withAmtool = existsSync('/usr/bin/amtool') || inCI;
const run = (program: string, args: readonly string[]) =>
  execFileSync(program, args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

const prometheus = parse(readText(PROMETHEUS)) as {
  readonly scrape_configs: readonly { readonly job_name: string; readonly authorization?: object }[];
};
interface Route {
  readonly receiver: string;
  readonly group_by?: readonly string[];
  readonly repeat_interval?: string;
  readonly routes?: readonly Route[];
}
const alertmanager = parse(readText(ALERTMANAGER)) as {
  readonly route: Route;
  readonly receivers: readonly { readonly name: string; readonly webhook_configs: readonly any[] }[];
  readonly inhibit_rules: readonly object[];
};
const hours = (duration: string | undefined): number => {
  const [, count, unit] = /^(\d+)([mh])$/.exec(duration ?? '') ?? [];
  return Number(count) / (unit === 'm' ? 60 : 1);
};

describe('the files for Prometheus and Alertmanager', () => {
  const files = filesBelow('deploy').filter((file) =>
    /^deploy\/(?:prometheus|alertmanager|grafana)\/.*\.ya?ml$/.test(file),
  );

  it('say at their head what they are for, and hold no secret', () => {
    expect(files.length).toBeGreaterThanOrEqual(4);
    for (const file of files) {
      const text = readText(file);
      expect(text, file).toMatch(/^# [A-Z].{20}/);
      const keys = [...text.matchAll(/^[\s-]*(\w*(?:credentials|password|secret|token)\w*):/gm)].map(([, key]) => key!);
      expect(
        keys.filter((key) => !key.endsWith('_file')),
        file,
      ).toEqual([]);
    }
  });

  it('scrape with the token from a file, under the names that the rules ask for', () => {
    const [forestall] = prometheus.scrape_configs;
    expect(forestall).toMatchObject({
      job_name: 'forestall',
      authorization: { credentials_file: '/etc/prometheus/forestall-token' },
    });
    const jobs = prometheus.scrape_configs.map(({ job_name }) => job_name);
    const asked = [...readText('alert-rules/remediation.rules.yml').matchAll(/\bjob=~?"([^"]+)"/g)].flatMap(
      ([, names]) => names!.split('|'),
    );
    expect(jobs).toEqual(expect.arrayContaining(asked));
  });

  it('post to the webhook with the token from a file, leave nothing out, and say when it is over', () => {
    const receiver = alertmanager.receivers.find(({ name }) => name === 'forestall');
    expect(receiver?.webhook_configs).toEqual([
      {
        url: 'http://127.0.0.1:9096/webhook',
        send_resolved: true,
        max_alerts: 0,
        http_config: { authorization: { credentials_file: '/etc/prometheus/forestall-token' } },
      },
    ]);
  });

  it('keep resources and hosts apart on the way to Forestall', () => {
    const { route } = alertmanager;
    const toForestall = route.routes?.filter(({ receiver }) => receiver === 'forestall') ?? [];
    expect(toForestall).toHaveLength(1);
    for (const { group_by = route.group_by } of toForestall) {
      expect(group_by).toEqual(expect.arrayContaining(['prediction_type', 'resource', 'host']));
    }
  });

  it('say an alert again within the shortest cooldown, and before anybody misses a decision', () => {
    const { mappings } = JSON.parse(readText('config/action-mapping.json')) as {
      mappings: { action: { cooldown_hours: number } }[];
    };
    const shortest = Math.min(...mappings.map(({ action }) => action.cooldown_hours));
    const repeat = hours(alertmanager.route.routes?.find(({ receiver }) => receiver === 'forestall')?.repeat_interval);
    expect(repeat).toBeLessThan(shortest);
    expect(repeat).toBeGreaterThan(0);
    const nothing = alertsOf('alert-rules/remediation.rules.yml').find(
      ({ alert }) => alert === 'ForestallNothingDecided',
    );
    expect(nothing?.expr).toContain('[26h]');
    expect(repeat).toBeLessThan(26 / 2);
  });

  it('hold the alert of the window back while the urgent one fires', () => {
    expect(alertmanager.inhibit_rules).toEqual([
      {
        source_matchers: ['remediation="manual"'],
        target_matchers: ['remediation="proactive"'],
        equal: ['prediction_type', 'resource', 'host'],
      },
    ]);
  });
});

describe.runIf(withPromtool)('promtool', () => {
  it('accepts prometheus.yml and finds the rule files', () => {
    const folder = tempDir();
    cpSync(join(ROOT, 'alert-rules'), join(folder, 'alert-rules'), { recursive: true });
    writeFileSync(join(folder, 'token'), 'secret');
    const config = deployedPrometheus({ rules: join(folder, 'alert-rules'), token: join(folder, 'token') });
    writeFileSync(join(folder, 'prometheus.yml'), config);
    const said = run('promtool', ['check', 'config', join(folder, 'prometheus.yml')]);
    expect(said).toMatch(/SUCCESS: 2 rule files found/);
    expect(said).toMatch(
      new RegExp(`remediation\\.rules\\.yml\\s+SUCCESS: ${alertsOf('alert-rules/remediation.rules.yml').length} rules`),
    );
  });
});

describe.runIf(withAmtool)('amtool', () => {
  it('accepts alertmanager.yml as it stands', () => {
    expect(run('amtool', ['check-config', ALERTMANAGER])).toContain('SUCCESS');
  });

  it.each([
    [
      'forestall',
      'a prediction in its window',
      { remediation: 'proactive', prediction_type: 'disk_exhaustion', resource: '/', severity: 'warning' },
    ],
    [
      'people',
      'a prediction that is too urgent',
      { remediation: 'manual', prediction_type: 'disk_exhaustion', resource: '/', severity: 'critical' },
    ],
    ['people', 'Forestall down', { alertname: 'ForestallDown', component: 'forestall', severity: 'critical' }],
    ['dead-mans-switch', 'the watchdog', { alertname: 'ForestallWatchdog', component: 'forestall', severity: 'none' }],
    ['people', 'anything else', { alertname: 'NodeDown', severity: 'critical' }],
  ])('%s gets %s', (receiver, _what, labels) => {
    const words = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
    expect(run('amtool', ['config', 'routes', 'test', `--config.file=${ALERTMANAGER}`, ...words]).trim()).toBe(
      receiver,
    );
  });

  it('routes every shipped alert: windows to Forestall, the rest to people', () => {
    for (const { alert, labels } of ['predictions', 'remediation'].flatMap((file) =>
      alertsOf(`alert-rules/${file}.rules.yml`),
    )) {
      const words = Object.entries({ alertname: alert, ...labels }).map(([name, value]) => `${name}=${value}`);
      const expected =
        alert === 'ForestallWatchdog'
          ? 'dead-mans-switch'
          : labels['remediation'] === 'proactive'
            ? 'forestall'
            : 'people';
      expect(run('amtool', ['config', 'routes', 'test', `--config.file=${ALERTMANAGER}`, ...words]).trim(), alert).toBe(
        expected,
      );
    }
  });
});

it('what checks these files is there wherever it has to be', () => {
  if (!withPromtool || !withAmtool)
    console.error('\n*** promtool or amtool is not installed: DEPLOY FILES ARE NOT CHECKED ***\n');
  expect((withPromtool && withAmtool) || !inCI).toBe(true);
});
