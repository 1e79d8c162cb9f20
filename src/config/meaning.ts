import { type Issue, valueAt } from '../mapping/issue.ts';
import { forecastIssues } from './forecast-meaning.ts';
import { isLoopback, parseListen } from './listen.ts';

/** What looks like a placeholder of an argument; `${NAME}` is not one. */
const PLACEHOLDER = /(?<!\$)\{[a-z_]+(?:\.[^{}\s]+)?\}/g;
const KNOWN_PLACEHOLDER =
  /^\{(?:playbook|resource|host|prediction_type|days_until_critical|label\.[^{}]+|parameter\.[^{}]+)\}$/;

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
  for (const [name, playbook] of each(document, 'playbooks')) {
    const run = valueAt(playbook, ['run']);
    const dryRun = valueAt(playbook, ['dry_run']);
    if (dryRun !== undefined && JSON.stringify(run) === JSON.stringify(dryRun)) {
      const message =
        'the dry run is the same command as the run: nothing but $FORESTALL_PHASE tells the program not to act';
      warnings.push({ path: ['playbooks', name, 'dry_run'], on: 'key', message });
    }
    for (const key of ['run', 'dry_run']) {
      const argv = valueAt(playbook, [key]);
      if (!Array.isArray(argv)) continue;
      argv.forEach((argument, at) => {
        for (const [placeholder] of String(argument).matchAll(PLACEHOLDER)) {
          if (KNOWN_PLACEHOLDER.test(placeholder)) continue;
          const what = placeholder.includes('.')
            ? 'is passed as it stands'
            : 'keeps the playbook from ever being started';
          const message = `${placeholder} is no placeholder and ${what}; placeholders are {playbook} {resource} {host} {prediction_type} {days_until_critical} {label.NAME} {parameter.NAME}`;
          warnings.push({ path: ['playbooks', name, key, at], on: 'value', message });
        }
      });
    }
  }
  const textfile = valueAt(document, ['textfile']);
  if (typeof textfile === 'string' && !textfile.endsWith('.prom')) {
    const message = 'does not end in .prom: the textfile collector of node_exporter reads no other files';
    warnings.push({ path: ['textfile'], on: 'value', message });
  }
  return warnings;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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
  const store = valueAt(document, ['store']);
  if (typeof store !== 'string' || store === '') return [];
  const issue = (message: string): Issue[] => [{ path: ['store'], on: 'value', message }];
  if (/^postgres(ql)?:/i.test(store)) {
    return issue('found a PostgreSQL URL, expected sqlite:PATH: this version has only the sqlite store');
  }
  const path = store.startsWith('sqlite:') ? store.slice('sqlite:'.length) : '';
  if (path !== '' && path !== ':memory:' && !path.startsWith('//') && !path.endsWith('/')) return [];
  return issue('found another kind of store, expected sqlite:PATH of a file, such as sqlite:../data/forestall.db');
}

function playbookIssues(name: string, playbook: unknown): Issue[] {
  const issues: Issue[] = [];
  for (const key of ['run', 'dry_run']) {
    const program = valueAt(playbook, [key, 0]);
    if (program !== undefined) issues.push(...programIssues(program, ['playbooks', name, key, 0]));
  }
  const env = valueAt(playbook, ['env']);
  for (const variable of isMap(env) ? Object.keys(env) : []) {
    if (!variable.startsWith('FORESTALL_')) continue;
    const message = 'is set by the service itself for every playbook: choose another name';
    issues.push({ path: ['playbooks', name, 'env', variable], on: 'key', message });
  }
  return issues;
}

/** What runs is never chosen by a prediction. */
function programIssues(program: unknown, path: readonly (string | number)[]): Issue[] {
  if (typeof program !== 'string') return [];
  if (program === '' || program.endsWith('/') || program.startsWith('-')) {
    const message = `found ${JSON.stringify(program)}, expected a program: a path with /, or a name to find on PATH`;
    return [{ path, on: 'value', message }];
  }
  if (program.match(PLACEHOLDER) === null) return [];
  const message = `found ${JSON.stringify(program)}, expected a fixed program: placeholders are for arguments only`;
  return [{ path, on: 'value', message }];
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
