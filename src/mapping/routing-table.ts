import { isGrafanasOwn } from './grafana.ts';
import { found, type Issue, valueAt } from './issue.ts';

/** One entry of `mappings`, as JSON. */
interface ConvertedMapping {
  readonly alertname: string;
  readonly resource?: string;
  readonly resource_label?: string;
  readonly action: Readonly<Record<string, unknown>>;
}

export interface ConvertedTable {
  /** The document of `action-mapping.json`. */
  readonly mapping: {
    readonly version: string;
    readonly mappings: readonly ConvertedMapping[];
    readonly global_settings: Readonly<Record<string, unknown>>;
  };
  /** By the name of each playbook the arguments that its alerts give it. */
  readonly playbooks: ReadonlyMap<string, readonly string[]>;
  /** Null: the table does not say. */
  readonly circuit_breaker: { readonly failures: number; readonly reset_minutes: number } | null;
  /** What could not be carried over, or means something else here: one sentence each. */
  readonly notes: readonly string[];
}

/** Below this a route without a word on confirmation was for people. */
const SURE = 90;
const VERSION = '1.0';
const KNOWN_ROUTE = ['alert', 'playbook', 'parameter', 'requires_confirmation', 'confidence'];
const KNOWN_CONFIG = ['rate_limit', 'circuit_breaker'];
const KNOWN_RATE = ['cooldown_minutes', 'max_executions_per_hour', 'max_executions_per_alert'];

/**
 * A routing table of alerts to playbooks (`routes`, `config.rate_limit`, `config.circuit_breaker`, `service_overrides`) as
 * a mapping in dry run mode, or what keeps it from being read. Nothing is guessed towards more runs: a route that was not
 * sure enough waits for confirmation.
 */
export function convertRoutingTable(document: unknown): ConvertedTable | { readonly issues: readonly Issue[] } {
  const routes = valueAt(document, ['routes']);
  if (!Array.isArray(routes)) {
    const message = `found ${found(routes ?? null)}, expected a list of routes with alert and playbook`;
    return { issues: [{ path: ['routes'], on: 'value', message }] };
  }
  const issues: Issue[] = [];
  const notes: string[] = [];
  const limits = limitsFrom(document, notes);
  const mappings: ConvertedMapping[] = [];
  const flags = new Map<string, Flags[]>();
  routes.forEach((route: unknown, at) => {
    const read = readRoute(route, at, issues);
    if (read === null) return;
    const { alertname, playbook } = read;
    if (playbook === null || isGrafanasOwn(alertname)) {
      notes.push(`${alertname}: no playbook, so no mapping; it is ignored here as well`);
      return;
    }
    flags.set(playbook, [...(flags.get(playbook) ?? []), read.flags]);
    mappings.push(mappingOf(read, playbook, limits, notes));
  });
  if (issues.length > 0) return { issues };
  notes.push(...unknownKeys(document, routes));
  return {
    mapping: { version: VERSION, mappings, global_settings: settingsFrom(document) },
    playbooks: new Map([...flags].map(([playbook, all]) => [playbook, argumentsOf(playbook, all, notes)])),
    circuit_breaker: breakerFrom(document),
    notes,
  };
}

/** `--name value` pairs, by name. */
type Flags = ReadonlyMap<string, string>;

interface Route {
  readonly alertname: string;
  readonly playbook: string | null;
  readonly flags: Flags;
  readonly confirm: boolean | null;
  readonly confidence: number | null;
}

function readRoute(route: unknown, at: number, issues: Issue[]): Route | null {
  const refuse = (key: string, message: string) => {
    issues.push({ path: ['routes', at, key], on: 'value', message });
    return null;
  };
  const alertname = valueAt(route, ['alert']);
  const playbook = valueAt(route, ['playbook']);
  const parameter = valueAt(route, ['parameter']) ?? '';
  const confirm = valueAt(route, ['requires_confirmation']);
  const confidence = valueAt(route, ['confidence']);
  if (typeof alertname !== 'string' || alertname === '') {
    return refuse('alert', `found ${found(alertname ?? null)}, expected the name of an alert`);
  }
  if (playbook !== undefined && typeof playbook !== 'string') {
    return refuse('playbook', `found ${found(playbook)}, expected the name of a playbook, or none`);
  }
  const flags = typeof parameter === 'string' ? readFlags(parameter) : null;
  if (flags === null) {
    return refuse('parameter', `found ${found(parameter)}, expected pairs such as "--service web --tier 1"`);
  }
  return {
    alertname,
    playbook: playbook === undefined || playbook === 'none' ? null : playbook,
    flags,
    confirm: typeof confirm === 'boolean' ? confirm : null,
    confidence: typeof confidence === 'number' ? confidence : null,
  };
}

function readFlags(text: string): Flags | null {
  const words = text.trim() === '' ? [] : text.trim().split(/\s+(?![^{]*\}\})/);
  const flags = new Map<string, string>();
  for (let at = 0; at < words.length; at += 2) {
    const [, name] = /^--([A-Za-z_][\w-]*)$/.exec(words[at] ?? '') ?? [];
    const value = words[at + 1];
    if (name === undefined || value === undefined || value.startsWith('--')) return null;
    flags.set(name, value);
  }
  return flags;
}

