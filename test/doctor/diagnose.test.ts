import { describe, expect, it } from 'vitest';
import { diagnose } from '../../src/doctor/diagnose.ts';
import type { Facts } from '../../src/doctor/facts.ts';
import { isClosed } from '../../src/doctor/finding.ts';
import { HOUR, MINUTE, NOW } from '../support/decision.ts';
import {
  alertmanagerConfig,
  complaints,
  failed,
  healthyFacts,
  loadedRules,
  ok,
  RULES,
  scrapeTarget,
} from '../support/doctor.ts';

const hook = (config: any) => config.receivers[1].webhook_configs[0];
const withConfig = (change: (config: any) => void) =>
  healthyFacts({ alertmanager: { config: ok(alertmanagerConfig(change)) } });
const withTarget = (changes: Parameters<typeof scrapeTarget>[0]) =>
  healthyFacts({ prometheus: { targets: ok([scrapeTarget(changes)]) } });

it('says nothing but ok about a closed loop', () => {
  expect(complaints(healthyFacts())).toEqual([]);
  expect(isClosed(diagnose(healthyFacts()))).toBe(true);
});

const CASES: readonly (readonly [what: string, facts: Facts, wrong: readonly string[]])[] = [
  [
    'no URLs',
    healthyFacts({ facts: { prometheus: null, alertmanager: null } }),
    ['broken prometheus', 'broken alertmanager'],
  ],
  ['a service that is away', healthyFacts({ service: { healthy: failed() } }), ['broken service']],
  ['an external_url that leads nowhere', healthyFacts({ service: { external: failed() } }), ['warning external-url']],
  ['metrics that do not come', healthyFacts({ service: { metrics: failed() } }), ['warning service-metrics']],
  [
    'a port that is picked anew',
    healthyFacts({ expected: { address: { hosts: [], port: null, external_url: 'http://127.0.0.1:9096' } } }),
    ['warning listen-port'],
  ],
  [
    'a Prometheus that is too old',
    healthyFacts({ prometheus: { version: ok('2.41.0') } }),
    ['broken prometheus-version'],
  ],
  ['a newer Prometheus', healthyFacts({ prometheus: { version: ok('3.1.0') } }), []],
  [
    'alerts that are relabelled',
    healthyFacts({ prometheus: { settings: ok({ external_labels: {}, relabels_alerts: true }) } }),
    ['note alert-relabelling'],
  ],
  ['rules that cannot be asked for', healthyFacts({ prometheus: { rules: failed() } }), ['broken rules']],
  ['a rule too few', healthyFacts({ prometheus: { rules: ok(loadedRules().slice(1)) } }), ['broken rules-missing']],
  [
    'rules twice',
    healthyFacts({ prometheus: { rules: ok([...loadedRules(), ...loadedRules({ expr: '1' })]) } }),
    ['warning rule-twice', 'warning rule-twice'],
  ],
  [
    'rules that wait',
    healthyFacts({ prometheus: { rules: ok(loadedRules({ last_evaluation: null, health: 'unknown' })) } }),
    ['warning rule-not-evaluated'],
  ],
  [
    'rules that are late',
    healthyFacts({ prometheus: { rules: ok(loadedRules({ last_evaluation: NOW - HOUR })) } }),
    ['warning rule-late'],
  ],
  [
    'rules at another interval',
    healthyFacts({ prometheus: { rules: ok(loadedRules({ interval: 5 * MINUTE })) } }),
    ['warning rule-interval'],
  ],
  ['targets that cannot be asked for', healthyFacts({ prometheus: { targets: failed() } }), ['broken scrape']],
  [
    'another service only',
    withTarget({ url: 'http://127.0.0.1:9100/metrics', labels: { job: 'node' } }),
    ['broken scrape-missing'],
  ],
  [
    'a scrape that times out',
    withTarget({ health: 'down', last_error: 'context deadline exceeded' }),
    ['broken scrape-timeout'],
  ],
  [
    'a scrape that is refused',
    withTarget({ health: 'down', last_error: 'connect: connection refused' }),
    ['broken scrape-down'],
  ],
  ['a scrape every two minutes', withTarget({ interval: 2 * MINUTE }), []],
  ['a scrape every three minutes', withTarget({ interval: 3 * MINUTE }), ['warning scrape-interval']],
  ['a scrape every five minutes', withTarget({ interval: 5 * MINUTE }), ['broken scrape-interval']],
  ['a scrape that is late', withTarget({ last_scrape: NOW - 10 * MINUTE }), ['warning scrape-late']],
  [
    'a label of ours on the target',
    withTarget({ labels: { ...scrapeTarget().labels, host: 'scraper' } }),
    ['warning scrape-labels'],
  ],
  [
    'another process at our address',
    healthyFacts({ prometheus: { instances: ok([{ labels: scrapeTarget().labels, start: 1_600_000_000 }]) } }),
    ['warning scrape-other-process'],
  ],
  ['this process under a name that says nothing', withTarget({ url: 'http://fix.example:8080/metrics' }), []],
  ['no prediction', healthyFacts({ prometheus: { predictions: ok([]) } }), ['note predictions']],
  [
    'an Alertmanager that was dropped',
    healthyFacts({ prometheus: { alertmanagers: ok({ active: [], dropped: ['http://a:9093'] }) } }),
    ['broken alertmanagers-none'],
  ],
  [
    'an Alertmanager under another name',
    healthyFacts({
      prometheus: { alertmanagers: ok({ active: ['http://alertmanager:9093/api/v2/alerts'], dropped: [] }) },
    }),
    ['warning alertmanagers-other'],
  ],
  [
    'an Alertmanager by a name of this machine',
    healthyFacts({ prometheus: { alertmanagers: ok({ active: ['http://nas:9093/api/v2/alerts'], dropped: [] }) } }),
    [],
  ],
  [
    'a configuration that cannot be read',
    healthyFacts({ alertmanager: { config: failed() } }),
    ['broken alertmanager-config'],
  ],
  [
    'a secret URL',
    withConfig((config) => Object.assign(hook(config), { url: '<secret>' })),
    ['warning webhook-hidden'],
  ],
  [
    'a hasty time-out',
    withConfig((config) => Object.assign(hook(config), { timeout: '500ms' })),
    ['warning webhook-timeout'],
  ],
  ['a time-out that is long enough', withConfig((config) => Object.assign(hook(config), { timeout: '10s' })), []],
  [
    'a repetition within the cooldown',
    withConfig((config) => Object.assign(config.route.routes[0], { repeat_interval: '4h' })),
    ['note repeat-interval'],
  ],
  [
    'a repetition within retry_after',
    withConfig((config) => Object.assign(config.route.routes[0], { repeat_interval: '59m' })),
    ['warning repeat-interval'],
  ],
  [
    'a repetition that is as long as the window',
    withConfig((config) => Object.assign(config.route.routes[0], { repeat_interval: '3d' })),
    [],
  ],
  [
    'a repetition that is longer',
    withConfig((config) => Object.assign(config.route.routes[0], { repeat_interval: '73h' })),
    ['warning repeat-interval'],
  ],
  [
    'a matcher that cannot be judged',
    withConfig((config) => config.route.routes.unshift({ matchers: ['resource=~"(a+)+"'], receiver: 'people' })),
    ['warning route-doubtful'],
  ],
  [
    'urgent alerts for us, who have no Discord',
    healthyFacts({
      expected: { has_discord: false },
      alertmanager: {
        config: ok(alertmanagerConfig((config) => Object.assign(config.route, { receiver: 'forestall' }))),
      },
    }),
    ['warning people'],
  ],
  [
    'urgent alerts for us, who have one',
    withConfig((config) => Object.assign(config.route, { receiver: 'forestall' })),
    ['note people'],
  ],
  ['silences that cannot be asked for', healthyFacts({ alertmanager: { silencedBy: failed() } }), ['warning silences']],
  [
    'posts that all failed',
    healthyFacts({
      service: { metrics: ok({ start: 1_700_000_000, received: 0 }) },
      alertmanager: { deliveries: ok({ requests: 4, failed: 4 }) },
    }),
    ['broken deliveries'],
  ],
  [
    'posts some of which failed',
    healthyFacts({ alertmanager: { deliveries: ok({ requests: 4, failed: 1 }) } }),
    ['warning deliveries'],
  ],
  [
    'posts few of which failed',
    healthyFacts({ alertmanager: { deliveries: ok({ requests: 400, failed: 2 }) } }),
    ['note deliveries'],
  ],
  ['no posts yet', healthyFacts({ alertmanager: { deliveries: ok({ requests: 0, failed: 0 }) } }), ['note deliveries']],
  ['a clock that is behind', healthyFacts({ prometheus: { clock_ahead: -2 * MINUTE } }), ['warning clock']],
  ['a clock of the future', healthyFacts({ alertmanager: { clock_ahead: HOUR } }), ['broken clock']],
  ['a clock that is a minute off', healthyFacts({ alertmanager: { clock_ahead: MINUTE } }), []],
  [
    'a test alert that got lost',
    healthyFacts({ facts: { test: { outcome: 'lost', waited: 15_000, failed: 1 } } }),
    ['broken test-alert'],
  ],
];

