import { dirname, join } from 'node:path';
import { examine } from '../app/doctor.ts';
import { createFleets, type FleetRead } from '../app/fleets.ts';
import { forecasting } from '../app/forecasts.ts';
import { openLedger, storeName } from '../app/ledger.ts';
import { predictionSources } from '../app/predictions.ts';
import { safetyOf } from '../app/safety.ts';
import type { Config } from '../config/config.ts';
import { num } from '../decision/words.ts';
import { generateRules } from '../mapping/rules.ts';
import { inspectProgram } from '../playbook/program.ts';
import type { ProbeResult } from '../safety/safety.ts';
import { type CommandContext, DONE, type ExitCode, NO } from './context.ts';
import { configOrEnd } from './load.ts';
import { exists, isUpToDate } from './rules.ts';
import { paint } from './terminal.ts';

interface Finding {
  readonly kind: 'ok' | 'warning' | 'problem';
  readonly message: string;
}

const ok = (message: string): Finding => ({ kind: 'ok', message });
const warning = (message: string): Finding => ({ kind: 'warning', message });
const problem = (message: string): Finding => ({ kind: 'problem', message });

/** `forestall check`: exit 2 for an unusable configuration, 1 for any problem beside it. */
export async function check(
  context: CommandContext,
  { probe, json }: { readonly probe: boolean; readonly json: boolean },
): Promise<ExitCode> {
  const config = configOrEnd(context);
  const findings = [
    ok(`${config.file}: ${config.mapping.mappings.length} mappings from ${config.mapping_file}`),
    ...[...config.warnings, ...config.advice].map(warning),
    ...(await playbookFindings(config)),
    ...(await ruleFindings(config)),
    ...(probe ? await probeFindings(config, context) : []),
  ];
  const good = !findings.some(({ kind }) => kind === 'problem');
  if (json) context.print(`${JSON.stringify({ ok: good, findings }, null, 2)}\n`);
  else for (const finding of findings) context.print(`${line(finding, context)}\n`);
  return good ? DONE : NO;
}

const MARKS = {
  ok: { text: 'ok       ', tone: 'good' },
  warning: { text: 'warning  ', tone: 'warning' },
  problem: { text: 'PROBLEM  ', tone: 'bad' },
} as const;

function line({ kind, message }: Finding, { terminal }: CommandContext): string {
  return `${paint(MARKS[kind], terminal)}${message}`;
}

async function playbookFindings({ playbooks }: Config): Promise<readonly Finding[]> {
  return await Promise.all(
    Object.values(playbooks).map(async (playbook) => {
      const { problem: found } = await inspectProgram(playbook);
      return found === null
        ? ok(`playbook ${playbook.name} ${playbook.version}: ${playbook.ansible?.playbook ?? playbook.run[0]}`)
        : problem(found);
    }),
  );
}

/** The generated rules lie beside the configuration's folder, as in a checkout. */
async function ruleFindings(config: Config): Promise<readonly Finding[]> {
  const file = join(dirname(config.file), '..', 'alert-rules', 'predictions.rules.yml');
  const update = `run \`forestall rules --config ${config.file} --output ${file}\``;
  if (!(await exists(file)))
    return [warning(`no generated alert rules at ${file}: ${update}, or ignore this where they live elsewhere`)];
  return (await isUpToDate(file, generateRules(config.mapping, config.rules)))
    ? [ok(`${file} is up to date`)]
    : [problem(`${file} differs from what the mapping generates: ${update}`)];
}

function fleetFinding({ playbook, size, problem: found }: FleetRead): Finding {
  return found === null ? ok(`playbook ${playbook}: its inventory has ${size} hosts`) : problem(found);
}

async function probeFindings(config: Config, context: CommandContext): Promise<readonly Finding[]> {
  const fleets = (await createFleets().look(config)).map(fleetFinding);
  const facts = [...(await safetyOf(config).probe()).map(factFinding), ...fleets];
  const opened = await openLedger(config, context.logger).catch((error: Error) => error);
  if (opened instanceof Error) return [...facts, problem(`store ${storeName(config)}: ${opened.message}`)];
  const ledger = opened;
  try {
    await ledger.version();
    const parts = { current: () => config, ledger, logger: context.logger };
    const forecasts = forecasting(config, { ...parts, onChange: () => sources.feedChanged() });
    const sources = predictionSources(config, { ...parts, feeds: [forecasts] });
    await sources.readOnce();
    await forecasts.passOnce(true);
    const health = sources
      .health()
      .map(({ source, up, problem: found }) =>
        up ? ok(`source ${source} is readable`) : problem(`source ${source}: ${found ?? 'not readable'}`),
      );
    await sources.close();
    return [...facts, ok(`store ${storeName(config)} can be used`), ...health, ...(await repeatFindings(config))];
  } finally {
    await ledger.close();
  }
}

/** How often Alertmanager says an alert again, against the windows of the mapping; nothing where it cannot be asked. */
async function repeatFindings(config: Config): Promise<readonly Finding[]> {
  if (config.alertmanager === null) return [];
  const found = await examine(config, { sendTestAlert: false });
  return found
    .filter(({ id, kind }) => id === 'repeat-interval' && kind === 'warning')
    .map(({ message, why }) => warning(`${message}. ${why ?? ''}`.trim()));
}

function factFinding({ fact, value, message, needsSubject }: ProbeResult): Finding {
  if (value !== null) return ok(`fact ${fact} = ${typeof value === 'number' ? num(value) : value}: ${message}`);
  return needsSubject ? ok(`fact ${fact}: asked per prediction`) : problem(`fact ${fact}: ${message}`);
}
