import { forecasting } from '../app/forecasts.ts';
import { openLedger } from '../app/ledger.ts';
import { predictionSources } from '../app/predictions.ts';
import { statusOf } from '../app/status.ts';
import { type CommandContext, DONE, type ExitCode } from './context.ts';
import { configOrEnd } from './load.ts';
import { type Cell, table } from './terminal.ts';

const TONES: Readonly<Record<string, Cell['tone']>> = {
  live: 'good',
  dry_run: 'warning',
  paused: 'bad',
  disabled: 'bad',
};

/** `forestall status`: what the API answers, from the store and the files; exit 0 whatever it says. */
export async function status(context: CommandContext, { json }: { readonly json: boolean }): Promise<ExitCode> {
  const config = configOrEnd(context);
  const ledger = await openLedger(config, context.logger);
  const parts = { current: () => config, ledger, logger: context.logger };
  const forecasts = forecasting(config, { ...parts, onChange: () => sources.feedChanged() });
  const sources = predictionSources(config, { ...parts, feeds: [forecasts] });
  try {
    await sources.readOnce();
    await forecasts.load();
    const document = await statusOf({
      config,
      ledger,
      predictions: await sources.all(),
      sources: sources.health(),
      lastReloadSuccessful: null,
      now: Date.now(),
    });
    if (json) {
      context.print(`${JSON.stringify(document, null, 2)}\n`);
      return DONE;
    }
    const flat = Object.entries(document).filter(
      ([, value]) => !Array.isArray(value) && value !== null && value !== '',
    );
    const rows = flat.map(([name, value]): Cell[] => {
      const tone = name === 'mode' ? TONES[String(value)] : undefined;
      return [{ text: name.replaceAll('_', ' ') }, { text: String(value), ...(tone === undefined ? {} : { tone }) }];
    });
    context.print(table(rows, context.terminal));
    for (const { source, up, problem } of sources.health()) {
      if (!up) context.print(`source ${source} is down: ${problem ?? 'not readable'}\n`);
    }
    return DONE;
  } finally {
    await sources.close();
    await ledger.close();
  }
}
