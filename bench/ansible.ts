/**
 * A fleet by Forestall beside plain `ansible-playbook`: `node bench/ansible.ts [--hosts 200] [--parallel 2] [--json]`. Hosts
 * are this machine by local connections, so that what is measured is starting, not networks. Some seconds a host.
 *
 * - all: one `ansible-playbook` over all hosts, for check and run;
 * - each: what Forestall starts, by hand: check and run of each host by itself, so many at once;
 * - forestall: one `forestall run` over a prediction a host, so many at once.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeFolder } from './home.ts';

const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: '200' },
    parallel: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
});
const hosts = Number(values.hosts);
const parallel = Number(values.parallel);
if (![hosts, parallel].every((number) => Number.isInteger(number) && number > 0)) {
  console.error('hosts and parallel are whole numbers above 0');
  process.exit(2);
}

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const folder = makeFolder();
const names = Array.from({ length: hosts }, (_, at) => `host${at}`);
const files = { play: join(folder, 'play.yml'), inventory: join(folder, 'hosts.json') };
const write = (name: string, value: unknown): void => writeFileSync(join(folder, name), JSON.stringify(value));

writeFileSync(
  files.play,
  `- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.copy: { content: "x", dest: "${folder}/{{ mark }}.{{ inventory_hostname }}" }
`,
);
write('hosts.json', {
  all: {
    vars: { ansible_connection: 'local', ansible_python_interpreter: '/usr/bin/python3' },
    hosts: Object.fromEntries(names.map((name) => [name, {}])),
  },
});
write('predictions.json', {
  predictions: names.map((host) => ({
    prediction_type: 'disk_exhaustion',
    resource: '/',
    host,
    days_until_critical: 8,
    confidence: 0.9,
  })),
});
write('action-mapping.json', {
  mappings: [
    {
      prediction_type: 'disk_exhaustion',
      resource_filter: '*',
      conditions: { min_confidence: 0.5 },
      action: { playbook: 'fleet', version: '1', limit_scope: 'host' },
    },
  ],
  global_settings: { dry_run_mode: false },
});
write('forestall.json', {
  store: 'sqlite:forestall.db',
  predictions: { files: ['predictions.json'] },
  playbooks: {
    fleet: {
      version: '1',
      runner: 'ansible',
      playbook: 'play.yml',
      inventory: 'hosts.json',
      extra_vars: { mark: 'forestall' },
    },
  },
  execution: { max_parallel: parallel },
  context_log: null,
  textfile: null,
  log_dir: 'logs',
});

/** Runs a program to its end; throws where it fails. */
async function run(argv: readonly string[]): Promise<string> {
  const child = spawn(argv[0]!, argv.slice(1), {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], HOME: folder, LC_ALL: 'C.UTF-8' },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}:\n${output}`);
  return output;
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const since = performance.now();
  await work();
  return (performance.now() - since) / 1000;
}

const play = (mark: string, ...options: string[]) =>
  run(['ansible-playbook', '-i', files.inventory, '-e', `mark=${mark}`, ...options, files.play]);

async function eachByItself(of: readonly string[]): Promise<void> {
  const waiting = [...of];
  const worker = async (): Promise<void> => {
    for (let host = waiting.shift(); host !== undefined; host = waiting.shift()) {
      await play('each', '--limit', host, '--check', '--diff');
      await play('each', '--limit', host, '--diff');
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}

async function byForestall(): Promise<void> {
  const output = await run([
    process.execPath,
    MAIN,
    'run',
    '--config',
    join(folder, 'forestall.json'),
    '--json',
    '--log-level',
    'error',
  ]);
  const states = (JSON.parse(output) as { executions: { state: string }[] }).executions.map(({ state }) => state);
  const succeeded = states.filter((state) => state === 'succeeded').length;
  if (succeeded !== hosts) throw new Error(`${succeeded} of ${hosts} succeeded`);
}

const all = await seconds(async () => {
  await play('all', '--forks', String(parallel), '--check', '--diff');
  await play('all', '--forks', String(parallel), '--diff');
});
// Half before, half after: what else the machine does changes within minutes.
const half = Math.ceil(hosts / 2);
const before = await seconds(() => eachByItself(names.slice(0, half)));
const forestall = await seconds(byForestall);
const each = before + (await seconds(() => eachByItself(names.slice(half))));
const result = {
  hosts,
  parallel,
  seconds: { all, each, forestall },
  seconds_per_host: { all: all / hosts, each: each / hosts, forestall: forestall / hosts },
  forestall_to_each: forestall / each,
  forestall_to_all: forestall / all,
  overhead_seconds_per_host: (forestall - each) / hosts,
};
if (values.json) console.log(JSON.stringify(result, null, 2));
else {
  console.log(`${hosts} hosts, ${parallel} at once; check and run of each`);
  console.log('| | seconds | seconds a host | beside each by itself |\n| --- | --- | --- | --- |');
  for (const [name, time] of Object.entries(result.seconds)) {
    console.log(`| ${name} | ${time.toFixed(1)} | ${(time / hosts).toFixed(2)} | ${(time / each).toFixed(2)} |`);
  }
  console.log(
    `\nForestall costs ${result.overhead_seconds_per_host.toFixed(2)} s a host beside the same plays started by hand.`,
  );
}
