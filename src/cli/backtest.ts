import { WINDOW } from '../accuracy/past.ts';
import type { PastScore } from '../accuracy/score-past.ts';
import { type Backtest, type BacktestGroup, backtest } from '../app/backtest.ts';
import type { Config } from '../config/config.ts';
import type { Score } from '../forecast/scoring.ts';
import { formatDuration, parseDuration } from '../mapping/duration.ts';
import { type CommandContext, CommandError, DONE, type ExitCode, NO, USAGE } from './context.ts';
import { configOrEnd } from './load.ts';
import { type Cell, table } from './terminal.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const YEAR = 366 * DAY;

export interface BacktestOptions {
  readonly since: string;
  readonly every: string;
  readonly type: string | null;
  readonly resource: string | null;
  readonly maxSeries: number;
  readonly json: boolean;
}

/**
 * `forestall backtest`: what the forecaster would have said over the past, and what came of it; exit 1 when no source could
 * be read, or nothing could be judged.
 */
export async function backtestCommand(context: CommandContext, options: BacktestOptions): Promise<ExitCode> {
  const since = durationOf('--since', options.since, WINDOW + DAY, YEAR);
  const every = durationOf('--every', options.every, HOUR, 30 * DAY);
  const config = configOrEnd(context);
  checkAsked(config, options);
  const { type, resource, maxSeries } = options;
  const isShown = process.stderr.isTTY === true;
  const question = {
    since,
    every,
    type,
    resource,
    maxSeries,
    onProgress: (source: string, series: number) => {
      if (isShown) process.stderr.write(`\r${source}: ${series} series\u001b[K`);
    },
  };
  const result = await backtest(config, question, context.logger);
  if (isShown) process.stderr.write('\r\u001b[K');
  context.print(options.json ? `${JSON.stringify(documentOf(result), null, 2)}\n` : describe(result, context));
  const judged = result.total.ours.cases > 0;
  if (!judged) context.complain(`nothing could be judged: ${whyNothing(result)}`);
  return judged ? DONE : NO;
}

/** In milliseconds, whole hours. */
function durationOf(name: string, text: string, least: number, most: number): number {
  const length = parseDuration(text);
  if (length === null || length < least || length > most) {
    const range = `${formatDuration(least)} to ${formatDuration(most)}`;
    throw new CommandError(`${name} ${text} is not a duration of ${range}, such as 60d`, USAGE);
  }
  return Math.floor(length / HOUR) * HOUR;
}

function checkAsked(config: Config, { type }: BacktestOptions): void {
  const resources = config.forecast?.resources ?? [];
  if (resources.length === 0) {
    throw new CommandError(`nothing is to be forecast: name resources as forecast.resources in ${config.file}`, NO);
  }
  const types = [...new Set(resources.map(({ prediction_type }) => prediction_type))];
  if (type !== null && !types.includes(type)) {
    throw new CommandError(`--type ${type}: forecast.resources has ${types.join(', ')}`, NO);
  }
}

/** The first reason that explains it. */
function whyNothing({ groups, span }: Backtest): string {
  const read = groups.filter(({ error }) => error === null);
  if (read.length === 0) return 'no source could be read';
  const oldest = Math.min(...read.map((group) => group.oldest ?? Number.POSITIVE_INFINITY));
  if (oldest === Number.POSITIVE_INFINITY) return 'there are no samples of it';
  const reach = (span.until - oldest) / DAY;
  if (reach >= 15) return 'too little was measured, or all of it was critical already';
  return `the samples reach back ${reach.toFixed(1)} days, and a forecast is judged when its 14 days are over: let Prometheus keep more (--storage.tsdb.retention.time), this machine measure for longer, and ask again in ${Math.ceil(15 - reach)} days`;
}

function documentOf({ span, groups, total }: Backtest): object {
  return {
    from: new Date(span.from).toISOString(),
    to: new Date(span.to).toISOString(),
    every: formatDuration(span.every),
    lookback: formatDuration(span.lookback),
    groups: groups.map(({ taken, oldest, score, ...group }) => ({
      ...group,
      forecast_series: taken,
      oldest_sample: oldest === null ? null : new Date(oldest).toISOString(),
      ...score,
    })),
    total,
  };
}

const HEAD = ['', 'forecasts', 'critical', 'hit %', 'missed %', 'false alarms %', 'within 3 d %'];
const HEAD_SURE = ['sure: right % @ found %', 'Brier', 'skill', 'calibration', 'of alarms'];

