import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statfsSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fingerprintOf } from '../src/alert/fingerprint.ts';
import { PLACEHOLDER } from './load-messages.ts';
import { type Program, start } from './processes.ts';

const TOKEN = 'bench-token-0123456789';
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LISTENING = /"address":"127\.0\.0\.1:(\d+)"/;

export const HEADERS: Readonly<Record<string, string>> = {
  authorization: `Bearer ${TOKEN}`,
  'content-type': 'application/json',
};

type Json = Record<string, unknown>;

/** A folder with a configuration, a mapping and predictions of its own. */
export interface Home {
  readonly folder: string;
  readonly config: string;
  readonly database: string;
}

export interface HomeOptions {
  readonly mappings: readonly Json[];
  readonly playbooks: Json;
  readonly predictions?: readonly Json[];
  /** As in the configuration; a file in the folder unless told otherwise. */
  readonly store?: string;
}

const folders = new Set<string>();
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is gone when the bench ends; below `TMPDIR`. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'forestall-bench-'));
  folders.add(folder);
  return folder;
}

const TMPFS = 0x01021994;

/** False where a commit costs nothing, because the ledger would lie in memory. */
export const isOnDisk = (folder: string): boolean => statfsSync(folder).type !== TMPFS;

export function makeHome({ mappings, playbooks, predictions = [], store = 'sqlite:forestall.db' }: HomeOptions): Home {
  const folder = makeFolder();
  const write = (name: string, value: unknown): void => writeFileSync(join(folder, name), JSON.stringify(value));
  write('predictions.json', { predictions });
  write('action-mapping.json', {
    version: '1.0',
    mappings,
    global_settings: { enable_auto_remediation: true, dry_run_mode: false },
  });
  write('forestall.json', {
    web: { listen: '127.0.0.1:0', bearer_token: TOKEN },
    store,
    mapping: 'action-mapping.json',
    predictions: { files: ['predictions.json'] },
    playbooks,
    context_log: 'issues.json',
    log_dir: 'logs',
    textfile: 'forestall.prom',
  });
  return { folder, config: join(folder, 'forestall.json'), database: join(folder, 'forestall.db') };
}

/** A mapping whose window is 3 to 14 days. */
export function mapping(prediction_type: string, resource_filter: string, playbook: string, action: Json = {}): Json {
  return {
    prediction_type,
    resource_filter,
    conditions: { min_days_until_critical: 3, max_days_until_critical: 14, min_confidence: 0.7 },
    action: { playbook, version: '1.0', ...action },
    safety_checks: [],
  };
}

/** A playbook in `bash` that ends at once, after `line`. Writes that there was something to do. */
export function playbook(folder: string, line: string): Json {
  const program = join(folder, 'playbook');
  const result = `printf '{"summary":"done","changes":1}' >"$FORESTALL_RESULT_FILE"`;
  writeFileSync(program, `#!/bin/bash\n${line}\n${result}\n`, { mode: 0o755 });
  return { version: '1.0', run: [program, '{resource}'] };
}

export interface Service extends Program {
  readonly port: number;
  post(path: string, body: string): Promise<any>;
  get(path: string): Promise<any>;
}

let launcher: string | null = null;

/** The launcher as it lies in a package: beside the build, without the sources. */
function installed(): string {
  if (launcher !== null) return launcher;
  const folder = makeFolder();
  launcher = join(folder, 'bin', 'forestall');
  mkdirSync(join(folder, 'bin'));
  copyFileSync(join(ROOT, 'bin', 'forestall'), launcher);
  for (const name of ['dist', 'node_modules']) symlinkSync(join(ROOT, name), join(folder, name));
  return launcher;
}

/** Starts the built service as its package does; `profile` is a folder for its CPU profile. */
export async function startService(home: Home, profile: string | null): Promise<Service> {
  const argv = [installed(), 'serve', '--config', home.config, '--log-format', 'json'];
  const env = profile === null ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` };
  const program = await start(argv, LISTENING, { cwd: home.folder, env });
  const port = Number(program.match[1]);
  const ask = async (path: string, init: RequestInit): Promise<any> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: HEADERS, ...init });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return await answer.json();
  };
  return {
    ...program,
    port,
    post: (path, body) => ask(path, { method: 'POST', body }),
    get: (path) => ask(path, {}),
  };
}

/** One delivery of Alertmanager with one alert; without `annotations` the exporter's values count. */
export function delivery(labels: Record<string, string>, annotations: Record<string, string> = {}): string {
  return deliveryOf([alertOf(labels, annotations)]);
}

/** All alerts fire since then. */
const FIRING_SINCE = new Date().toISOString();

/** One alert of a delivery, with the fingerprint that Prometheus gives to its labels. */
export function alertOf(labels: Record<string, string>, annotations: Record<string, string> = {}) {
  const all = { alertname: 'PredictedExhaustion', severity: 'warning', remediation: 'proactive', ...labels };
  const differs = Object.values(labels).some((value) => value.includes(PLACEHOLDER));
  return {
    status: 'firing',
    labels: all,
    annotations: { summary: 'a prediction is in its window', ...annotations },
    startsAt: FIRING_SINCE,
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: 'http://127.0.0.1:9090/graph?g0.expr=prediction_days_until_critical&g0.tab=1',
    fingerprint: differs ? `c0ffee00${PLACEHOLDER}` : fingerprintOf(all),
  };
}

/** One delivery of Alertmanager, of one group. */
export function deliveryOf(alerts: readonly [ReturnType<typeof alertOf>, ...ReturnType<typeof alertOf>[]]): string {
  return JSON.stringify({
    version: '4',
    groupKey: '{}:{alertname="PredictedExhaustion"}',
    truncatedAlerts: 0,
    status: 'firing',
    receiver: 'forestall',
    groupLabels: { alertname: 'PredictedExhaustion' },
    commonLabels: alerts[0].labels,
    commonAnnotations: alerts[0].annotations,
    externalURL: 'http://127.0.0.1:9093',
    alerts,
  });
}
