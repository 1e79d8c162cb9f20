import { type Issue, valueAt } from '../mapping/issue.ts';
import { LOCAL_RESOURCES, nameOf } from './forecast-schema.ts';

/** The keys of one source that mean nothing to the other. */
const KEYS_OF = {
  local: ['paths', 'measure', 'host'],
  prometheus: ['name', 'query', 'resource_label', 'host_label', 'step', 'max_series'],
} as const;

/** What the keys of `forecast.resources` mean to each other; works on any document, also one whose shape is wrong. */
export function forecastIssues(document: unknown): Issue[] {
  const resources = valueAt(document, ['forecast', 'resources']);
  if (!Array.isArray(resources)) return [];
  const names = new Map<string, number>();
  return resources.flatMap((resource, at): Issue[] => {
    const has = (key: string) => valueAt(resource, [key]) !== undefined;
    const source = valueAt(resource, ['source']);
    if (source !== 'local' && source !== 'prometheus') return [];
    const issue = (key: string, message: string, on: Issue['on'] = 'value'): Issue => {
      return { path: ['forecast', 'resources', at, key], on, message };
    };
    const other = source === 'local' ? 'prometheus' : 'local';
    return [
      ...KEYS_OF[other]
        .filter(has)
        .map((key) => issue(key, `belongs to the source ${other}, found in one of ${source}: remove it`, 'key')),
      ...(source === 'local' ? localIssues(resource, issue) : prometheusIssues(resource, document, issue)),
      ...(source === 'prometheus' ? nameIssues(resource, at, names, issue) : []),
    ];
  });
}

type Say = (key: string, message: string, on?: Issue['on']) => Issue;

function localIssues(resource: unknown, issue: Say): Issue[] {
  const [paths, named, measure, critical] = ['paths', 'resource', 'measure', 'critical'].map((key) =>
    valueAt(resource, [key]),
  );
  const issues: Issue[] = [];
  if (paths === undefined && named === undefined) {
    issues.push(issue('paths', 'missing, expected for the source local, or resource: system_memory or system_swap'));
  } else if (paths !== undefined && named !== undefined) {
    issues.push(issue('resource', 'found beside paths, expected one of them: write two resources', 'key'));
  } else if (typeof named === 'string' && !Object.hasOwn(LOCAL_RESOURCES, named)) {
    const found = JSON.stringify(named);
    issues.push(issue('resource', `found ${found}, expected system_memory or system_swap; disks are named by paths`));
  }
  if (measure !== undefined && paths === undefined) {
    issues.push(issue('measure', 'is for disks, found without paths: remove it', 'key'));
  }
  if (typeof critical === 'number' && critical > 1) {
    issues.push(issue('critical', `found ${critical}, expected a share of the whole, at most 1: 90 percent are 0.9`));
  }
  return issues;
}

function prometheusIssues(resource: unknown, document: unknown, issue: Say): Issue[] {
  const has = (key: string) => valueAt(resource, [key]) !== undefined;
  const issues: Issue[] = [];
  if (!has('query')) issues.push(issue('query', 'missing, expected for the source prometheus'));
  if (!has('resource') && !has('resource_label')) {
    issues.push(issue('resource', 'missing, expected a name here or the label that holds it as resource_label'));
  } else if (has('resource') && has('resource_label')) {
    issues.push(issue('resource_label', 'found beside resource, expected one of them', 'key'));
  }
  if (valueAt(document, ['prometheus', 'url']) === undefined) {
    issues.push(issue('source', 'asks Prometheus, and no prometheus.url is configured: set it'));
  }
  return issues;
}

/** Two of one name would be one source to whoever watches it. */
function nameIssues(resource: unknown, at: number, names: Map<string, number>, issue: Say): Issue[] {
  const text = (key: string) => {
    const value = valueAt(resource, [key]);
    return typeof value === 'string' ? value : undefined;
  };
  const [name, prediction_type, named, label] = ['name', 'prediction_type', 'resource', 'resource_label'].map(text);
  if (prediction_type === undefined || (name ?? named ?? label) === undefined) return [];
  const source = nameOf({ name, prediction_type, resource: named, resource_label: label });
  const known = names.get(source);
  if (known === undefined) {
    names.set(source, at);
    return [];
  }
  const message = `the name ${JSON.stringify(source)} is that of resources[${known}] too: give one of them another name`;
  return [issue('name', message)];
}