function describe({ groups, total, span }: Backtest, { terminal }: CommandContext): string {
  const scored = groups.filter(({ score }) => score.ours.cases > 0);
  const rows = [
    [...HEAD, ...HEAD_SURE].map((text): Cell => ({ text, tone: 'quiet' })),
    ...scored.flatMap((group) => rowsOf(nameOf(group), group.score)),
    ...(scored.length > 1 ? rowsOf('all', total) : []),
  ];
  const notes = groups.flatMap((group) => notesOf(group, span.until - span.from + span.lookback, span.until));
  const days = ((span.to - span.from) / DAY).toFixed(0);
  const head = `Forecasts every ${formatDuration(span.every)} over ${days} days, each judged by the 14 days after it, which are over.\n`;
  return [
    ...(scored.length === 0 ? [] : [head, table(rows, terminal)]),
    table(notes, terminal),
    ...(total.ours.cases === 0 ? [] : [verdict(total)]),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function nameOf({ source, prediction_type }: BacktestGroup): string {
  return source === 'forecast:local' ? `${source} (${prediction_type})` : source;
}

function rowsOf(name: string, { ours, line }: PastScore): Cell[][] {
  return [
    [{ text: name }, { text: String(ours.cases) }, { text: String(ours.crossings) }, ...cellsOf(ours)],
    [{ text: '  a line over 7 days', tone: 'quiet' }, { text: '' }, { text: '' }, ...cellsOf(line)],
  ];
}

function cellsOf(score: Score): Cell[] {
  return [
    percent(score.hits),
    percent(score.misses),
    percent(score.falseAlarms),
    percent(score.falseAlarms3),
    `${percent(score.sureRight)} @ ${percent(score.sureRecall)}`,
    fraction(score.brier),
    Number.isFinite(score.skill) ? `${score.skill < 0 ? '' : '+'}${score.skill.toFixed(2)}` : '–',
    fraction(score.calibration),
    fraction(score.alarmCalibration),
  ].map((text) => ({ text }));
}

function notesOf({ score, ...group }: BacktestGroup, span: number, until: number): Cell[][] {
  const { error, taken, series, oldest, problems, problem_count } = group;
  const reach = oldest === null ? 0 : until - oldest;
  const notes = [
    error,
    taken < series ? `${taken} of ${series} series were taken, spread over all: --max-series` : null,
    // A day less is what the first scrape and the oldest block leave open.
    oldest !== null && reach < span - DAY
      ? `the samples reach back ${(reach / DAY).toFixed(1)} days of the ${Math.round(span / DAY)} asked for`
      : null,
    counted(score.short, 'saw less than half of the look-back: the live ones see more'),
    counted(score.unknown, 'could not be judged: samples are missing in the 14 days after them'),
    counted(score.already_critical, 'would have been of what was critical already; they do not count'),
    counted(score.no_forecast, 'could not be made: too few or too old samples'),
    counted(
      score.cut_short,
      'count as alarms that did not come true, and a steep fall followed: somebody may have cleaned up',
    ),
    ...problems,
    problem_count > problems.length ? `and ${problem_count - problems.length} more problems` : null,
  ];
  return notes.flatMap((text): Cell[][] =>
    text === null ? [] : [[{ text: nameOf({ score, ...group }) }, { text, tone: text === error ? 'bad' : 'plain' }]],
  );
}

function counted(count: number, what: string): string | null {
  return count === 0 ? null : `${count} ${count === 1 ? 'forecast' : 'forecasts'} ${what}`;
}

/** Beside the line, as ratios: what a new user wants to know first. */
function verdict({ ours, line }: PastScore): string {
  const parts = [
    ratio('Brier score', ours.brier, line.brier),
    ratio('missed', ours.misses, line.misses),
    ratio('false alarms', ours.falseAlarms, line.falseAlarms),
    ratio('hits', ours.hits, line.hits),
  ].flatMap((part) => part ?? []);
  const few =
    ours.crossings < 10 ? ` Only ${ours.crossings} of them were critical within 14 days: that proves little.\n` : '\n';
  return parts.length === 0 ? few.trimStart() : `Beside the line over 7 days: ${parts.join(', ')}.${few}`;
}

function ratio(name: string, ours: number, line: number): string | null {
  return Number.isFinite(ours) && line > 0 ? `${name} ${(ours / line).toFixed(2)} times its` : null;
}

const percent = (share: number): string => (Number.isFinite(share) ? String(Math.round(share * 1000) / 10) : '–');
const fraction = (value: number): string => (Number.isFinite(value) ? value.toFixed(3).replace(/^0/, '') : '–');
