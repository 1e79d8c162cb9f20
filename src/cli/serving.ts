import { httpServer } from '../app/http.ts';
import { createServiceManager } from '../app/service-manager.ts';
import { type App, createApp } from '../app.ts';
import type { Config } from '../config/config.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Logger } from '../logger.ts';
import { runCommand } from '../playbook/command.ts';
import { type CommandContext, DONE, type ExitCode, NO } from './context.ts';

/** How long requests under way may take once the service stops, milliseconds. */
const CLOSE_PATIENCE = 5_000;
/** The textfile is written after each execution, and as often as this for what ages by itself, milliseconds. */
const TEXTFILE_EVERY = 60_000;
/** How often it is looked whether sources still speak, milliseconds. */
const WATCH_EVERY = 1_000;
/** How often it is looked for forecasts to write down and to judge, milliseconds. */
const SCORE_EVERY = 10_000;
/** How often the head of the ledger's chain is logged at most, milliseconds. */
const HEAD_EVERY = 60_000;
/** How often it is looked for what is old enough to be forgotten, milliseconds. */
const FORGET_EVERY = 3_600_000;
/** How long a playbook that does not want to end may take beyond `drain_timeout`: SIGTERM, SIGKILL 10 s later, its record. */
const END_PATIENCE = 20_000;

/** Runs until it is `asked` to stop, then drains. SIGHUP reloads. systemd is told of each. */
export async function serveUntil(
  asked: Promise<NodeJS.Signals>,
  { config, ledger, context }: { readonly config: Config; readonly ledger: Ledger; readonly context: CommandContext },
): Promise<ExitCode> {
  const { env, logger } = context;
  const app = createApp({ config, ledger, env, logger });
  const manager = createServiceManager({
    env,
    pid: process.pid,
    runCommand,
    monotonic: () => process.hrtime.bigint() / 1_000n,
    logger,
  });
  process.on('SIGHUP', () => void manager.reload(async () => (await app.reload()).ok));
  try {
    await startServing(app, logger);
  } catch (error) {
    logger.error({ err: error }, 'the service could not start');
    await app.stop();
    return NO;
  }
  manager.ready();
  const signal = await asked;
  manager.stopping();
  logger.info({ signal }, 'stopping: no new work is taken');
  await app.stop();
  logger.info({}, 'stopped');
  return DONE;
}

/** Reads the predictions, listens, takes up what an earlier process left, and says so. Stops with the app. */
export async function startServing(
  app: App,
  logger: Logger,
): Promise<{ readonly host: string; readonly port: number }> {
  const { config } = app;
  const { dry_run_mode, enable_auto_remediation } = config.mapping.global_settings;
  for (const warning of config.warnings) logger.warn({}, warning);
  if (config.discord === null) logger.info({}, 'discord is not configured: reports are logged');

  await app.sources.start();
  await app.forecasts.start();
  void app.watch.look();
  const watch = setInterval(() => void app.watch.look(), WATCH_EVERY).unref();
  app.onStop('watch', () => clearInterval(watch));
  const server = httpServer(app, logger);
  const address = await server.listen();
  app.onStop('http server', () => server.close(CLOSE_PATIENCE));
  app.onStop(
    'loop',
    async () => {
      server.refuseNewWork();
      await app.loop.drain(app.config.execution.drain_timeout);
    },
    app.config.execution.drain_timeout + END_PATIENCE,
  );
  void app.loop.start();
  app.loop.followAlerts();
  void app.scoring.pass();
  const scoring = setInterval(() => void app.scoring.pass(), SCORE_EVERY).unref();
  app.onStop('scoring passes', () => clearInterval(scoring));
  const heads = setInterval(() => void app.logHead(), HEAD_EVERY).unref();
  app.onStop('heads', () => clearInterval(heads));
  void app.retention.pass();
  const forgetting = setInterval(() => void app.retention.pass(), FORGET_EVERY).unref();
  app.onStop('retention passes', () => clearInterval(forgetting));
  const refresh = setInterval(() => void app.writeTextfile(), TEXTFILE_EVERY).unref();
  app.onStop('textfile refresh', () => clearInterval(refresh));

  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  logger.info(
    {
      address: `${host}:${address.port}`,
      mode: !enable_auto_remediation ? 'disabled' : dry_run_mode ? 'dry run' : 'live',
      mappings: config.mapping.mappings.length,
      authenticated: config.web.bearer_token !== null || config.web.tokens.length > 0,
    },
    `listening on http://${host}:${address.port}`,
  );
  // What nobody waits for, now that deliveries are taken.
  void app.writeTextfile();
  void server.prepare();
  app.prepare();
  return address;
}
