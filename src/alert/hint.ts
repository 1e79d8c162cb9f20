import { isObject, own } from './problem.ts';

/** What was probably sent in place of a notification, and what to do about it; null where there is nothing to say. */
export function hintFor(body: unknown): string | null {
  if (Array.isArray(body)) return "a bare array looks like Alertmanager's API: send notifications (webhook_configs)";
  if (!isObject(body)) return null;
  const has = (key: string) => Object.hasOwn(body, key);
  if (has('evalMatches') || (has('ruleId') && has('state'))) {
    return "legacy Grafana alerting is not supported: use Grafana's unified alerting with a webhook contact point";
  }
  if (has('alerts')) return null;
  if (has('text') || has('attachments') || has('blocks')) {
    return 'this looks like a Slack message: use webhook_configs, or a webhook contact point';
  }
  if (has('predictions') || has('prediction_type')) return 'predictions belong to POST /api/v1/predictions';
  return null;
}

/** What to do about a version that is not read. */
export function versionHint(body: object): string {
  const version = own(body, 'version');
  if (version === undefined) return 'is missing: expected "4" (Alertmanager) or "1" (Grafana)';
  const shown =
    typeof version === 'string' ? JSON.stringify(version.toWellFormed().slice(0, 20)) : `the ${typeof version}`;
  const update = version === '3' ? ': use Alertmanager 0.6 or newer' : '';
  return `expected the string "4" (Alertmanager) or "1" (Grafana), found ${shown}${update}`;
}
