import { type Issue, valueAt } from '../mapping/issue.ts';
import { forecastIssues } from './forecast-meaning.ts';
import { isLoopback, parseListen } from './listen.ts';
import { isMap, playbookIssues, playbookWarnings, programIssues } from './playbook-meaning.ts';
import { isPostgres, readStore } from './store.ts';

/** What the parts of forestall.yaml mean to each other; works on any document, also one whose shape is wrong. */
export function meaningIssues(document: unknown): Issue[] {
  return [
    ...webIssues(document),
    ...storeIssues(document),
    ...each(document, 'playbooks').flatMap(([name, playbook]) => playbookIssues(name, playbook)),
    ...each(document, 'facts').flatMap(([name, fact]) => factIssues(name, fact, document)),
    ...backupUnitIssues(document),
    ...forecastIssues(document),
  ];
}

/** What is accepted and looks like a mistake. */
export function meaningWarnings(document: unknown): Issue[] {
  const warnings: Issue[] = [];
  for (const [name, playbook] of each(document, 'playbooks')) warnings.push(...playbookWarnings(name, playbook));
  const textfile = valueAt(document, ['textfile']);
  if (typeof textfile === 'string' && !textfile.endsWith('.prom')) {
    const message = 'does not end in .prom: the textfile collector of node_exporter reads no other files';
    warnings.push({ path: ['textfile'], on: 'value', message });
  }
  return warnings;
}

function each(document: unknown, key: string): [string, unknown][] {
  const map = valueAt(document, [key]);
  return isMap(map) ? Object.entries(map).filter(([, value]) => isMap(value)) : [];
}

function webIssues(document: unknown): Issue[] {
  const listen = valueAt(document, ['web', 'listen']);
  const address = typeof listen === 'string' ? parseListen(listen) : null;
  if (address === null || isLoopback(address.host)) return [];
  const token = ['bearer_token', 'bearer_token_file'].some((key) => valueAt(document, ['web', key]) !== undefined);
  if (token || valueAt(document, ['web', 'tokens', 0]) !== undefined) return [];
  const message = `found ${JSON.stringify(listen)}, which other machines can reach, and no token: set web.bearer_token_file, or listen on 127.0.0.1`;
  return [{ path: ['web', 'listen'], on: 'value', message }];
}

function storeIssues(document: unknown): Issue[] {
  const store = valueAt(document, ['store']) ?? 'sqlite:../data/forestall.db';
  if (typeof store !== 'string' || store === '') return [];
  const read = readStore(store);
  const issues: Issue[] = 'problem' in read ? [{ path: ['store'], on: 'value', message: read.problem }] : [];
  for (const key of ['store_password', 'store_password_file']) {
    if (valueAt(document, [key]) === undefined) continue;
    if (!isPostgres(store)) {
      issues.push({ path: [key], on: 'key', message: 'is for a store of PostgreSQL: remove it' });
    } else if (!('problem' in read) && read.engine === 'postgres' && read.password !== null) {
      issues.push({
        path: [key],
        on: 'key',
        message: 'found a password here and one in store, expected one: remove it there',
      });
    }
  }
  return issues;
}

function factIssues(name: string, fact: unknown, document: unknown): Issue[] {
  const path = ['facts', name];
  const command = valueAt(fact, ['command']);
  const promql = valueAt(fact, ['promql']);
  if ((command === undefined) === (promql === undefined)) {
    const what = command === undefined ? 'found neither command nor promql' : 'found both command and promql';
    return [{ path, on: 'value', message: `${what}, expected one of them` }];
  }
  if (promql !== undefined && valueAt(document, ['prometheus', 'url']) === undefined) {
    const message = 'asks Prometheus, and no prometheus.url is configured: set it, or use a command';
    return [{ path: [...path, 'promql'], on: 'key', message }];
  }
  return Array.isArray(command) ? programIssues(command[0], [...path, 'command', 0]) : [];
}

/** These are active as long as they wait: naming one would find a backup that never ends. */
function backupUnitIssues(document: unknown): Issue[] {
  const units = valueAt(document, ['backup_units']);
  if (!Array.isArray(units)) return [];
  return units.flatMap((unit, at): Issue[] => {
    if (typeof unit !== 'string' || !/\.(?:timer|path|socket)$/.test(unit)) return [];
    const message = `found ${JSON.stringify(unit)}, which is active while it waits: name the service that it starts`;
    return [{ path: ['backup_units', at], on: 'value', message }];
  });
}
