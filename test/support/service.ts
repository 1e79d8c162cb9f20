import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { tempDir } from './temp.ts';
import { eventually } from './wait.ts';

const ROOT = resolve(fileURLToPath(new URL('../..', import.meta.url)));
const MAIN = join(ROOT, 'src/main.ts');
export const RECORDING_PLAYBOOK = join(ROOT, 'test/programs/recording-playbook');
export const TOKEN = 'test-token-0123456789';

type Json = Record<string, unknown>;

/** A folder with a configuration in which everything permits, and a playbook that records its own starts. */
export interface Home {
  readonly folder: string;
  readonly config: string;
  readonly mapping: string;
  readonly predictions: string;
  readonly database: string;
  /** Starts and ends as the playbook itself wrote them: `run EXECUTION_ID ARGUMENTS`. */
  records(): readonly string[];
  /** The same with when each was written, as a last word `@MILLISECONDS`. */
  timedRecords(): readonly string[];
  /** Starts of the real run, as the playbook itself wrote them. */
  runs(): readonly string[];
  /** Replaces the configuration, the mapping or the predictions by rename. */
  writeConfig(change: (config: Json) => Json): void;
  writeMapping(change: (mapping: any) => Json): void;
  writePredictions(predictions: readonly Json[]): void;
}

export interface HomeOptions {
  readonly config?: (config: Json) => Json;
  readonly mapping?: (mapping: any) => Json;
  /** Environment of the recording playbook. */
  readonly env?: Record<string, string>;
}

export const DISK: Json = {
  prediction_type: 'disk_exhaustion',
  resource: '/data',
  days_until_critical: 8.2,
  confidence: 0.85,
};

/** A new home; `DISK` is its one prediction. */
export function makeHome(options: HomeOptions = {}): Home {
  const folder = tempDir();
  const record = join(folder, 'record.txt');
  const write = (path: string, value: unknown): void => {
    writeFileSync(`${path}.new`, `${JSON.stringify(value, null, 2)}\n`);
    renameSync(`${path}.new`, path);
  };
  const read = (path: string): Json => JSON.parse(readFileSync(path, 'utf8')) as Json;
  const home: Home = {
    folder,
    config: join(folder, 'forestall.json'),
    mapping: join(folder, 'action-mapping.json'),
    predictions: join(folder, 'predictions.json'),
    database: join(folder, 'forestall.db'),
    records: () => home.timedRecords().map(withoutTime),
    timedRecords: () => linesOf(record),
    runs: () => home.records().filter((line) => line.startsWith('run ')),
    writeConfig: (change) => write(home.config, change(read(home.config))),
    writeMapping: (change) => write(home.mapping, change(read(home.mapping))),
    writePredictions: (predictions) => write(home.predictions, { predictions }),
  };
  const config: Json = {
    web: { listen: '127.0.0.1:0', bearer_token: TOKEN },
    store: 'sqlite:forestall.db',
    mapping: 'action-mapping.json',
    predictions: { files: ['predictions.json'] },
    playbooks: {
      recording: {
        version: '1.0',
        run: [RECORDING_PLAYBOOK, '{resource}'],
        env: { RECORD_FILE: record, RECORD_TIMES: '1', ...options.env },
      },
    },
    context_log: 'issues.json',
    log_dir: 'logs',
    textfile: 'proactive-remediation.prom',
  };
  const mapping: Json = {
    version: '1.0',
    mappings: [
      {
        prediction_type: 'disk_exhaustion',
        resource_filter: '/data',
        conditions: { min_days_until_critical: 3, max_days_until_critical: 14, min_confidence: 0.7 },
        action: { playbook: 'recording', version: '1.0', max_executions_per_week: 2, cooldown_hours: 48 },
        safety_checks: ['memory_usage < 100%'],
      },
    ],
    global_settings: {
      enable_auto_remediation: true,
      dry_run_mode: false,
      require_confirmation: false,
      max_daily_executions: 5,
      notification_channel: 'discord',
    },
  };
  mkdirSync(folder, { recursive: true });
  write(home.config, options.config?.(config) ?? config);
  write(home.mapping, options.mapping?.(mapping) ?? mapping);
  home.writePredictions([DISK]);
  return home;
}

/** What playbooks wrote to the file in which they record what they do. */
export const linesOf = (record: string): readonly string[] =>
  existsSync(record) ? readFileSync(record, 'utf8').split('\n').filter(Boolean) : [];

export const withoutTime = (line: string): string => line.replace(/ @\d+$/, '');

