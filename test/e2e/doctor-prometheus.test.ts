import { beforeAll, describe, expect, it, vi } from 'vitest';
import { hasAlertmanager } from '../support/alertmanager.ts';
import { closedLoop, finding, type Loop, type Patient } from '../support/closed-loop.ts';
import { hasPrometheus } from '../support/prometheus.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 40_000, hookTimeout: 120_000 });

type Fault = readonly [what: string, change: (config: any) => void, wrong: readonly string[], says: RegExp];

const job = (config: any) => config.scrape_configs[0];

const FAULTS: readonly Fault[] = [
  ['no rule files', (config) => Object.assign(config, { rule_files: [] }), ['broken rules-missing'], /rule_files:/],
  [
    'scraping without a token',
    (config) => delete job(config).authorization,
    ['broken scrape-unauthorized'],
    /authorization:\n +credentials_file:/,
  ],
  [
    'another path',
    (config) => Object.assign(job(config), { metrics_path: '/metric' }),
    ['broken scrape-path'],
    /metrics_path: \/metrics/,
  ],
  [
    'no scrape job',
    (config) => Object.assign(config, { scrape_configs: [] }),
    ['broken scrape-missing'],
    /job_name: forestall[\s\S]*targets: \['127\.0\.0\.1:\d+'\]/,
  ],
  [
    'a host of its own',
    (config) => Object.assign(job(config).static_configs[0], { labels: { host: 'scraper' } }),
    ['broken scrape-labels'],
    /honor_labels: true/,
  ],
  [
    'a scrape that comes too seldom',
    (config) => Object.assign(job(config), { scrape_interval: '5m' }),
    ['warning scrape-pending'],
    /again in a minute/,
  ],
  [
    'no Alertmanager',
    (config) => Object.assign(config, { alerting: {} }),
    ['broken alertmanagers-none'],
    /alertmanagers:\n.*\n +- targets: \['127\.0\.0\.1:\d+'\]/,
  ],
  [
    'another Alertmanager',
    (config) => Object.assign(config.alerting.alertmanagers[0].static_configs[0], { targets: ['127.0.0.1:9'] }),
    ['broken alertmanagers-other'],
    /alertmanager: \{ url/,
  ],
];

describe.runIf(hasPrometheus && hasAlertmanager)('forestall doctor, and a fault of the real Prometheus', () => {
  let loop: Loop;
  let patients: Map<string, Patient>;
  beforeAll(async () => {
    loop = await closedLoop();
    const started = FAULTS.map(async ([what, change]) => [what, await loop.withPrometheus(change)] as const);
    patients = new Map(await Promise.all(started));
  });

  it.for(FAULTS)('%s', async ([what, _change, wrong, says]) => {
    const diagnosis = await patients.get(what)!.findsOnly(...wrong);
    expect(diagnosis.code).toBe(wrong.some((one) => one.startsWith('broken')) ? 1 : 0);
    expect(finding(diagnosis, wrong[0]!.split(' ')[1]!).change).toMatch(says);
  });

  /** Asks until this is wrong with the rules; a reload makes Prometheus forget its targets for five seconds. */
  const rulesAre = (...wrong: readonly string[]) =>
    eventually(
      async () => {
        const diagnosis = await loop.doctor();
        const found = diagnosis.wrong.filter((one) => one.includes(' rule'));
        if (found.join() !== wrong.join()) throw new Error(diagnosis.text);
        return diagnosis;
      },
      { timeout: 20_000, interval: 50 },
    );

  it('rules that are written otherwise and mean the same are the same', async () => {
    await loop.setPrometheus(undefined, (text) =>
      text.replaceAll('"disk_exhaustion"', "'disk_exhaustion'").replace(/ by \((.*)\) \(/, ' by ( $1 )('),
    );
    expect(finding(await rulesAre(), 'rules').message).toMatch(/^all 2 /);
  });

  it.for([
    [
      'another window',
      (text: string) => text.replace('>= 3 <= 14', '>= 4 <= 14'),
      'broken',
      /DiskExhaustionPredicted \(mapping disk_exhaustion:\/data\) is loaded.*its expression$/,
    ],
    [
      'another label',
      (text: string) => text.replace('remediation: proactive', 'remediation: automatic'),
      'broken',
      /labels remediation$/,
    ],
    [
      'another time',
      (text: string) => text.replace('keep_firing_for: 1h', 'for: 10m'),
      'warning',
      /for: 10m, not 0s; keep_firing_for: 0s, not 1h$/,
    ],
    [
      'other words',
      (text: string) => text.replace('act now', 'hurry'),
      'warning',
      /DiskExhaustionImminent.*annotations summary$/,
    ],
  ] as const)('rules with %s', async ([_what, change, kind, says]) => {
    await loop.setPrometheus(undefined, change);
    const found = finding(await rulesAre(`${kind} rule-differs`), 'rule-differs');
    expect(found.message).toMatch(says);
    expect(found.change).toContain('forestall rules --output');
  });

  it('an old rule that is loaded beside the generated ones', async () => {
    await loop.setPrometheus(undefined, (text) =>
      text.replace(
        'groups:',
        'groups:\n  - name: old\n    rules: [{ alert: Old, expr: "1", labels: { remediation: proactive } }]',
      ),
    );
    expect(finding(await rulesAre('warning rule-left-over'), 'rule-left-over').message).toMatch(/^Old /);
  });

  it('a rule that cannot be evaluated', async () => {
    const many = 'proactive_remediation_webhook_alerts_total';
    await loop.setPrometheus(undefined, (text) =>
      text.replace(/max by[\s\S]*?\n {10}\)/, `${many} * on (job) ${many}`),
    );
    const diagnosis = await rulesAre('broken rule-differs', 'broken rule-error');
    expect(finding(diagnosis, 'rule-error').message).toMatch(/cannot be evaluated: found duplicate series/);
  });

  it('a configuration that cannot be loaded, and nothing once all is put right', async () => {
    await loop.setPrometheus();
    await loop.findsOnly();
    await loop.setPrometheus((config) => Object.assign(config, { scrape_configs: 1 }));
    const diagnosis = await loop.findsOnly('warning config-not-reloaded');
    expect(diagnosis.code).toBe(0);
    expect(finding(diagnosis, 'config-not-reloaded').change).toMatch(/promtool check config/);
  });
});
