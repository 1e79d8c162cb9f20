import { typeByName } from '../prediction/by-name.ts';
import { isGrafanasOwn } from './grafana.ts';
import { found, type Issue, type IssuePath, valueAt } from './issue.ts';
import type { Mapping } from './mapping.ts';
import type { MappingEntry } from './schema.ts';

/** What only a mapping of predictions has, and why one by `alertname` has it not. */
const OF_PREDICTIONS = {
  prediction_type: 'a mapping names one of them: remove the other',
  resource_filter: 'which alerts it is for is said by labels, such as {"service": "web*"}: remove it',
  conditions: 'an alert has no days and no confidence, and its own rule says when it fires: remove them',
} as const;

/** What only a mapping by `alertname` has. */
const OF_ALERTS = ['labels', 'resource', 'resource_label'] as const;

/** What a mapping of predictions cannot do without, as the schema would say it. */
const EXPECTED = {
  prediction_type: 'a prediction type such as disk_exhaustion, or an alertname in its place',
  resource_filter: 'a resource or a glob such as "/", "/srv/*" or "*"',
  conditions: 'a map of keys and values',
} as const;

/** A mapping is one of predictions or one by `alertname`: each has keys of its own. */
export function kindIssues(entry: unknown, path: IssuePath): Issue[] {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return [];
  const has = (key: string) => valueAt(entry, [key]) !== undefined;
  const issue = (key: string, on: Issue['on'], message: string): Issue => ({ path: [...path, key], on, message });
  const predictions = Object.entries(OF_PREDICTIONS);
  const alertname = valueAt(entry, ['alertname']);
  if (alertname === undefined) {
    const missing = Object.entries(EXPECTED).filter(([key]) => !has(key));
    return [
      ...missing.map(([key, expected]) => issue(key, 'value', `missing, expected ${expected}`)),
      ...OF_ALERTS.filter(has).map((key) =>
        issue(key, 'key', 'belongs to a mapping by alertname: name the alert, or remove it'),
      ),
    ];
  }
  const issues = predictions
    .filter(([key]) => has(key))
    .map(([key, why]) => issue(key, 'key', `found ${key} beside alertname: ${why}`));
  if (typeof alertname === 'string' && isGrafanasOwn(alertname)) {
    const message = `found ${found(alertname)}, by which Grafana reports on itself: it never runs anything`;
    issues.push(issue('alertname', 'value', message));
  }
  if (has('resource') && has('resource_label')) {
    issues.push(issue('resource_label', 'key', 'found both resource and resource_label, expected one of them'));
  }
  return issues;
}

/** The id of an entry that gives none; null where that cannot be told. */
export function idWithout(entry: unknown): string | null {
  const text = (key: string): string | null => {
    const value = valueAt(entry, [key]);
    return typeof value === 'string' ? value : null;
  };
  const alertname = text('alertname');
  if (alertname !== null) return idByName(alertname, valueAt(entry, ['labels']) ?? {});
  const [type, filter] = [text('prediction_type'), text('resource_filter')];
  return type === null || filter === null ? null : `${type}:${filter}`;
}

/** `alert:ContainerDown`, with labels `alert:ContainerDown{name="web*"}`. */
function idByName(alertname: string, labels: object): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return typeByName(alertname) + (pairs.length === 0 ? '' : `{${pairs.sort().join(',')}}`);
}

/** An entry of which nothing is wrong. Nothing that an alert has not is asked of it: every condition holds. */
export function mappingFrom(entry: MappingEntry): Mapping {
  const { id, prediction_type, resource_filter, conditions, alertname, labels, resource, resource_label } = entry;
  const { action, safety_checks } = entry;
  return {
    id: id ?? idWithout(entry) ?? '',
    alert:
      alertname === undefined
        ? null
        : { alertname, labels, resource: resource ?? null, resource_label: resource_label ?? null },
    prediction_type: alertname === undefined ? (prediction_type ?? '') : typeByName(alertname),
    resource_filter: resource_filter ?? '*',
    conditions: conditions ?? NO_CONDITIONS,
    action,
    safety_checks,
  };
}

const NO_CONDITIONS: Mapping['conditions'] = {
  min_days_until_critical: null,
  max_days_until_critical: null,
  min_confidence: 0,
  min_consecutive: 1,
};
