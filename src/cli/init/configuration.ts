import { type Choices, stateFolder } from './choices.ts';
import { replaceAll, replaceOnce } from './replace.ts';

const PLAYBOOKS = ['disk-cleanup', 'resource-pressure', 'drift-reconciliation'];

/** forestall.yaml for this machine: the shipped one, comments and all, with its paths and addresses. */
export function configurationText(shipped: string, choices: Choices): string {
  const { home, directory, systemd, isRoot, prometheus, alertmanager, predictions } = choices;
  let text = replaceOnce(
    shipped,
    '  # bearer_token_file: token                # required as soon as other machines can reach it\n',
    '  # Whoever may ask Forestall to act has to know it. A service reads it from the folder that systemd makes of\n' +
      '  # LoadCredential= (or a container of its secrets), a shell from beside this file.\n' +
      '  bearer_token_file: "${CREDENTIALS_DIRECTORY:-.}/token"\n',
  );
  for (const name of PLAYBOOKS) {
    const program = (file: string) => yaml(`${home}/config/playbooks/${file}`);
    text = replaceOnce(
      text,
      `run: [playbooks/${name}, `,
      systemd && isRoot ? `run: [${program('as-root')}, unit, ${name}, ` : `run: [${program(name)}, `,
    );
  }
  // A file that nobody writes is a source that is down.
  text = replaceOnce(
    text,
    '  files: [../data/predictions.json]         # watched; need not exist yet\n',
    predictions === null
      ? '  files: []                                 # none was found here; watched, such as [../data/predictions.json]\n'
      : `  files: [${yaml(predictions)}]   # watched\n`,
  );
  if (prometheus !== null) {
    text = replaceOnce(
      text,
      '# prometheus: { url: http://127.0.0.1:9090 }',
      `prometheus: { url: ${yaml(prometheus)} }`,
    );
  }
  if (alertmanager !== null) {
    const url = yaml(alertmanager);
    text = replaceOnce(text, '# alertmanager: { url: http://127.0.0.1:9093 }', `alertmanager: { url: ${url} }`);
  }
  text = replaceOnce(
    text,
    '# discord: { webhook_url_file: discord-url }',
    '# discord: { webhook_url_file: "${CREDENTIALS_DIRECTORY:-.}/discord-url" }',
  );
  const state = stateFolder(choices);
  if (state !== `${directory}/data`) text = replaceAll(text, '../data/', `${state}/`);
  if (/^forecast:/m.test(text)) return text;
  // An hourly forecast near the edge of a window leaves it and comes back: the alert holds over several of them.
  text = replaceOnce(text, 'keep_firing_for: 15m', 'keep_firing_for: 6h');
  return `${text}\n${forecastLines(choices)}`;
}

function forecastLines({ mountPoints }: Choices): string {
  const paths = mountPoints.map((path) => yaml(path)).join(', ');
  return [
    '# The built-in forecaster, on what the service samples itself: beside the predictions files, or instead of them.',
    'forecast:',
    '  resources:',
    ...(paths === ''
      ? []
      : [`    - { prediction_type: disk_exhaustion, source: local, paths: [${paths}], critical: 0.90 }`]),
    '    - { prediction_type: memory_exhaustion, source: local, resource: system_memory, critical: 0.95 }',
    '',
  ].join('\n');
}

/** One scalar, which stands for itself. */
function yaml(text: string): string {
  const value = literal(text);
  return /^[A-Za-z0-9/._][A-Za-z0-9/._:-]*$/.test(value) && !value.endsWith(':') ? value : JSON.stringify(value);
}

/** As a text that the configuration expands to itself. */
function literal(text: string): string {
  return text.split('${').join('$${');
}

interface Mapping {
  readonly prediction_type: string;
  readonly resource_filter: string;
  readonly action: { readonly playbook: string };
}

/** The shipped mapping, in dry run mode, with the disk's entry once for each mount point. */
export function mappingText(shipped: string, { mountPoints }: Choices, playbooks: readonly string[]): string {
  const document = JSON.parse(shipped) as { mappings: Mapping[]; global_settings: object };
  const mappings = document.mappings
    .filter(({ action }) => playbooks.includes(action.playbook))
    .flatMap((mapping) =>
      mapping.prediction_type === 'disk_exhaustion' && mapping.resource_filter === '/'
        ? mountPoints.map((path) => ({ ...mapping, resource_filter: literal(path) }))
        : [mapping],
    );
  const global_settings = { ...document.global_settings, dry_run_mode: true };
  return `${JSON.stringify({ ...document, mappings, global_settings }, null, 2)}\n`;
}

export const SHIPPED_PLAYBOOKS: readonly string[] = PLAYBOOKS;
