import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The files of one demo, all in its throw-away folder. */
export interface DemoFiles {
  readonly folder: string;
  /** The folder that fills up. */
  readonly disk: string;
  readonly config: string;
  readonly token: string;
  readonly predictions: string;
}

const shipped = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** Writes configuration and mapping: the shipped playbook, allowed to clean one folder only. */
export function writeConfiguration(folder: string, discordUrl: string): DemoFiles {
  const disk = join(folder, 'disk');
  const token = randomBytes(24).toString('base64url');
  const files: DemoFiles = {
    folder,
    disk,
    config: join(folder, 'forestall.json'),
    token,
    predictions: join(folder, 'predictions.json'),
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'token'), token, { mode: 0o600 });
  writeJson(files.config, {
    web: { listen: '127.0.0.1:0', bearer_token_file: 'token' },
    store: 'sqlite:forestall.db',
    mapping: 'action-mapping.json',
    predictions: { files: ['predictions.json'] },
    playbooks: {
      'disk-cleanup': {
        version: '1.1',
        run: [shipped('config/playbooks/disk-cleanup'), '{resource}'],
        env: { DISK_CLEANUP_STEPS: 'paths', DISK_CLEANUP_PATHS: disk, DISK_CLEANUP_TARGET_PERCENT: '0' },
      },
    },
    rules: { for: '0s', keep_firing_for: '0s', interval: '1s' },
    context_log: 'issues.json',
    log_dir: 'logs',
    textfile: 'proactive-remediation.prom',
    discord: { webhook_url: discordUrl },
  });
  writeJson(join(folder, 'action-mapping.json'), {
    version: '1.0',
    mappings: [
      {
        prediction_type: 'disk_exhaustion',
        resource_filter: disk,
        conditions: { min_days_until_critical: 3, max_days_until_critical: 14, min_confidence: 0.7 },
        action: { playbook: 'disk-cleanup', version: '1.1', max_executions_per_week: 2, cooldown_hours: 48 },
        safety_checks: ['memory_usage < 99%'],
      },
    ],
    global_settings: {
      enable_auto_remediation: true,
      dry_run_mode: false,
      require_confirmation: false,
      max_daily_executions: 5,
      notification_channel: 'discord',
    },
  });
  writeJson(files.predictions, { predictions: [] });
  return files;
}

/** Publishes a prediction the way a forecaster does: a new file, renamed over the old one. */
export function writePrediction(files: DemoFiles, daysUntilCritical: number, confidence: number): void {
  writeJson(files.predictions, {
    predictions: [
      {
        prediction_type: 'disk_exhaustion',
        resource: files.disk,
        days_until_critical: daysUntilCritical,
        confidence,
        observed_at: new Date().toISOString(),
      },
    ],
  });
}

/** Prometheus at one-second intervals, with the generated rules, on the service and Alertmanager. */
export function writePrometheus(files: DemoFiles, rules: string, service: string, alertmanager: string): string {
  writeFileSync(join(files.folder, 'predictions.rules.yml'), rules);
  const config = join(files.folder, 'prometheus.yml');
  writeJson(config, {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: ['predictions.rules.yml'],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
    scrape_configs: [
      {
        job_name: 'forestall',
        authorization: { credentials_file: 'token' },
        static_configs: [{ targets: [service] }],
      },
    ],
  });
  return config;
}

/** Alertmanager that posts at once to the service's webhook, with the token from its file. */
export function writeAlertmanager(files: DemoFiles, service: string): string {
  const config = join(files.folder, 'alertmanager.yml');
  writeJson(config, {
    route: {
      receiver: 'forestall',
      group_by: ['alertname', 'prediction_type', 'resource', 'host'],
      group_wait: '0s',
      group_interval: '1s',
      repeat_interval: '1h',
    },
    receivers: [
      {
        name: 'forestall',
        webhook_configs: [
          {
            url: `http://${service}/webhook`,
            http_config: { authorization: { credentials_file: join(files.folder, 'token') } },
          },
        ],
      },
    ],
  });
  return config;
}

/** JSON is YAML, so every program here reads it. */
function writeJson(path: string, value: unknown): void {
  const temporary = `${path}.new`;
  writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`);
  renameSync(temporary, path);
}
