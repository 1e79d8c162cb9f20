import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { here, told } from '../docs/home.ts';
import { outputProblem } from '../docs/output.ts';
import { type Command, where } from '../docs/page.ts';
import { openShell } from '../docs/shell.ts';
import { simpleCommands } from '../docs/simple-commands.ts';
import { startAlertmanager } from './alertmanager.ts';
import { hurried } from './deployed.ts';
import { freePort } from './http.ts';
import { startNodeExporter } from './node-exporter.ts';
import { npmSettings, pack } from './package.ts';
import type { RunningProgram } from './program.ts';
import { startPrometheus } from './prometheus.ts';
import { startReceiver } from './receiver.ts';
import { tempDir } from './temp.ts';
import { eventually } from './wait.ts';

/** Addresses that the page names, and those of this machine. */
type Places = readonly (readonly [name: string, place: string])[];

/** What the page stops and starts, by the names of Debian's units. */
export type Unit = 'forestall' | 'prometheus' | 'prometheus-alertmanager' | 'prometheus-node-exporter';

/** Programs that the page may start here; `systemctl` and `apt-get` are played by the machine itself. */
const PROGRAMS = ['npm', 'export', 'forestall', 'curl', 'grep', 'cat', 'install', 'sed', 'promtool', 'amtool'];

/**
 * A bare folder that stands for a reader's machine, with their people and their dead man's switch. The only differences to
 * what a reader types: where `/etc`, `/var` and `/opt/forestall` are, which ports, the group of files, and, in the files that
 * `init` wrote, durations, of which every one is a second or none.
 */
export interface Machine {
  readonly prometheus: () => RunningProgram;
  readonly alertmanager: () => RunningProgram;
  /** Alerts that came to each so far. */
  readonly people: readonly any[];
  readonly watchdog: readonly any[];
  /** Types commands of the page one after the other; throws at the first that does not do what the page says. */
  follow(commands: readonly Command[]): Promise<void>;
  /** Types one command again and again until it does. Its output. */
  followUntil(command: Command, done: (output: string) => boolean): Promise<string>;
  /** A text of the page with the addresses and places of this machine, in a hurry. */
  adapted(text: string): string;
  /** Makes what `init` wrote hurry, and keeps it inside of the folder where this machine runs systemd. */
  hurry(): Promise<void>;
  /** Replaces a file of Prometheus' or Alertmanager's, as an editor does. */
  edit(name: 'prometheus.yml' | 'alertmanager.yml', change: (text: string) => string): void;
  start(unit: Unit): Promise<void>;
  kill(unit: Unit): Promise<void>;
}

