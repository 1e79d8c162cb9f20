import { budgets } from './app/budgets.ts';
import { createFirstToday } from './app/first-today.ts';
import { createFleets } from './app/fleets.ts';
import { forecasting, watchOver } from './app/forecasts.ts';
import { createPlaybooks } from './app/playbooks.ts';
import { predictionSources } from './app/predictions.ts';
import { createReporting } from './app/reporting.ts';
import { retentionOf } from './app/retention.ts';
import { safetyOf } from './app/safety.ts';
import { accuracyNow, scoring } from './app/scores.ts';
import { createSettings } from './app/settings.ts';
import { createTextfile } from './app/textfile.ts';
import { localTimeZone } from './app/time-zone.ts';
import { waitingForConfirmation } from './app/waiting.ts';
import type { Config } from './config/config.ts';
import { isFinal } from './execution/execution.ts';
import { instanceIsGone, thisInstance } from './ledger/instance.ts';
import type { Ledger } from './ledger/ledger.ts';
import { createLifecycle } from './lifecycle.ts';
import type { Logger } from './logger.ts';
import { createChainHeads } from './loop/chain-heads.ts';
import type { Retention } from './loop/retention.ts';
import type { Scoring } from './loop/scoring.ts';
import { createLoop, type Loop } from './loop.ts';
import { createPipeStore } from './playbook/pipe-store.ts';
import { prepareToStart } from './playbook/spawn.ts';
import { isStale } from './prediction/prediction.ts';
import { createEvents, type Events } from './report/events.ts';
import { createMetrics } from './report/metrics.ts';
import type { Metrics } from './report/metrics-input.ts';
import type { Outbox } from './report/outbox.ts';
import { outcomeReportsFor, reportsFor } from './report/policy.ts';
import type { Forecasts } from './sources/forecasts/forecasts.ts';
import type { SourceWatch } from './sources/source-watch.ts';
import type { PredictionSources } from './sources/sources.ts';
import { version } from './version.ts';

export interface AppOptions {
  readonly config: Config;
  /** Closed with the app. */
  readonly ledger: Ledger;
  readonly env: NodeJS.ProcessEnv;
  readonly logger: Logger;
}

/** Every long-lived part, built once and in order. What `serve` and `run` add on top is theirs to stop. */
export interface App {
  readonly config: Config;
  readonly ledger: Ledger;
  readonly loop: Loop;
  readonly sources: PredictionSources;
  /** One of the sources. */
  readonly forecasts: Forecasts;
  /** Whether the sources can be relied on. */
  readonly watch: SourceWatch;
  /** Writes forecasts down and judges them. */
  readonly scoring: Scoring;
  /** Logs where the hash chain of the ledger ends, if that is news. Never rejects. */
  logHead(): Promise<void>;
  /** Forgets what is old. */
  readonly retention: Retention;
  readonly metrics: Metrics;
  readonly events: Events;
  readonly outbox: Outbox;
  readonly lastReload: { readonly successful: boolean; readonly successAt: number };
  /** True while neither the mapping nor a pause holds automation back. */
  enabled(): Promise<boolean>;
  reload(): Promise<{ readonly ok: true } | { readonly ok: false; readonly problems: readonly string[] }>;
  /** Reads the inventories of playbooks, so that the next decision knows them. Never rejects. */
  readFleets(): Promise<void>;
  /** Does ahead what the first playbook would have to wait for. */
  prepare(): void;
  /** Writes the textfile now, where one is configured. Never rejects. */
  writeTextfile(): Promise<void>;
  onStop(name: string, stop: () => Promise<void> | void, patience?: number): void;
  /** Stops all in reverse order. Safe to call twice. */
  stop(): Promise<void>;
}

