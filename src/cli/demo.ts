import { mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLedger } from '../app/ledger.ts';
import { createApp } from '../app.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { formatProblems } from '../config/problem.ts';
import { createLifecycle, type Lifecycle } from '../lifecycle.ts';
import { generateRules } from '../mapping/rules.ts';
import { createLogger } from '../report/log.ts';
import { type CommandContext, CommandError, DONE, type ExitCode, NO } from './context.ts';
import { startDiscordReceiver } from './demo/discord-receiver.ts';
import {
  type DemoFiles,
  writeAlertmanager,
  writeConfiguration,
  writePrediction,
  writePrometheus,
} from './demo/files.ts';
import { CAPACITY, CRITICAL, fill, usage } from './demo/folder.ts';
import { findProgram, freePort, launch, until } from './demo/programs.ts';
import { createService, type Service, type WireDecision, type WireExecution } from './demo/service.ts';
import { startServing } from './serving.ts';

const CONFIDENCE = 0.85;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const FINAL = /^(succeeded|failed|rejected|dry_run_failed|nothing_to_do|dry_run_only|expired|interrupted)$/;

/** `forestall demo`: exit 1 when the loop did not close. Leaves nothing behind, stopped by a signal either. */
export async function demo(context: CommandContext): Promise<ExitCode> {
  const lifecycle = createLifecycle((name, error) =>
    context.logger.warn({ err: error }, `${name} did not stop cleanly`),
  );
  const folder = mkdtempSync(join(tmpdir(), 'forestall-demo-'));
  lifecycle.onStop('folder', () => rmSync(folder, { recursive: true, force: true }));
  const end = (signal: NodeJS.Signals) => {
    context.complain(`stopping: ${signal}`);
    void lifecycle.stop().then(() => process.exit(NO));
  };
  for (const signal of SIGNALS) process.once(signal, end);
  const say = (title: string, ...lines: readonly string[]): void => {
    context.print(`\n${title}\n${lines.map((line) => `   ${line}\n`).join('')}`);
  };
  try {
    say(
      'Forestall demo: from a prediction to bytes freed',
      `everything happens in ${folder}, which is removed at the end`,
    );
    return await tell(folder, lifecycle, context, say);
  } finally {
    await lifecycle.stop();
    for (const signal of SIGNALS) process.off(signal, end);
  }
}

type Say = (title: string, ...lines: readonly string[]) => void;

async function tell(folder: string, lifecycle: Lifecycle, context: CommandContext, say: Say): Promise<ExitCode> {
  const discord = await startDiscordReceiver();
  lifecycle.onStop('Discord receiver', () => discord.close());
  const files = writeConfiguration(folder, discord.url);
  const growth = fill(files.disk, Date.now());
  say(
    '1. A folder fills up',
    `${files.disk}: ${mib(growth.used)} of ${mib(CAPACITY)}, ${mib(growth.perDay)} more each day`,
    `critical at ${CRITICAL * 100} %: in ${growth.daysUntilCritical} days`,
  );

  const service = await startService(files, lifecycle, context);
  const before = await service.samples();
  const monitoring = await startMonitoring(files, service, lifecycle, context);
  say('2. Who carries the alert', ...monitoring.words);

  writePrediction(files, growth.daysUntilCritical, CONFIDENCE);
  say(
    '3. The prediction is published',
    `disk_exhaustion of ${files.disk}: critical in ${growth.daysUntilCritical} days, confidence ${CONFIDENCE}`,
  );
  const gauge = await until(
    20_000,
    async () => (await service.samples()).find((line) => line.startsWith('prediction_days_until_critical{')) ?? null,
  );
  say('4. It is a gauge', gauge);

  const alert = await monitoring.fire(growth.daysUntilCritical);
  say('5. The rule fires and the webhook is called', ...alert);

  const decision = await until(30_000, () => service.decision());
  say('6. The decision', ...describeDecision(decision));
  if (decision.execution_id === null) return failed(context, 'the decision was no');

  const execution = await until(60_000, async () => {
    const found = await service.execution(decision.execution_id!);
    return FINAL.test(found.state) ? found : null;
  });
  say('7. The dry run', ...describePhase(execution, 'dry_run'), ...(await service.output(execution.id, 'dry_run')));
  say('8. The run', ...describePhase(execution, 'run'), ...(await service.output(execution.id, 'run')));
  const left = usage(files.disk);
  say(
    '9. The bytes',
    `${mib(growth.used)} before, ${mib(left)} after: ${mib(growth.used - left)} freed (${growth.used - left} bytes)`,
  );
  const changed = (await service.samples()).filter(
    (line) => line.startsWith('proactive_remediation_') && !line.includes('_bucket{') && !before.includes(line),
  );
  say('10. The metrics that changed', ...changed);
  const message = await until(20_000, async () => discord.messages[0] ?? null);
  say('11. The Discord message, as a local receiver got it', ...JSON.stringify(message, null, 2).split('\n'));

  if (execution.state !== 'succeeded' || left >= growth.used)
    return failed(context, `the execution ended as ${execution.state}: ${execution.message}`);
  say(
    'The loop is closed.',
    'next: `npm start` serves the shipped configuration in dry run mode; README.md says how to connect your own Prometheus',
  );
  return DONE;
}

