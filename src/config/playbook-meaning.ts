import { type Issue, valueAt } from '../mapping/issue.ts';

/** What looks like a placeholder of an argument; `${NAME}` is not one. */
const PLACEHOLDER = /(?<!\$)\{[a-z_]+(?:\.[^{}\s]+)?\}/g;
const KNOWN_PLACEHOLDER =
  /^\{(?:playbook|resource|host|prediction_type|days_until_critical|label\.[^{}]+|parameter\.[^{}]+)\}$/;

/** What belongs to one runner only. */
const OF_PROGRAMS = ['run', 'dry_run'] as const;
const OF_ANSIBLE = ['playbook', 'inventory', 'extra_vars'] as const;

/** What the service sets itself for Ansible, whatever its configuration files say. */
export const ANSIBLE_OWN_ENVIRONMENT: readonly string[] = [
  'ANSIBLE_CALLBACKS_ENABLED',
  'ANSIBLE_CALLBACK_PLUGINS',
  'ANSIBLE_CHECK_MODE_MARKERS',
  'ANSIBLE_HOST_KEY_CHECKING',
  'ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED',
  'ANSIBLE_LOCAL_TEMP',
  'ANSIBLE_NOCOLOR',
  'ANSIBLE_NOCOWS',
  'ANSIBLE_RETRY_FILES_ENABLED',
  'ANSIBLE_SSH_CONTROL_PATH_DIR',
  'ANSIBLE_STDOUT_CALLBACK',
  'PYTHONDONTWRITEBYTECODE',
];

export function playbookIssues(name: string, playbook: unknown): Issue[] {
  const path = ['playbooks', name];
  const isAnsible = valueAt(playbook, ['runner']) === 'ansible';
  const issues = isAnsible ? ansibleIssues(playbook, path) : programPlaybookIssues(playbook, path);
  const env = valueAt(playbook, ['env']);
  for (const variable of isMap(env) ? Object.keys(env) : []) {
    const isOfPlays = isAnsible && ANSIBLE_OWN_ENVIRONMENT.includes(variable);
    if (!variable.startsWith('FORESTALL_') && !isOfPlays) continue;
    const message = isOfPlays
      ? 'is set by the service itself for every play: remove it'
      : 'is set by the service itself for every playbook: choose another name';
    issues.push({ path: [...path, 'env', variable], on: 'key', message });
  }
  return issues;
}

function programPlaybookIssues(playbook: unknown, path: readonly string[]): Issue[] {
  const issues = foreignKeys(playbook, path, OF_ANSIBLE, 'runner: ansible');
  if (valueAt(playbook, ['run']) === undefined) {
    const message = 'missing, expected a program and its arguments such as [playbooks/disk-cleanup, "{resource}"]';
    issues.push({ path: [...path, 'run'], on: 'value', message });
  }
  for (const key of OF_PROGRAMS) {
    const program = valueAt(playbook, [key, 0]);
    if (program !== undefined) issues.push(...programIssues(program, [...path, key, 0]));
  }
  return issues;
}

function ansibleIssues(playbook: unknown, path: readonly string[]): Issue[] {
  const issues = foreignKeys(playbook, path, OF_PROGRAMS, 'runner: program');
  for (const [key, example] of [
    ['playbook', 'ansible/disk-cleanup.yml'],
    ['inventory', 'ansible/hosts.yml'],
  ] as const) {
    const written = valueAt(playbook, [key]);
    const problem = written === undefined ? 'missing' : fixedPathProblem(written);
    if (problem === null) continue;
    issues.push({ path: [...path, key], on: 'value', message: `${problem}, expected a path such as ${example}` });
  }
  const variables = valueAt(playbook, ['extra_vars']);
  for (const variable of isMap(variables) ? Object.keys(variables) : []) {
    if (!variable.startsWith('ansible_')) continue;
    const message = 'says how a host is reached, which no prediction may choose: set it in the inventory';
    issues.push({ path: [...path, 'extra_vars', variable], on: 'key', message });
  }
  return issues;
}

/** Ansible reads a comma as a list of hosts; a brace would be a placeholder. */
function fixedPathProblem(written: unknown): string | null {
  if (typeof written !== 'string' || written === '') return null;
  return /[,{}]/.test(written) ? `found ${JSON.stringify(written)}, which holds a comma or a brace` : null;
}

function foreignKeys(playbook: unknown, path: readonly string[], keys: readonly string[], of: string): Issue[] {
  return keys
    .filter((key) => valueAt(playbook, [key]) !== undefined)
    .map((key) => ({ path: [...path, key], on: 'key', message: `is for ${of} only: remove it, or set the runner` }));
}

/** What runs is never chosen by a prediction. */
export function programIssues(program: unknown, path: readonly (string | number)[]): Issue[] {
  if (typeof program !== 'string') return [];
  if (program === '' || program.endsWith('/') || program.startsWith('-')) {
    const message = `found ${JSON.stringify(program)}, expected a program: a path with /, or a name to find on PATH`;
    return [{ path, on: 'value', message }];
  }
  if (program.match(PLACEHOLDER) === null) return [];
  const message = `found ${JSON.stringify(program)}, expected a fixed program: placeholders are for arguments only`;
  return [{ path, on: 'value', message }];
}

/** What is accepted and looks like a mistake. */
export function playbookWarnings(name: string, playbook: unknown): Issue[] {
  const warnings: Issue[] = [];
  const run = valueAt(playbook, ['run']);
  const dryRun = valueAt(playbook, ['dry_run']);
  if (dryRun !== undefined && JSON.stringify(run) === JSON.stringify(dryRun)) {
    const message =
      'the dry run is the same command as the run: nothing but $FORESTALL_PHASE tells the program not to act';
    warnings.push({ path: ['playbooks', name, 'dry_run'], on: 'key', message });
  }
  for (const key of ['run', 'dry_run', 'extra_vars']) {
    const values = valueAt(playbook, [key]);
    if (typeof values !== 'object' || values === null) continue;
    const places = Array.isArray(values) ? values.map((value, at) => [at, value] as const) : Object.entries(values);
    for (const [at, argument] of places) {
      for (const [placeholder] of String(argument).matchAll(PLACEHOLDER)) {
        if (KNOWN_PLACEHOLDER.test(placeholder)) continue;
        const what = placeholder.includes('.')
          ? 'is passed as it stands'
          : 'keeps the playbook from ever being started';
        const message = `${placeholder} is no placeholder and ${what}; placeholders are {playbook} {resource} {host} {prediction_type} {days_until_critical} {label.NAME} {parameter.NAME}`;
        warnings.push({ path: ['playbooks', name, key, at], on: 'value', message });
      }
    }
  }
  return warnings;
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
