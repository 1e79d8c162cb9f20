import type { Accuracy, Score, SourceScore, TypeScore } from '../accuracy/accuracy.ts';
import { openLedger } from '../app/ledger.ts';
import { accuracy } from '../app/scores.ts';
import { atTime } from '../decision/words.ts';
import { sinceOf } from '../http/schemas/queries.ts';
import { accuracyOnWire } from '../http/wire.ts';
import { type CommandContext, CommandError, DONE, type ExitCode, USAGE } from './context.ts';
import { configOrEnd } from './load.ts';
import { type Cell, type Tone, table } from './terminal.ts';

/** `forestall accuracy`: options `since`, `type`, `resource`, `json`; exit 0 whatever it says. */
export async function accuracyCommand(context: CommandContext, options: Record<string, unknown>): Promise<ExitCode> {
  const length = sinceOf(String(options['since']));
  if (length === null) {
    throw new CommandError(`--since ${String(options['since'])} is not a duration such as 30d, at most 400d`, USAGE);
  }
  const text = (name: string) => (options[name] === undefined ? undefined : String(options[name]));
  const config = configOrEnd(context);
  const ledger = await openLedger(config, context.logger);
  try {
    const until = Date.now();
    const question = { since: until - length, until, prediction_type: text('type'), resource: text('resource') };
    const answer = await accuracy(config, ledger, question);
    if (options['json'] === true) context.print(`${JSON.stringify(accuracyOnWire(answer), null, 2)}\n`);
    else context.print(describe(answer, context));
    return DONE;
  } finally {
    await ledger.close();
  }
}

function describe(answer: Accuracy, { terminal }: CommandContext): string {
  const { all, types, sources, resources } = answer;
  const waiting = waitingFor(answer);
  if (all.scored === 0) {
    const others = all.cut_short + all.unknown === 0 ? '' : `; ${notCounted(all)}`;
    return `no forecast was scored since ${atTime(answer.since)}${others}\n${waiting}\n`;
  }
  const name = (text: string): Cell => ({ text });
  const rows = resources.map((one): Cell[] => [
    name(one.prediction_type),
    name(one.host === null ? one.resource : `${one.resource} on ${one.host}`),
    ...cellsOf(one),
  ]);
  const scores = table(
    [HEAD, ...rows, ...types.map((type) => [name(type.prediction_type), name('all'), ...cellsOf(type)])],
    terminal,
  );
  const words = [
    scores,
    table([SOURCE_HEAD, ...sources.map(sourceRow)], terminal),
    ...types.flatMap(calibrationOf(terminal)),
  ];
  const counted = `${all.scored} scored since ${atTime(answer.since)}; ${notCounted(all)}`;
  return `${words.join('\n')}\n${counted}\n${waiting}\n`;
}

const HEAD: readonly Cell[] = [
  'type',
  'resource',
  'scored',
  'came true',
  'error',
  'Brier',
  'calibration',
  'precision',
].map((text) => ({ text, tone: 'quiet' }));
const SOURCE_HEAD: readonly Cell[] = ['source', 'type', 'of 90 days', 'came true', ''].map((text) => ({
  text,
  tone: 'quiet',
}));

function cellsOf(score: Score): Cell[] {
  const number = (value: number | null, digits: number, unit = '') =>
    value === null ? '–' : `${value.toFixed(digits)}${unit}`;
  return [
    String(score.scored),
    percent(score.scored === 0 ? null : score.came_true / score.scored),
    number(score.absolute_error_days, 1, ' d'),
    number(score.brier_score, 3),
    number(score.calibration_error, 3),
    score.precision === null ? '–' : `${percent(score.precision)} of ${score.actionable}`,
  ].map((text) => ({ text }));
}

const STANDINGS: Readonly<Record<SourceScore['standing'], { readonly text: string; readonly tone: Tone }>> = {
  too_few: { text: 'too few to judge it', tone: 'quiet' },
  proven: { text: 'keeps its word', tone: 'good' },
  unproven: { text: 'unproven: it is not acted on', tone: 'bad' },
};

function sourceRow({ source, prediction_type, proof, standing }: SourceScore): Cell[] {
  const share = proof.scored === 0 ? '–' : percent(proof.came_true / proof.scored);
  return [
    { text: source },
    { text: prediction_type },
    { text: String(proof.scored) },
    { text: share },
    STANDINGS[standing],
  ];
}

const calibrationOf =
  (terminal: CommandContext['terminal']) =>
  ({ prediction_type, calibration, correction }: TypeScore): readonly string[] => {
    if (calibration.length === 0) return [];
    const head = ['stated', 'forecasts', 'mean', 'came true'].map((text): Cell => ({ text, tone: 'quiet' }));
    const rows = calibration.map((bin) =>
      [
        `${percent(bin.from)} to ${percent(bin.to)}`,
        String(bin.forecasts),
        percent(bin.stated),
        percent(bin.came_true),
      ].map((text): Cell => ({ text })),
    );
    const lasting =
      correction === null
        ? ''
        : `corrected by ${correction.forecasts} forecasts: logit × ${correction.slope.toFixed(2)} ${correction.shift < 0 ? '−' : '+'} ${Math.abs(correction.shift).toFixed(2)}\n`;
    return [`calibration of ${prediction_type}\n${table([head, ...rows], terminal)}${lasting}`];
  };

function notCounted({ cut_short, unknown }: Score): string {
  return `not counted: ${cut_short} cut short, ${unknown} unknown`;
}

function waitingFor({ all, next_closes_at }: Accuracy): string {
  if (next_closes_at === null) return 'none waits to be judged: forecasts are written down by serve and run';
  const [many, are] = all.open === 1 ? ['forecast', 'waits'] : ['forecasts', 'wait'];
  return `${all.open} ${many} ${are} to be judged, the first from ${atTime(next_closes_at)} on`;
}

function percent(share: number | null): string {
  return share === null ? '–' : `${Math.round(share * 100)} %`;
}
