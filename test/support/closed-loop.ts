import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { doctor } from '../../src/cli/doctor.ts';
import { startAlertmanager } from './alertmanager.ts';
import { freePort } from './http.ts';
import type { RunningProgram } from './program.ts';
import { startPrometheus } from './prometheus.ts';
import { DISK, forestall, type Home, makeHome, type Service, startService, TOKEN } from './service.ts';
import { tempDir } from './temp.ts';
import { eventually } from './wait.ts';

const WAIT = { timeout: 30_000, interval: 50 };

export interface DoctorFinding {
  readonly id: string;
  readonly kind: string;
  readonly message: string;
  readonly why: string | null;
  readonly change: string | null;
}

export interface Diagnosis {
  readonly code: number | null;
  readonly findings: readonly DoctorFinding[];
  /** `kind id` of what is not all right. */
  readonly wrong: readonly string[];
  readonly text: string;
}

/** What the doctor looks at. */
export interface Patient {
  /** Asks the doctor as `forestall doctor --json` does. */
  doctor(options?: { readonly sendTestAlert?: boolean }): Promise<Diagnosis>;
  /** Asks until this, and nothing else, is wrong. */
  findsOnly(...wrong: readonly string[]): Promise<Diagnosis>;
}

/** The service with a real Prometheus and Alertmanager around it, nothing of which is wrong. */
export interface Loop extends Patient {
  readonly home: Home;
  readonly service: Service;
  readonly prometheus: RunningProgram;
  readonly alertmanager: RunningProgram;
  /** The same with another Prometheus, whose configuration is changed; it takes five seconds to find its targets. */
  withPrometheus(change: (config: any) => void): Promise<Patient>;
  /** Lets Prometheus load the healthy configuration and rules, changed. */
  setPrometheus(change?: (config: any) => void, rules?: (text: string) => string): Promise<void>;
  /** Lets Alertmanager load the healthy configuration, changed. */
  setAlertmanager(change?: (config: any) => void): Promise<void>;
}

const context = (configFile: string, print: (text: string) => void) => ({
  configFile,
  env: {},
  logger: { debug() {}, info() {}, warn() {}, error() {} } as any,
  terminal: { columns: null, colour: false },
  keepSecret() {},
  print,
  complain(text: string): never {
    throw new Error(text);
  },
});

export async function closedLoop(): Promise<Loop> {
  const [port, prometheusPort, alertmanagerPort] = await Promise.all([freePort(), freePort(), freePort()]);
  const home = makeHome({
    config: (document) => ({
      ...document,
      web: { listen: `127.0.0.1:${port}`, bearer_token: TOKEN },
      rules: { for: '0s', keep_firing_for: '1h', interval: '1s' },
      prometheus: { url: `http://127.0.0.1:${prometheusPort}` },
      alertmanager: { url: `http://127.0.0.1:${alertmanagerPort}` },
    }),
  });
  home.writePredictions([{ ...DISK, host: 'nas', days_until_critical: 200 }]);
  const rulesFile = join(home.folder, 'rules.yml');
  expectDone(await forestall(['rules', '--config', home.config, '--output', rulesFile]));
  const generated = readFileSync(rulesFile, 'utf8');
  const prometheusConfig = () => ({
    global: { scrape_interval: '500ms', evaluation_interval: '1s' },
    rule_files: ['rules.yml'],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${alertmanagerPort}`] }] }] },
    scrape_configs: [
      {
        job_name: 'forestall',
        authorization: { credentials: TOKEN },
        static_configs: [{ targets: [`127.0.0.1:${port}`] }],
      },
    ],
  });
  const alertmanagerConfig = () => ({
    route: {
      receiver: 'people',
      routes: [
        {
          matchers: ['remediation="proactive"'],
          receiver: 'forestall',
          group_by: ['alertname', 'prediction_type', 'resource', 'host'],
          group_wait: '0s',
          group_interval: '1s',
          repeat_interval: '3d',
        },
      ],
    },
    inhibit_rules: [
      {
        source_matchers: ['remediation="manual"'],
        target_matchers: ['remediation="proactive"'],
        equal: ['prediction_type', 'resource', 'host'],
      },
    ],
    receivers: [
      { name: 'people', webhook_configs: [{ url: 'http://127.0.0.1:9/people' }] },
      {
        name: 'forestall',
        webhook_configs: [
          { url: `http://127.0.0.1:${port}/webhook`, http_config: { authorization: { credentials: TOKEN } } },
        ],
      },
    ],
  });
  const service = await startService(home);
  const folder = join(home.folder, 'alertmanager');
  mkdirSync(folder);
  const [alertmanager, prometheus] = await Promise.all([
    startAlertmanager({ config: JSON.stringify(alertmanagerConfig()), folder, port: alertmanagerPort }),
    startPrometheus({ config: JSON.stringify(prometheusConfig()), folder: home.folder, port: prometheusPort }),
  ]);

  const changed = (config: object, change: (config: any) => void = () => {}): string => {
    change(config);
    return JSON.stringify(config);
  };
  const loop: Loop = {
    home,
    service,
    prometheus,
    alertmanager,
    ...patient(home.config),
    async withPrometheus(change) {
      const folder = tempDir();
      writeFileSync(join(folder, 'rules.yml'), generated);
      const other = await startPrometheus({ config: changed(prometheusConfig(), change), folder });
      const config = join(home.folder, `with-${other.port}.json`);
      const document = JSON.parse(readFileSync(home.config, 'utf8'));
      writeFileSync(config, JSON.stringify({ ...document, prometheus: { url: other.url } }));
      return patient(config);
    },
    async setPrometheus(change, rules = (text) => text) {
      writeFileSync(rulesFile, rules(generated));
      writeFileSync(join(home.folder, 'prometheus.yml'), changed(prometheusConfig(), change));
      await fetch(`${prometheus.url}/-/reload`, { method: 'POST' });
    },
    async setAlertmanager(change) {
      writeFileSync(join(folder, 'alertmanager.yml'), changed(alertmanagerConfig(), change));
      await fetch(`${alertmanager.url}/-/reload`, { method: 'POST' });
    },
  };
  await loop.findsOnly();
  return loop;
}

function patient(config: string): Patient {
  const asked: Patient = {
    async doctor({ sendTestAlert = false } = {}) {
      let text = '';
      const told = context(config, (part) => {
        text += part;
      });
      const code = await doctor(told, { json: true, sendTestAlert });
      const { findings } = JSON.parse(text) as { findings: DoctorFinding[] };
      const wrong = findings.filter(({ kind }) => kind === 'broken' || kind === 'warning');
      return { code, findings, text, wrong: wrong.map(({ kind, id }) => `${kind} ${id}`) };
    },
    findsOnly: (...expected) =>
      eventually(async () => {
        const diagnosis = await asked.doctor();
        if (diagnosis.wrong.join() !== expected.join()) throw new Error(diagnosis.text);
        return diagnosis;
      }, WAIT),
  };
  return asked;
}

/** One finding of a diagnosis; throws where it is not there. */
export function finding({ findings, text }: Diagnosis, id: string): DoctorFinding {
  const found = findings.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no finding ${id} in ${text}`);
  return found;
}

function expectDone({ code, stderr }: { code: number | null; stderr: string }): void {
  if (code !== 0) throw new Error(stderr);
}