/** Builds every part. */
export function createApp({ config, ledger, env, logger }: AppOptions): App {
  const now = Date.now;
  const lifecycle = createLifecycle((name, error) =>
    logger.error({ err: error, part: name }, 'a part did not stop cleanly'),
  );

  lifecycle.onStop('ledger', () => ledger.close());

  const parts = { current: () => settings.config, ledger, logger };
  const forecasts = forecasting(config, { ...parts, onChange: () => sources.feedChanged() });
  const sources = predictionSources(config, { ...parts, feeds: [forecasts] });
  lifecycle.onStop('sources', () => sources.close());
  lifecycle.onStop('forecasts', () => forecasts.close());

  const fleets = createFleets();
  void fleets.warm(config);
  let safety = safetyOf(config);
  const settings = createSettings({
    config,
    env,
    now,
    logger,
    async onChange(next) {
      safety = safetyOf(next);
      reporting.configure(next);
      void fleets.warm(next);
      await sources.setFiles(next.predictions.files, next.predictions.stale_after);
      await forecasts.configure(next.forecast);
    },
  });

  async function enabled(): Promise<boolean> {
    const active = (await ledger.pauses()).filter((pause) => pause.until === null || pause.until > now());
    return settings.config.mapping.global_settings.enable_auto_remediation && active.length === 0;
  }

  const shownAccuracy = accuracyNow(() => settings.config, ledger);
  const metrics = createMetrics({
    version: version(),
    predictions: async () =>
      (await sources.all()).map((prediction) => ({
        prediction,
        stale: isStale(prediction, now(), settings.config.predictions.stale_after),
      })),
    sources: () => watch.health(),
    summary: () => ledger.summary(now()),
    budgets: () => budgets(settings.config, ledger, now()),
    escalated: () => loop.escalated(),
    awaiting: async () => (await waitingForConfirmation(ledger)).map(({ playbook }) => playbook),
    state: async () => ({
      enabled: await enabled(),
      dry_run_mode: settings.config.mapping.global_settings.dry_run_mode,
      config_last_reload_successful: settings.lastReload.successful,
      config_last_reload_success_at: settings.lastReload.successAt,
    }),
    playbooks: () => Object.keys(settings.config.playbooks),
    mapping: () => settings.config.mapping,
    scores: shownAccuracy.now,
    onProblem: (what, error) => logger.warn({ err: error, what }, 'metrics are served without a part'),
  });

  const reporting = createReporting(config, { ledger, metrics, logger });
  lifecycle.onStop('outbox', () => reporting.outbox.close());
  reporting.outbox.start();
  const watch = watchOver(sources, { ledger, logger, kick: () => reporting.outbox.kick() });

  const scores = scoring({
    ledger,
    config: () => settings.config,
    predictions: () => sources.all(),
    forecastOf: (prediction) => forecasts.of(prediction),
    sources: () => sources.health(),
    logger,
    onJudged: shownAccuracy.forget,
  });
  lifecycle.onStop('scoring', () => scores.close());

  const retention = retentionOf({ ledger, config: () => settings.config, onChain: metrics.ledgerChain, logger });
  lifecycle.onStop('retention', () => retention.close());

  const heads = createChainHeads(ledger, logger);
  lifecycle.onStop('the head of the ledger', () => heads.log());

  const textfile = createTextfile({ path: () => settings.config.textfile, render: () => metrics.textfile(), logger });
  lifecycle.onStop('textfile', () => textfile.settled());

  const pipes = createPipeStore();
  lifecycle.onStop('pipes', () => pipes.close());

  const events = createEvents({ logger, metrics });
  const firstToday = createFirstToday(ledger);
  const instance = thisInstance();
  const loop = createLoop({
    ledger,
    instance,
    instanceIsGone: (other) => instanceIsGone(other, instance),
    now,
    config: () => settings.config,
    timeZone: localTimeZone,
    predictions: sources,
    checkSafety: (expressions, prediction) => safety.check(expressions, { prediction }),
    playbooks: createPlaybooks(() => settings.config, fleets, pipes, logger),
    sources: () => sources.health(),
    reportsFor: (execution, state) => reportsFor(execution, state, firstToday),
    outcomeReportsFor,
    kickReports: () => reporting.outbox.kick(),
    events: {
      decided: events.decided,
      phaseEnded: events.phaseEnded,
      changed(change) {
        events.changed(change);
        if (isFinal(change.state)) textfile.request();
      },
      verified(verdict) {
        events.verified(verdict);
        textfile.request();
      },
    },
    logger,
  });

  return {
    get config() {
      return settings.config;
    },
    ledger,
    loop,
    sources,
    forecasts,
    watch,
    scoring: scores,
    logHead: () => heads.log(),
    retention,
    metrics,
    events,
    outbox: reporting.outbox,
    get lastReload() {
      return settings.lastReload;
    },
    enabled,
    reload: () => settings.reload(),
    readFleets: () => fleets.warm(settings.config),
    prepare() {
      pipes.prepare();
      void prepareToStart();
    },
    writeTextfile: () => textfile.write(),
    onStop: lifecycle.onStop,
    stop: () => lifecycle.stop(),
  };
}
