import type { AlertmanagerConfig } from '../../src/doctor/alertmanager-config.ts';
import { readAlertmanagerConfig } from '../../src/doctor/alertmanager-config.ts';
import { diagnose } from '../../src/doctor/diagnose.ts';
import type {
  AlertmanagerFacts,
  Asked,
  ExpectedRule,
  Facts,
  LoadedRule,
  PrometheusFacts,
  ScrapeTarget,
  ServiceFacts,
} from '../../src/doctor/facts.ts';
import { regexMatches } from '../../src/prometheus/matcher-regex.ts';
import { HOUR, MINUTE, NOW, permittingMapping } from './decision.ts';

export const ok = <T>(value: T): Asked<T> => ({ ok: true, value });

export const failed = (message = 'it did not answer'): Asked<never> => ({
  ok: false,
  trouble: { kind: 'unreachable', message },
});

const MAPPING = permittingMapping({ id: 'disk', resource_filter: '/srv' });

function rule(alert: string, labels: Record<string, string>): ExpectedRule {
  return {
    alert,
    expr: 'max by (resource) (prediction_days_until_critical >= 7 <= 10)',
    for: 5 * MINUTE,
    keep_firing_for: 15 * MINUTE,
    labels: { mapping: 'disk', ...labels },
    annotations: { summary: 'soon' },
  };
}

export const RULES: readonly ExpectedRule[] = [
  rule('DiskExhaustionPredicted', { remediation: 'proactive', severity: 'warning', playbook: 'disk-cleanup' }),
  rule('DiskExhaustionImminent', { remediation: 'manual', severity: 'critical' }),
];

export function loadedRules(changes: Partial<LoadedRule> = {}): readonly LoadedRule[] {
  return RULES.map((one) => ({
    ...one,
    file: '/etc/prometheus/rules/predictions.rules.yml',
    group: 'forestall-predictions',
    interval: MINUTE,
    health: 'ok',
    last_error: '',
    last_evaluation: NOW - 20_000,
    ...changes,
  }));
}

export function scrapeTarget(changes: Partial<ScrapeTarget> = {}): ScrapeTarget {
  return {
    url: 'http://127.0.0.1:9096/metrics',
    labels: { job: 'forestall', instance: '127.0.0.1:9096' },
    health: 'up',
    last_error: '',
    last_scrape: NOW - 10_000,
    interval: 15_000,
    ...changes,
  };
}

/** A configuration in which nothing is to be desired, as Alertmanager prints it. */
export function alertmanagerConfig(change: (config: any) => void = () => {}): AlertmanagerConfig {
  const document = {
    route: {
      receiver: 'people',
      routes: [
        {
          matchers: ['remediation="proactive"'],
          receiver: 'forestall',
          group_by: ['alertname', 'prediction_type', 'resource', 'host'],
          repeat_interval: '2d',
        },
      ],
    },
    inhibit_rules: [
      {
        source_matchers: ['remediation="manual"'],
        target_matchers: ['remediation="proactive"'],
        equal: ['prediction_type', 'resource', 'host'],
      },
    ],
    receivers: [
      { name: 'people', email_configs: [{ to: 'anna@example.org' }] },
      {
        name: 'forestall',
        webhook_configs: [
          {
            url: 'http://127.0.0.1:9096/webhook',
            send_resolved: true,
            max_alerts: 0,
            http_config: { authorization: { type: 'Bearer', credentials: '<secret>' } },
          },
        ],
      },
    ],
  };
  change(document);
  return readAlertmanagerConfig(document);
}

interface Changes {
  readonly expected?: Partial<Facts['expected']>;
  readonly service?: Partial<ServiceFacts>;
  readonly prometheus?: Partial<PrometheusFacts>;
  readonly alertmanager?: Partial<AlertmanagerFacts>;
  readonly facts?: Partial<Facts>;
}

/** A closed loop: change one thing, and one finding comes. */
export function healthyFacts(changes: Changes = {}): Facts {
  return {
    expected: {
      mapping: {
        version: '1',
        last_updated: null,
        mappings: [MAPPING],
        global_settings: {
          enable_auto_remediation: true,
          dry_run_mode: false,
          require_confirmation: false,
          max_daily_executions: 3,
          notification_channel: 'discord',
          exclude: [],
          time_zone: null,
        },
      },
      mapping_file: '/etc/forestall/action-mapping.json',
      rules: RULES,
      interval: MINUTE,
      retry_after: HOUR,
      address: { hosts: ['nas', '192.0.2.7'], port: 9096, external_url: 'http://127.0.0.1:9096' },
      has_token: true,
      has_discord: true,
      ...changes.expected,
    },
    service: {
      url: 'http://127.0.0.1:9096',
      healthy: ok(true),
      external: null,
      metrics: ok({ start: 1_700_000_000, received: 3 }),
      paused_by: '',
      ...changes.service,
    },
    prometheus: {
      url: 'http://127.0.0.1:9090',
      version: ok('2.42.0'),
      rules: ok(loadedRules()),
      formatted: new Map(),
      targets: ok([scrapeTarget()]),
      instances: ok([{ labels: scrapeTarget().labels, start: 1_700_000_000 }]),
      predictions: ok([{ prediction_type: 'disk_exhaustion', resource: '/srv' }]),
      alertmanagers: ok({ active: ['http://127.0.0.1:9093/api/v2/alerts'], dropped: [] }),
      settings: ok({ external_labels: {}, relabels_alerts: false }),
      reloaded: true,
      time: NOW,
      clock_ahead: 0,
      ...changes.prometheus,
    },
    alertmanager: {
      url: 'http://127.0.0.1:9093',
      version: ok('0.25.0'),
      config: ok(alertmanagerConfig()),
      deliveries: ok({ requests: 3, failed: 0 }),
      reloaded: true,
      clock_ahead: 0,
      silencedBy: ok(() => null),
      token_files: new Map(),
      ...changes.alertmanager,
    },
    targets: [],
    test: null,
    regexMatches,
    ...changes.facts,
  };
}

/** `kind id` of every finding about these facts that is not `ok`. */
export function complaints(facts: Facts): readonly string[] {
  return diagnose(facts)
    .filter(({ kind }) => kind !== 'ok')
    .map(({ kind, id }) => `${kind} ${id}`);
}