function failed(context: CommandContext, why: string): ExitCode {
  context.complain(`the loop did not close: ${why}`);
  return NO;
}

async function startService(files: DemoFiles, lifecycle: Lifecycle, context: CommandContext): Promise<Service> {
  const loaded = loadConfig({ file: files.config, env: context.env, home: homedir() });
  if (!loaded.ok) throw new CommandError(formatProblems(loaded.problems), NO);
  const config: Config = loaded.config;
  const logger = createLogger({ level: 'warn', format: 'pretty' });
  const app = createApp({ config, ledger: await openLedger(config, logger), env: context.env, logger });
  lifecycle.onStop('service', () => app.stop());
  const { port } = await startServing(app, logger);
  return createService(`127.0.0.1:${port}`, files.token, generateRules(config.mapping, config.rules));
}

interface Monitoring {
  readonly words: readonly string[];
  /** Resolves, with words about it, when the alert is on its way to the webhook. */
  fire(days: number): Promise<readonly string[]>;
}

/** Prometheus and Alertmanager where both are installed; else the demo posts what Alertmanager would. */
async function startMonitoring(
  files: DemoFiles,
  service: Service,
  lifecycle: Lifecycle,
  context: CommandContext,
): Promise<Monitoring> {
  const path = context.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin';
  const prometheus = findProgram(['prometheus'], path);
  const alertmanager = findProgram(['prometheus-alertmanager', 'alertmanager'], path);
  if (prometheus === null || alertmanager === null) {
    const missing = [prometheus === null ? 'Prometheus' : [], alertmanager === null ? 'Alertmanager' : []].flat();
    const names = `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'}`;
    return {
      words: [`${names} not installed here: the demo posts the alert itself, as Alertmanager would`],
      fire: async (days) => [await service.postAlert(files.disk, days, CONFIDENCE)],
    };
  }
  const senderAddress = `127.0.0.1:${await freePort()}`;
  const sender = launch(
    alertmanager,
    [
      `--config.file=${writeAlertmanager(files, service.address)}`,
      `--storage.path=${join(files.folder, 'alertmanager-data')}`,
      `--web.listen-address=${senderAddress}`,
      '--cluster.listen-address=',
    ],
    senderAddress,
    files.folder,
  );
  lifecycle.onStop('Alertmanager', () => sender.stop());
  await sender.ready;
  const serverAddress = `127.0.0.1:${await freePort()}`;
  const server = launch(
    prometheus,
    [
      `--config.file=${writePrometheus(files, service.rules, service.address, sender.address)}`,
      `--storage.tsdb.path=${join(files.folder, 'prometheus-data')}`,
      `--web.listen-address=${serverAddress}`,
    ],
    serverAddress,
    files.folder,
  );
  lifecycle.onStop('Prometheus', () => server.stop());
  await server.ready;
  return {
    words: [
      `the real Prometheus at http://${server.address} and Alertmanager at http://${sender.address}, at one-second intervals`,
    ],
    async fire() {
      const firing = await until(30_000, async () => {
        const answer = await fetch(`http://${server.address}/api/v1/alerts`);
        const { data } = (await answer.json()) as {
          data: { alerts: { labels: Record<string, string>; state: string }[] };
        };
        return data.alerts.find(({ state }) => state === 'firing') ?? null;
      });
      return [`Prometheus: ${firing.labels['alertname']} is firing`, 'Alertmanager: posts it to the webhook'];
    },
  };
}

function describeDecision(decision: WireDecision): readonly string[] {
  return [
    `${decision.verdict}: ${decision.reason}, by trigger ${decision.trigger}`,
    ...decision.gates.map(({ gate, outcome, message }) => `${outcome.padEnd(4)}  ${gate.padEnd(16)}  ${message}`),
  ];
}

function describePhase(execution: WireExecution, phase: 'dry_run' | 'run'): readonly string[] {
  const outcome = execution[phase];
  if (outcome === null) return ['it did not come to that'];
  const { result } = outcome;
  return [
    `${outcome.error ?? 'exit code 0'} after ${outcome.duration_seconds.toFixed(2)} s; ${result?.summary ?? 'no summary'}`,
    `changes: ${result?.changes ?? 'not said'}, bytes: ${result?.freed_bytes ?? 'not said'}`,
  ];
}

function mib(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
