import { formatDuration } from '../mapping/duration.ts';
import { type SelfAddress, targetOf, webhookUrl } from './address.ts';

const TOKEN_FILE = '/etc/prometheus/forestall-token';

/** Lines for prometheus.yml. */
export function scrapeLines(address: SelfAddress, hasToken: boolean, more: readonly string[] = []): string {
  return [
    'scrape_configs:                # prometheus.yml',
    '  - job_name: forestall',
    ...(hasToken ? ['    authorization:', `      credentials_file: ${TOKEN_FILE}`] : []),
    ...more.map((line) => `    ${line}`),
    '    static_configs:',
    `      - targets: ['${targetOf(address)}']`,
  ].join('\n');
}

export const RULE_FILE_LINES = [
  'rule_files:                    # prometheus.yml',
  '  - /etc/prometheus/rules/predictions.rules.yml   # written by: forestall rules --output FILE',
].join('\n');

export function alertingLines(alertmanager: string): string {
  const host = URL.canParse(alertmanager) ? new URL(alertmanager).host : '127.0.0.1:9093';
  return [
    'alerting:                      # prometheus.yml',
    '  alertmanagers:',
    '    - static_configs:',
    `        - targets: ['${host}']`,
  ].join('\n');
}

/** Lines for alertmanager.yml: the route that brings the window alerts here. */
export function routeLines(more: readonly string[] = []): string {
  return [
    'route:                         # alertmanager.yml',
    '  routes:',
    `    - matchers: ['remediation="proactive"']   # in front of the routes that take the alert now`,
    '      receiver: forestall',
    '      group_by: [alertname, prediction_type, resource, host]',
    ...more.map((line) => `      ${line}`),
  ].join('\n');
}

/** Lines for alertmanager.yml: the receiver that posts here. */
export function receiverLines(address: SelfAddress, hasToken: boolean, more: readonly string[] = []): string {
  return [
    'receivers:                     # alertmanager.yml',
    '  - name: forestall',
    '    webhook_configs:',
    `      - url: ${webhookUrl(address)}`,
    ...more.map((line) => `        ${line}`),
    ...(hasToken
      ? ['        http_config:', '          authorization:', `            credentials_file: ${TOKEN_FILE}`]
      : []),
  ].join('\n');
}

/** One key of a route or receiver, with where it stands. */
export function keyLines(where: string, line: string): string {
  return `# alertmanager.yml, at ${where}\n${line}`;
}

export const repeatLine = (interval: number): string => `repeat_interval: ${formatDuration(interval)}`;

export const INHIBIT_LINES = [
  'inhibit_rules:                 # alertmanager.yml',
  `  - source_matchers: ['remediation="manual"']`,
  `    target_matchers: ['remediation="proactive"']`,
  '    equal: [prediction_type, resource, host]',
].join('\n');