describe('one thing that is wrong is one finding', () => {
  it.each(CASES)('%s', (_what, facts, wrong) => {
    expect(complaints(facts)).toEqual(wrong);
    expect(isClosed(diagnose(facts))).toBe(!wrong.some((one) => one.startsWith('broken')));
  });
});

it('every finding that is wrong says why that matters and what to change', () => {
  const findings = CASES.flatMap(([, facts]) => diagnose(facts));
  for (const { id, kind, why, change, message } of findings) {
    expect(message, id).toMatch(/^[^\n]{10,}$/);
    if (kind !== 'warning' && kind !== 'broken') continue;
    expect(why, id).toMatch(/^[A-Z].{15,}\.$/);
    expect(change, id).toMatch(/.{10,}/);
  }
});

it('foreign text cannot write to the terminal', () => {
  const evil = '\u001b[2J\u0007evil\u202e';
  const facts = healthyFacts({
    prometheus: { rules: ok(loadedRules({ health: 'err', last_error: evil, file: evil })) },
    alertmanager: {
      silencedBy: ok(() => evil),
      config: ok(
        alertmanagerConfig((config) => {
          config.route.receiver = evil;
          config.receivers[0] = { name: evil };
        }),
      ),
    },
  });
  const texts = diagnose(facts).flatMap(({ message, why, change }) => [
    message,
    why ?? '',
    (change ?? '').replaceAll('\n', ''),
  ]);
  expect(texts.filter((text) => /[\p{Cc}\u202e]/u.test(text))).toEqual([]);
  expect(complaints(facts)).toContain('broken people');
});

it('expressions are compared as Prometheus writes them', () => {
  const [first, second] = RULES;
  const rules = ok(loadedRules().map((rule) => ({ ...rule, expr: `(${rule.expr})` })));
  expect(complaints(healthyFacts({ prometheus: { rules } }))).toEqual(['broken rule-differs', 'broken rule-differs']);
  const formatted = new Map([first!, second!].map(({ expr }) => [`(${expr})`, expr]));
  expect(complaints(healthyFacts({ prometheus: { rules, formatted } }))).toEqual([]);
});
