import { openLedger } from '../app/ledger.ts';
import type { Config } from '../config/config.ts';
import { atTime, bytesInWords } from '../decision/words.ts';
import {
  type Execution,
  type ExecutionState,
  FINAL_STATES,
  type Outcome,
  type PlaybookResult,
  UNFINISHED_STATES,
} from '../execution/execution.ts';
import { gainInWords } from '../execution/gains.ts';
import { executionOnWire } from '../http/wire.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { openOutput } from '../playbook/output.ts';
import { alertnameOf, isByName } from '../prediction/by-name.ts';
import type { Prediction } from '../prediction/prediction.ts';
import { type CommandContext, CommandError, DONE, type ExitCode, NO, USAGE } from './context.ts';
import { historyVerify } from './history-verify.ts';
import { configOrEnd } from './load.ts';
import { type Cell, type Tone, table } from './terminal.ts';

/** `forestall history [ID]`. */
export async function history(
  context: CommandContext,
  options: Record<string, unknown>,
  id: string | undefined,
): Promise<ExitCode> {
  if (options['verify'] === true) {
    if (id !== undefined) throw new CommandError('--verify is about the whole record: leave out the ID', USAGE);
    const head = options['head'] === undefined ? null : String(options['head']);
    return await historyVerify(context, { head, json: options['json'] === true });
  }
  if (options['head'] !== undefined) throw new CommandError('--head goes with --verify', USAGE);
  const config = configOrEnd(context);
  const ledger = await openLedger(config, context.logger);
  try {
    if (id === undefined) await list(context, ledger, options);
    else if (options['output'] === undefined) await one(context, ledger, id, options['json'] === true);
    else await output(context, config, ledger, id, String(options['output']));
    return DONE;
  } finally {
    await ledger.close();
  }
}

async function list(context: CommandContext, ledger: Ledger, options: Record<string, unknown>): Promise<void> {
  const state = options['state'] === undefined ? undefined : stateFrom(String(options['state']));
  const page = await ledger.executions({
    limit: Number(options['limit']),
    ...(options['playbook'] === undefined ? {} : { playbook: String(options['playbook']) }),
    ...(state === undefined ? {} : { state }),
    ...(options['before'] === undefined ? {} : { before: cursorFrom(String(options['before'])) }),
  });
  if (options['json'] === true) {
    context.print(`${JSON.stringify({ items: page.items.map(executionOnWire), next: page.next }, null, 2)}\n`);
    return;
  }
  if (page.items.length === 0) context.print('no executions on record\n');
  context.print(table(page.items.map(row), context.terminal));
  if (page.next !== null && context.terminal.columns !== null) context.print(`older ones: --before ${page.next}\n`);
}

async function one(context: CommandContext, ledger: Ledger, id: string, json: boolean): Promise<void> {
  const execution = await executionOrEnd(ledger, id);
  if (json) {
    context.print(`${JSON.stringify(executionOnWire(execution), null, 2)}\n`);
    return;
  }
  const { prediction } = execution;
  const lines = [
    ...table([row(execution)], { ...context.terminal, columns: null })
      .trimEnd()
      .split('\n'),
    `  ${execution.message}`,
    `  mapping ${execution.mapping}, decision ${execution.decision_id}, trigger ${execution.trigger}`,
    `  ${causeInWords(prediction)}`,
    ...answerLine(execution),
    ...outcomeLine(execution),
    ...execution.safety_checks.map(
      ({ check, passed, message }) => `  ${passed ? 'pass' : 'FAIL'}  ${check}  ${message}`,
    ),
    ...(['dry_run', 'run'] as const).flatMap((phase) => {
      const outcome = execution[phase];
      if (outcome === null) return [];
      const { exit_code, duration_seconds, result, used_bytes, error } = outcome;
      return [
        `  ${phase}: ${error ?? `exit code ${exit_code}`}, ${duration_seconds.toFixed(1)} s${result?.summary ? `; ${result.summary}` : ''}` +
          `${result?.freed_bytes != null ? `; ${result.freed_bytes} bytes` : ''}${impactOf(result)}`,
        ...(used_bytes == null ? [] : [`  ${bytesUsed(used_bytes)}`]),
      ];
    }),
  ];
  context.print(`${lines.join('\n')}\n`);
}