export interface Service {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Log lines so far, as objects; of a very long log the newest. */
  log(): readonly Json[];
  /** What it wrote to stderr so far, from the same line on. */
  stderr(): string;
  get(path: string, init?: RequestInit): Promise<Response>;
  json<T = any>(path: string, init?: RequestInit): Promise<T>;
  post(path: string, body: unknown, init?: RequestInit): Promise<Response>;
  signal(signal: NodeJS.Signals): void;
  /** Ends it; the exit code, or null when the signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** Resolves when it is gone by itself. */
  exited(): Promise<number | null>;
}

/** Characters of a log that are kept: a storm of an hour writes more than a string can hold. */
const LONGEST_LOG = 200_000_000;

const running = new Set<ChildProcess>();

/** Environment of everything that tests start: nothing of the caller's but PATH. The cache halves the time of a start. */
export const ENV: NodeJS.ProcessEnv = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  TZ: 'UTC',
  NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/forestall-tests'),
};

/** Starts `forestall serve` as a process of its own; `wrapper` goes before the program (strace, prlimit), `main` is another one. */
export async function startService(
  home: Pick<Home, 'folder' | 'config'>,
  {
    wrapper = [],
    env = {},
    main = MAIN,
  }: { readonly wrapper?: readonly string[]; readonly env?: Record<string, string>; readonly main?: string } = {},
): Promise<Service> {
  const argv = [
    ...wrapper,
    process.execPath,
    main,
    'serve',
    '--config',
    home.config,
    '--log-format',
    'json',
    '--log-level',
    'debug',
  ];
  const child = spawn(argv[0]!, argv.slice(1), {
    cwd: home.folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...ENV, ...env },
  });
  running.add(child);
  const exit = once(child, 'exit') as Promise<[number | null]>;
  let text = '';
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (text.length > LONGEST_LOG) text = text.slice(text.indexOf('\n', text.length - LONGEST_LOG / 2) + 1);
  });
  const log = (): readonly Json[] =>
    text
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Json);
  const listening = eventually(
    () => {
      const address = log().find((line) => typeof line['address'] === 'string')?.['address'];
      return address === undefined ? null : Number(String(address).split(':').at(-1));
    },
    { timeout: 60_000 },
  );
  const ended = exit.then(() => {
    throw new Error(`serve ended: ${text}`);
  });
  ended.catch(() => {});
  const port = await Promise.race([listening, ended]);
  const url = `http://127.0.0.1:${port}`;
  const authorized = (init: RequestInit = {}): RequestInit => ({
    ...init,
    headers: { authorization: `Bearer ${TOKEN}`, ...(init.headers as Record<string, string>) },
  });
  const service: Service = {
    url,
    port,
    pid: child.pid!,
    log,
    stderr: () => text,
    get: (path, init) => fetch(url + path, authorized(init)),
    json: async (path, init) => (await (await service.get(path, init)).json()) as any,
    post: (path, body, init = {}) =>
      fetch(
        url + path,
        authorized({
          method: 'POST',
          body: typeof body === 'string' ? body : JSON.stringify(body),
          ...init,
          headers: { 'content-type': 'application/json', ...(init.headers as Record<string, string>) },
        }),
      ),
    signal: (signal) => void child.kill(signal),
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return (await exit)[0];
    },
    exited: async () => (await exit)[0],
  };
  return service;
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command of the command line to its end. */
export async function forestall(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Record<string, string> } = {},
): Promise<Finished> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: options.cwd ?? ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...ENV, ...options.env },
  });
  running.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** One alert in Alertmanager's words, for `DISK` unless told otherwise. */
export function alertBody(labels: Record<string, string> = {}, more: Json = {}): Json {
  const alert = {
    status: 'firing',
    labels: { alertname: 'DiskExhaustionPredicted', prediction_type: 'disk_exhaustion', resource: '/data', ...labels },
    annotations: {},
    startsAt: new Date().toISOString(),
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: '',
    fingerprint: 'c0ffee0000000001',
    ...more,
  };
  return {
    version: '4',
    groupKey: '{}:{}',
    truncatedAlerts: 0,
    status: 'firing',
    receiver: 'forestall',
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: 'http://alertmanager',
    alerts: [alert],
  };
}

/** Waits until this execution has ended; the execution. */
export async function ended(service: Service, id: string, timeout = 20_000): Promise<any> {
  return await eventually(
    async () => {
      const execution = await service.json(`/api/v1/executions/${id}`);
      return execution.finished_at === null ? null : execution;
    },
    { timeout },
  );
}

afterAll(async () => {
  for (const child of running) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
});
