import { forecasting } from '../../app/forecasts.ts';
import { openLedger } from '../../app/ledger.ts';
import { forecastOnWire, predictionOnWire } from '../../http/wire.ts';
import type { Forecasted, ForecastPass, Unforecast } from '../../prediction/forecasted.ts';
import type { Target } from '../../prediction/prediction.ts';
import type { SourceHealth } from '../../sources/source-health.ts';
import { type CommandContext, CommandError, DONE, type ExitCode, NO } from '../context.ts';
import { configOrEnd } from '../load.ts';
import { type Cell, table } from '../terminal.ts';
import { chart, sparkline } from './chart.ts';

interface Outcome {
  readonly sources: readonly SourceHealth[];
  readonly passes: ReadonlyMap<string, ForecastPass>;
  readonly made: readonly Forecasted[];
  readonly none: readonly Unforecast[];
}

/** So few forecasts get a chart of their own. */
const CHARTED = 3;
const SPARKLINE = 16;

/** `forestall forecast`: measures, asks and forecasts now; exit 1 when no source could be read. */
export async function forecastNow(
  context: CommandContext,
  { json, resource }: { readonly json: boolean; readonly resource: string | null },
): Promise<ExitCode> {
  const outcome = await outcomeNow(context);
  const wanted = (target: Target) => resource === null || target.resource === resource;
  const shown: Outcome = {
    ...outcome,
    made: outcome.made.filter(({ prediction }) => wanted(prediction)).sort(byUrgency),
    none: outcome.none.filter(({ target }) => wanted(target)),
  };
  context.print(json ? `${JSON.stringify(documentOf(shown), null, 2)}\n` : describe(shown, context));
  return outcome.sources.some(({ up }) => up) ? DONE : NO;
}

async function outcomeNow(context: CommandContext): Promise<Outcome> {
  const config = configOrEnd(context);
  if (config.forecast === null || config.forecast.resources.length === 0) {
    throw new CommandError(`nothing is to be forecast: name resources as forecast.resources in ${config.file}`, NO);
  }
  const ledger = await openLedger(config, context.logger);
  try {
    const parts = { current: () => config, ledger, logger: context.logger, onChange: () => {} };
    const forecasts = forecasting(config, parts);
    await forecasts.passOnce(true);
    const outcome = {
      sources: forecasts.states().map((state) => state.health()),
      passes: forecasts.lastPasses(),
      made: forecasts.all(),
      none: forecasts.none(),
    };
    await forecasts.close();
    return outcome;
  } finally {
    await ledger.close();
  }
}

function byUrgency(a: Forecasted, b: Forecasted): number {
  const days = ({ prediction }: Forecasted) => prediction.days_until_critical ?? Number.MAX_VALUE;
  return days(a) - days(b) || b.p_within_14d - a.p_within_14d;
}

function documentOf({ sources, passes, made, none }: Outcome): object {
  return {
    sources: sources.map(({ source, up, problem }) => {
      const pass = passes.get(source);
      return { source, up, problem, problems: pass?.problems ?? [], dropped_samples: pass?.dropped_samples ?? 0 };
    }),
    items: made.map((forecasted) => {
      const { fan, cleanups, history, prediction } = forecasted;
      return { ...predictionOnWire(prediction), forecast: { ...forecastOnWire(forecasted), fan, cleanups, history } };
    }),
    no_forecast: none.map(({ target, source, reason }) => ({ ...target, source, reason })),
  };
}

const HEAD = ['resource', 'days', 'sure', '1 d', '3 d', '7 d', '14 d', 'past and future', 'why'];

function describe({ sources, passes, made, none }: Outcome, { terminal }: CommandContext): string {
  const head = HEAD.map((text): Cell => ({ text, tone: 'quiet' }));
  const rows = made.map((forecasted): Cell[] => {
    const { prediction, reasons, p_within_1d, p_within_3d, p_within_7d, p_within_14d } = forecasted;
    const { days_until_critical: days, confidence } = prediction;
    const near = days !== null && days <= 14;
    const chances = [p_within_1d, p_within_3d, p_within_7d, p_within_14d].map((chance) => ({ text: percent(chance) }));
    return [
      { text: nameOf(prediction) },
      { text: days === null ? 'none' : days.toFixed(1), tone: near ? (days <= 3 ? 'bad' : 'warning') : 'plain' },
      { text: percent(confidence) },
      ...chances,
      { text: sparkline(forecasted, SPARKLINE) },
      { text: reasons.join('; ') },
    ];
  });
  const charts = made.length > CHARTED ? [] : made.map((one) => chartOf(one, terminal.columns ?? 80));
  const unknown = none.map(({ target, reason }): Cell[] => [
    { text: nameOf(target) },
    { text: `no forecast: ${reason}` },
  ]);
  const troubles = sources.flatMap(({ source, up, problem, problems }): Cell[][] => {
    const pass = passes.get(source);
    const told = up ? (pass?.problems ?? []) : [problem ?? 'could not be read'];
    const more = (up ? (pass?.problem_count ?? 0) : problems) - told.length;
    const dropped = pass?.dropped_samples ?? 0;
    return [
      ...told.map((text): Cell[] => [{ text: source }, { text, tone: up ? 'warning' : 'bad' }]),
      ...(more > 0 ? [[{ text: source }, { text: `and ${more} more` }]] : []),
      ...(dropped > 0
        ? [[{ text: source }, { text: `${dropped} samples are no finite numbers and do not count` }]]
        : []),
    ];
  });
  return [
    made.length === 0 ? '' : table([head, ...rows], terminal),
    ...charts,
    table(unknown, terminal),
    table(troubles, terminal),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function chartOf(forecasted: Forecasted, columns: number): string {
  const width = Math.max(20, Math.min(72, columns));
  return `${table([[{ text: nameOf(forecasted.prediction) }]], { columns: null, colour: false })}${chart(forecasted, width, 8)}\n`;
}

function nameOf({ prediction_type, resource, host }: Target): string {
  return `${prediction_type} of ${resource}${host === null ? '' : ` on ${host}`}`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