async function output(
  context: CommandContext,
  config: Config,
  ledger: Ledger,
  id: string,
  phase: string,
): Promise<void> {
  if (phase !== 'run' && phase !== 'dry_run') throw new CommandError('--output is run or dry_run', USAGE);
  await executionOrEnd(ledger, id);
  const captured = await openOutput(config.log_dir, id, phase);
  if (captured === null) throw new CommandError(`nothing was captured of the ${phase} of ${id}`, NO);
  for await (const chunk of captured.stream.setEncoding('utf8')) context.print(String(chunk));
}

async function executionOrEnd(ledger: Ledger, id: string): Promise<Execution> {
  const execution = await ledger.execution(id);
  if (execution === null) throw new CommandError(`no execution ${id} on record`, NO);
  return execution;
}

function stateFrom(text: string): ExecutionState {
  const states: readonly ExecutionState[] = [...UNFINISHED_STATES, ...FINAL_STATES];
  const state = states.find((candidate) => candidate === text);
  if (state === undefined) throw new CommandError(`--state ${text} is none of ${states.join(', ')}`, USAGE);
  return state;
}

/** A cursor of ours; the ledger says what else is none. */
function cursorFrom(text: string): string {
  if (!/^c[0-9a-z]{1,10}$/.test(text)) throw new CommandError(`--before ${text} is not a cursor of a list`, USAGE);
  return text;
}

const TONES: Partial<Record<ExecutionState, Tone>> = {
  awaiting_approval: 'warning',
  running: 'warning',
  succeeded: 'good',
  failed: 'bad',
  interrupted: 'bad',
  rejected: 'quiet',
  denied: 'quiet',
  expired: 'quiet',
};

const OUTCOME_TONES: Readonly<Record<Outcome, Tone>> = { effective: 'good', ineffective: 'bad', unknown: 'warning' };

function row({ id, state, playbook, prediction, claimed_at, outcome }: Execution): readonly Cell[] {
  const host = prediction.host === null ? '' : ` on ${prediction.host}`;
  return [
    { text: atTime(claimed_at) },
    { text: id },
    { text: state.padEnd(14), tone: TONES[state] ?? 'plain' },
    { text: playbook },
    { text: `${JSON.stringify(prediction.resource)}${host}` },
    ...(outcome === null ? [] : [{ text: outcome, tone: OUTCOME_TONES[outcome] }]),
  ];
}

function answerLine({ state, answered }: Execution): readonly string[] {
  if (answered === null) return [];
  const from = answered.from === null ? '' : ` from ${answered.from}`;
  return [`  ${state === 'denied' ? 'denied' : 'approved'} by ${answered.by}${from}, ${atTime(answered.at)}`];
}

function outcomeLine(execution: Execution): readonly string[] {
  const { outcome, outcome_message, verify_at, verified_at } = execution;
  if (outcome === null) return verify_at === null ? [] : [`  verified at ${atTime(verify_at)}`];
  const gain = outcome === 'unknown' ? null : gainInWords(execution);
  const found = verified_at === null ? '' : `, ${atTime(verified_at)}`;
  return [`  ${outcome}: ${outcome_message}${gain === null ? '' : `; ${gain}`}${found}`];
}

function bytesUsed({ before, after }: { readonly before: number; readonly after: number }): string {
  return `used on its file system: ${before} bytes (${bytesInWords(before)}) before, ${after} bytes (${bytesInWords(after)}) after`;
}

/** What others notice of it. */
function impactOf(result: PlaybookResult | null): string {
  if (result === null) return '';
  const { downtime_seconds: downtime, affects } = result;
  return (
    (downtime === null ? '' : `; ${downtime} s of downtime`) +
    (affects.length === 0 ? '' : `; affects ${affects.join(', ')}`)
  );
}

function causeInWords(prediction: Prediction): string {
  const { days_until_critical: days, confidence, observed_at, source } = prediction;
  if (isByName(prediction)) return `the alert ${alertnameOf(prediction)}, as told at ${atTime(observed_at)}`;
  return `predicted ${days ?? 'no crossing'} days at confidence ${confidence}, ${atTime(observed_at)}, from ${source}`;
}
