import { ledgerOpener } from '../app/ledger.ts';
import type { CommandContext, ExitCode } from './context.ts';
import { configOrEnd } from './load.ts';

/** `forestall serve`: runs until SIGTERM or SIGINT. Opening the ledger, and loading what serves from it, take the same time. */
export async function serve(context: CommandContext): Promise<ExitCode> {
  const config = configOrEnd(context);
  const asked = new Promise<NodeJS.Signals>((resolve) => {
    // For good: a second one (npm passes a Ctrl-C on that the terminal has sent already) must not cut the drain short.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, resolve);
  });
  // What comes before there is anything to reload must not end the process.
  process.on('SIGHUP', () => {});
  const open = await ledgerOpener(config, context.logger);
  const [ledger, { serveUntil }] = await Promise.all([open(), import('./serving.ts')]);
  return await serveUntil(asked, { config, ledger, context });
}
