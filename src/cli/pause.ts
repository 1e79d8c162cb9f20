import { openLedger } from '../app/ledger.ts';
import { type LiftedPauses, liftPause } from '../app/lift-pause.ts';
import { atTime } from '../decision/words.ts';
import { pauseOnWire, resumedOnWire } from '../http/wire.ts';
import { parseDuration } from '../mapping/duration.ts';
import { type CommandContext, CommandError, DONE, type ExitCode, USAGE } from './context.ts';
import { configOrEnd } from './load.ts';
import { table } from './terminal.ts';

/** `forestall pause`: options `for` (duration), `name`, `reason`, `json`. */
export async function pause(context: CommandContext, options: Record<string, unknown>): Promise<ExitCode> {
  const name = String(options['name']);
  const length = options['for'] === undefined ? null : parseDuration(String(options['for']));
  if (options['for'] !== undefined && (length === null || length <= 0)) {
    throw new CommandError(`--for ${String(options['for'])} is not a duration such as 30m, 2h or 1d`, USAGE);
  }
  const ledger = await openLedger(configOrEnd(context), context.logger);
  try {
    const since = Date.now();
    const until = length === null ? null : since + length;
    const set = { name, reason: options['reason'] === undefined ? null : String(options['reason']), since, until };
    await ledger.pause(set);
    if (options['json'] === true) context.print(`${JSON.stringify({ paused: true, ...pauseOnWire(set) }, null, 2)}\n`);
    else context.print(`paused as ${name}${until === null ? '' : ` until ${atTime(until)}`}\n`);
    return DONE;
  } finally {
    await ledger.close();
  }
}

/** `forestall resume`: options `name`, `all`, `json`. */
export async function resume(context: CommandContext, options: Record<string, unknown>): Promise<ExitCode> {
  const name = options['all'] === true ? null : String(options['name']);
  const ledger = await openLedger(configOrEnd(context), context.logger);
  try {
    const lifted = await liftPause(ledger, name);
    const count = lifted.pauses.length;
    if (options['json'] === true) {
      const document = resumedOnWire({ lifted: count, refused: lifted.refused });
      context.print(`${JSON.stringify(document, null, 2)}\n`);
      return DONE;
    }
    context.print(`${count === 0 ? 'nothing was paused' : `lifted ${count} ${count === 1 ? 'pause' : 'pauses'}`}\n`);
    for (const { name: other, reason } of await ledger.pauses())
      context.print(`still paused as ${other}${reason === null ? '' : `: ${reason}`}\n`);
    if (count > 0) printRefused(context, lifted);
    return DONE;
  } finally {
    await ledger.close();
  }
}

function printRefused(context: CommandContext, { refused: { count, items } }: LiftedPauses): void {
  if (count === 0) {
    context.print('nothing was refused meanwhile\n');
    return;
  }
  context.print(`${count} ${count === 1 ? 'decision was' : 'decisions were'} refused meanwhile\n`);
  const rows = items.map(({ last_at, target, playbook, repeats, alertname }) => [
    { text: `  ${atTime(last_at)}` },
    { text: target === null ? (alertname ?? 'an alert') : `${target.prediction_type} of ${target.resource}` },
    { text: target?.host ?? '' },
    { text: playbook ?? '' },
    { text: repeats === 0 ? 'once' : `${repeats + 1} times` },
  ]);
  context.print(table(rows, context.terminal));
}
