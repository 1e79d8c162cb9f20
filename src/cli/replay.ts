import { storeName } from '../app/ledger.ts';
import { replayPast } from '../app/replay.ts';
import { atTime } from '../decision/words.ts';
import { formatDuration, parseDuration } from '../mapping/duration.ts';
import type { Assumed } from '../replay/inputs.ts';
import type { Flip, Replayed, Side } from '../replay/replay.ts';
import type { PlaybookSum } from '../replay/sums.ts';
import { type CommandContext, CommandError, DONE, type ExitCode, NO, USAGE } from './context.ts';
import { configOrEnd } from './load.ts';
import { type Cell, table } from './terminal.ts';

export interface ReplayOptions {
  readonly since: string;
  /** Null: the configured one. */
  readonly mapping: string | null;
  readonly json: boolean;
}

/** `forestall replay`: what another mapping would have decided; exit 1 when a decision flips. Nothing runs or is recorded. */
export async function replayCommand(context: CommandContext, options: ReplayOptions): Promise<ExitCode> {
  const length = parseDuration(options.since);
  if (length === null || length === 0) {
    throw new CommandError(`--since ${options.since} is not a duration, such as 90d`, USAGE);
  }
  const config = configOrEnd(context, options.mapping);
  const since = Date.now() - length;
  const replayed = await replayPast(config, since, context.logger);
  if (replayed === null) throw new CommandError(`there is no ledger at ${storeName(config)} yet`, NO);
  const mapping = options.mapping ?? config.mapping_file;
  if (options.json)
    context.print(`${JSON.stringify({ since: atTime(since), mapping, ...onWire(replayed) }, null, 2)}\n`);
  else context.print(describe(replayed, `the last ${formatDuration(length)} under ${mapping}`, context));
  const { keep } = config.ledger;
  if (length > keep)
    context.logger.warn(
      {},
      `the ledger keeps ${formatDuration(keep)} (ledger.keep): what is older is not in this replay`,
    );
  return replayed.flips.length === 0 ? DONE : NO;
}

function onWire({ flips, ...rest }: Replayed): object {
  const instant = (at: number | null) => (at === null ? null : new Date(at).toISOString());
  return {
    ...rest,
    flips: flips.map((flip) => ({ ...flip, at: instant(flip.at), postponed_to: instant(flip.postponed_to) })),
  };
}

function describe(replayed: Replayed, asked: string, { terminal }: CommandContext): string {
  const { decisions, flips, playbooks } = replayed;
  const others = flips.filter(({ was, would_be }) => was.verdict !== would_be.verdict).length;
  const found = flips.length === 0 ? 'nothing flips' : `${counted(flips.length, 'flip')}, ${others} of the verdict`;
  const head = `${counted(decisions, 'decision')} of ${asked}: ${found}\n`;
  const parts = [
    head,
    ...(flips.length === 0 ? [] : [table(flips.map(flipRow), terminal)]),
    ...(playbooks.length === 0 ? [] : [table([SUMS, ...playbooks.map(sumRow)], terminal)]),
    notesOf(replayed)
      .map((note) => `${note}\n`)
      .join(''),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function flipRow({ at, target, was, would_be, postponed_to }: Flip): readonly Cell[] {
  const host = target?.host == null ? '' : ` on ${target.host}`;
  const later = postponed_to === null ? '' : `; it would have run at ${atTime(postponed_to)}`;
  return [
    { text: atTime(at) },
    { text: target === null ? '-' : `${target.prediction_type} of ${target.resource}${host}` },
    { text: `${sideOf(was)} → ${sideOf(would_be)}`, tone: would_be.verdict === 'approved' ? 'good' : 'warning' },
    { text: `was: ${was.message}` },
    { text: `would be: ${would_be.message}${later}` },
  ];
}

function sideOf({ verdict, reason, playbook }: Side): string {
  return reason === 'approved' ? `approved (${playbook})` : `${verdict} (${reason})`;
}

const SUMS: readonly Cell[] = ['playbook', 'runs then', 'runs now', 'saved', 'added', 'held most often by'].map(
  (text) => ({ text, tone: 'quiet' }),
);

function sumRow({ playbook, runs_before, runs_after, saved, added, held_by }: PlaybookSum): readonly Cell[] {
  const [most] = held_by;
  return [
    ...[playbook, runs_before, runs_after, saved, added].map((value) => ({ text: String(value) })),
    { text: most === undefined ? '-' : `${most.reason} (${counted(most.decisions, 'decision')})` },
  ];
}

const TAKEN_AS_PASSED: Readonly<Record<Assumed, string>> = {
  not_persistent: 'how often in a row it was in the new window (min_consecutive)',
  unsafe_value: 'whether the values are safe for the other playbook',
  unproven: 'how well the source did, as no mapping asked for it',
  blast_radius: "how many hosts the other playbook's inventory had",
};

function notesOf({ without_basis, unexplained, assumed, flips }: Replayed): readonly string[] {
  const taken = (Object.keys(TAKEN_AS_PASSED) as Assumed[])
    .filter((what) => assumed[what] > 0)
    .map((what) => `not on record, taken as passed in ${counted(assumed[what], 'decision')}: ${TAKEN_AS_PASSED[what]}`);
  return [
    ...(without_basis === 0
      ? []
      : [`${counted(without_basis, 'decision')} made by an earlier version, which kept too little, left as they were`]),
    ...(unexplained === 0
      ? []
      : [
          `${counted(unexplained, 'decision')} not as the mapping of the time says: a clock was put back, or two wrote at once`,
        ]),
    ...taken,
    ...(flips.length === 0
      ? []
      : ['forecasts and alerts are taken as they came; what other runs do to them is not known']),
  ];
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