export async function newcomer(): Promise<Machine> {
  const folder = tempDir();
  const [people, watchdog] = await Promise.all([startReceiver(), startReceiver()]);
  const [forestallPort, prometheusPort, alertmanagerPort, nodePort] = await Promise.all(
    [1, 2, 3, 4].map(() => freePort()),
  );
  const ports: Places = [
    ['127.0.0.1:9096', `127.0.0.1:${forestallPort}`],
    ['127.0.0.1:9090', `127.0.0.1:${prometheusPort}`],
    ['127.0.0.1:9093', `127.0.0.1:${alertmanagerPort}`],
    ['127.0.0.1:9100', `127.0.0.1:${nodePort}`],
  ];
  const addresses: Places = [
    ...ports,
    ['https://people.example/alerts', people.url],
    ['https://watchdog.example/ping', watchdog.url],
  ];
  const etc = join(folder, 'etc/prometheus');
  const desk = join(folder, 'desk');
  for (const path of [etc, desk, join(folder, 'home'), join(folder, 'var/lib')]) mkdirSync(path, { recursive: true });
  const { tarball } = pack(folder);
  copyFileSync(tarball, join(desk, basename(tarball)));
  // Of what is installed with the sources nothing is on the PATH.
  const path = process.env['PATH']!.split(':').filter((entry) => !entry.includes('node_modules'));
  const home = join(folder, 'home');
  const shell = openShell(desk, { ...npmSettings(), PATH: path.join(':'), HOME: home }, 240_000);

  const running = new Map<Unit, RunningProgram>();
  let servePid = 0;
  const config = (name: string) => ({ folder: etc, config: readFileSync(join(etc, name), 'utf8') });
  const starters: Readonly<Record<Unit, () => Promise<RunningProgram | null>>> = {
    prometheus: () =>
      // Alerts of the first seconds find no Alertmanager yet; by default they are sent again after a minute.
      startPrometheus({ ...config('prometheus.yml'), port: prometheusPort!, args: ['--rules.alert.resend-delay=1s'] }),
    'prometheus-alertmanager': () => startAlertmanager({ ...config('alertmanager.yml'), port: alertmanagerPort! }),
    'prometheus-node-exporter': () => startNodeExporter(nodePort!),
    async forestall() {
      await type('forestall serve &');
      return null;
    },
  };
  const start = async (unit: Unit) => {
    const program = await starters[unit]();
    if (program !== null) running.set(unit, program);
  };
  const program = (unit: Unit) => () => running.get(unit)!;

  /** What apt-get does on Debian: the three run, with a configuration that knows nothing of Forestall. */
  async function installed(): Promise<void> {
    const jobs = [`{job_name: node, static_configs: [{targets: ['127.0.0.1:${nodePort}']}]}`];
    const to = `[{static_configs: [{targets: ['127.0.0.1:${alertmanagerPort}']}]}]`;
    const global = '{scrape_interval: 1s, evaluation_interval: 1s}';
    const scraping = `global: ${global}\nalerting: {alertmanagers: ${to}}\nscrape_configs: [${jobs}]\n`;
    writeFileSync(join(etc, 'prometheus.yml'), scraping);
    const route = 'route: {receiver: people, group_wait: 0s, group_interval: 1s}';
    const receivers = `receivers: [{name: people, webhook_configs: [{url: '${people.url}'}]}]`;
    writeFileSync(join(etc, 'alertmanager.yml'), `${route}\n${receivers}\n`);
    for (const unit of ['prometheus-node-exporter', 'prometheus-alertmanager', 'prometheus'] as const)
      await start(unit);
  }

  async function systemctl(verb: string, units: readonly Unit[]): Promise<void> {
    for (const unit of units) {
      if (verb === 'reload') {
        const { ok } = await fetch(`${program(unit)().url}/-/reload`, { method: 'POST' });
        if (!ok) throw new Error(`${unit} refused its configuration:\n${program(unit)().log()}`);
      } else if (verb === 'restart') {
        await program(unit)().stop();
        await start(unit);
      } else {
        throw new Error(`systemctl ${verb} is not played here`);
      }
    }
  }

  /** Types a line; what it printed, as the page tells it. */
  async function type(text: string): Promise<{ readonly code: number; readonly output: string }> {
    const calls = simpleCommands(text).map(({ words }) => words);
    const [[first, verb, ...units]] = calls as [string[]];
    if (first === 'apt-get') {
      await installed();
      return { code: 0, output: 'done' };
    }
    if (first === 'systemctl') {
      await systemctl(verb!, units as Unit[]);
      return { code: 0, output: '' };
    }
    const strange = calls.filter(([name]) => !PROGRAMS.includes(name!));
    if (strange.length > 0) throw new Error(`${text}: is not to be started here`);
    const { code, output } = await shell.run(typed(text));
    if (text.endsWith('&')) servePid = Number((await shell.run('echo $!')).output);
    return { code, output: told({ folder }, replaced(output, reversed(ports))) };
  }

  function typed(text: string): string {
    const looking = `forestall init --prometheus http://127.0.0.1:9090 --alertmanager http://127.0.0.1:9093 `;
    const line = text.replace(/^forestall init /, looking).replaceAll('-g prometheus ', '');
    return replaced(here({ folder }, line), addresses);
  }

  async function problemOf(command: Command): Promise<{ readonly problem: string | null; readonly output: string }> {
    const { code, output } = await type(command.text);
    const at = `${where(command)}: ${command.text}`;
    if (code !== command.exit)
      return { output, problem: `${at}\nexit code ${code}, expected ${command.exit}\n${output}` };
    const differs = command.output === null ? null : outputProblem(command.output, output);
    return { output, problem: differs === null ? null : `${at}\n${differs}` };
  }

  return {
    prometheus: program('prometheus'),
    alertmanager: program('prometheus-alertmanager'),
    people: people.alerts,
    watchdog: watchdog.alerts,
    start,
    async kill(unit) {
      if (unit !== 'forestall') return program(unit)().stop('SIGKILL');
      process.kill(servePid, 'SIGKILL');
      await eventually(() => !existsSync(`/proc/${servePid}`));
    },
    async follow(commands) {
      for (const command of commands) {
        const { problem } = await problemOf(command);
        if (problem !== null) throw new Error(problem);
      }
    },
    followUntil: (command, done) =>
      eventually(
        async () => {
          const { problem, output } = await problemOf(command);
          if (problem !== null || !done(output)) throw new Error(problem ?? output);
          return output;
        },
        { timeout: 90_000, interval: 500 },
      ),
    adapted: (text) => hurried(replaced(here({ folder }, text), addresses)),
    async hurry() {
      const own = join(folder, 'etc/forestall');
      const change = (file: string, edit: (text: string) => string) =>
        writeFileSync(file, edit(replaced(inside(readFileSync(file, 'utf8')), ports)));
      // What a service of the system's has elsewhere; other paths lie in the folder already.
      const inside = (text: string) =>
        text.replace(/(?<=[\s:])\/(?:var\/lib\/forestall|etc\/prometheus\/forestall-token)/g, `${folder}$&`);
      change(join(own, 'config/forestall.yaml'), (text) =>
        text
          .replace(/^rules: \{ for: .* \}/m, 'rules: { for: 0s, interval: 1s }')
          .replace(/\S+\/as-root, unit, (\S+),/g, `${folder}/lib/node_modules/forestall/config/playbooks/$1,`),
      );
      for (const part of ['deploy', 'alert-rules'])
        for (const name of readdirSync(join(own, part)).filter((file) => file.endsWith('.yml')))
          change(join(own, part, name), hurried);
      const { code, output } = await type('forestall rules --output /etc/forestall/alert-rules/predictions.rules.yml');
      if (code !== 0) throw new Error(output);
    },
    edit(name, change) {
      const file = join(etc, name);
      writeFileSync(file, change(readFileSync(file, 'utf8')));
    },
  };
}

function replaced(text: string, places: Places): string {
  return places.reduce((result, [name, place]) => result.replaceAll(name, place), text);
}

function reversed(places: Places): Places {
  return places.map(([name, place]) => [place, name]);
}