/** The label that a value takes its text from, as in `{{.Labels.name}}`; null where it stands for itself. */
function labelIn(value: string): string | null {
  return /^\{\{-?\s*\.Labels\.([A-Za-z_]\w*)\s*-?\}\}$/.exec(value)?.[1] ?? null;
}

/** What an alert is about is said by this argument, where there is one. */
const SUBJECT = 'service';

function mappingOf(route: Route, playbook: string, limits: object, notes: string[]): ConvertedMapping {
  const { alertname, flags, confirm, confidence } = route;
  const subject = flags.get(SUBJECT);
  const label = subject === undefined ? null : labelIn(subject);
  const parameters = [...flags].filter(([name, value]) => name !== SUBJECT && labelIn(value) === null);
  const unsure = confirm === null && confidence !== null && confidence < SURE;
  if (unsure)
    notes.push(`${alertname}: its confidence of ${confidence} is below ${SURE}, so it waits for confirmation`);
  return {
    alertname,
    ...(subject === undefined ? {} : label === null ? { resource: subject } : { resource_label: label }),
    action: {
      playbook,
      version: VERSION,
      ...limits,
      ...(confirm === null && !unsure ? {} : { require_confirmation: confirm ?? true }),
      ...(parameters.length === 0 ? {} : { parameters: Object.fromEntries(parameters) }),
    },
  };
}

/** The arguments of a playbook: what it is about, what a label says, and what differs from route to route. */
function argumentsOf(playbook: string, all: readonly Flags[], notes: string[]): readonly string[] {
  const names = [...new Set(all.flatMap((flags) => [...flags.keys()]))];
  return names.flatMap((name) => {
    const values = all.map((flags) => flags.get(name));
    const labels = new Set(values.map((value) => (value === undefined ? null : labelIn(value))));
    const [label] = labels;
    if (name === SUBJECT) return [`--${name}`, '{resource}'];
    if (values.includes(undefined) || labels.size > 1) {
      notes.push(`${playbook}: its routes do not agree on --${name}: give those that differ a playbook of their own`);
    }
    return [`--${name}`, label ? `{label.${label}}` : `{parameter.${name}}`];
  });
}

function limitsFrom(document: unknown, notes: string[]): Readonly<Record<string, unknown>> {
  const rate = (key: string) => {
    const value = valueAt(document, ['config', 'rate_limit', key]);
    return typeof value === 'number' && value >= 0 ? value : null;
  };
  const [cooldown, overall, perAlert] = KNOWN_RATE.map(rate) as [number | null, number | null, number | null];
  if (overall !== null) {
    const instead = perAlert === null ? ' here it holds for each playbook;' : '';
    notes.push(
      `config.rate_limit.max_executions_per_hour: ${overall} runs of all playbooks in an hour is no limit of Forestall:${instead} set global_settings.max_daily_executions, which counts 24 hours`,
    );
  }
  if (perAlert !== null) {
    notes.push(
      `config.rate_limit.max_executions_per_alert: ${perAlert} runs in an hour are counted for the playbook, over all of its alerts`,
    );
  }
  const runs = perAlert ?? overall;
  return {
    ...(cooldown === null ? {} : { cooldown_hours: cooldown / 60 }),
    ...(runs === null || runs < 1 ? {} : { limits: [{ runs, per: '1h' }] }),
  };
}

function settingsFrom(document: unknown): Readonly<Record<string, unknown>> {
  const overrides = valueAt(document, ['service_overrides']);
  const exclude = Array.isArray(overrides) ? overrides.filter((name) => typeof name === 'string') : [];
  return { dry_run_mode: true, ...(exclude.length === 0 ? {} : { exclude }) };
}

function breakerFrom(document: unknown): ConvertedTable['circuit_breaker'] {
  const [failures, reset_minutes] = ['failure_threshold', 'reset_timeout_minutes'].map((key) =>
    valueAt(document, ['config', 'circuit_breaker', key]),
  );
  return typeof failures === 'number' && typeof reset_minutes === 'number' ? { failures, reset_minutes } : null;
}

/** Keys that nothing here stands for, each once. */
function unknownKeys(document: unknown, routes: readonly unknown[]): string[] {
  const keysOf = (value: unknown) => (typeof value === 'object' && value !== null ? Object.keys(value) : []);
  const left = [
    ...new Set(routes.flatMap(keysOf).filter((key) => !KNOWN_ROUTE.includes(key))),
    ...keysOf(valueAt(document, ['config']))
      .filter((key) => !KNOWN_CONFIG.includes(key))
      .map((key) => `config.${key}`),
    ...keysOf(document).filter((key) => !['routes', 'config', 'service_overrides'].includes(key)),
  ];
  return left.length === 0 ? [] : [`not carried over: ${left.join(', ')}`];
}
