import type { App } from '../app.ts';
import { createHttpServer, type HttpServer } from '../http/server.ts';
import type { Logger } from '../logger.ts';
import { findMapping } from '../mapping/match.ts';
import { openOutput } from '../playbook/output.ts';
import { readPredictions } from '../prediction/documents.ts';
import { isStale } from '../prediction/prediction.ts';
import { version } from '../version.ts';
import { liftPause } from './lift-pause.ts';
import { statusPages } from './pages.ts';
import { accuracy } from './scores.ts';
import { statusOf } from './status.ts';

/** The service's HTTP side over the app's parts; not listening yet. */
export function httpServer(app: App, logger: Logger): HttpServer {
  const { config, ledger, loop, metrics, sources } = app;
  const now = Date.now;
  let { bearer_token: token, tokens: others } = config.web;
  let usable = true;
  return createHttpServer({
    version: version(),
    host: config.web.host,
    port: config.web.port,
    external_url: config.web.external_url,
    token() {
      // A reload can change tokens, never take the last one away: the address that is listened on stays the same.
      const { bearer_token, tokens } = app.config.web;
      token = bearer_token ?? (tokens.length > 0 ? null : token);
      return token?.reveal() ?? null;
    },
    tokens() {
      const { bearer_token, tokens } = app.config.web;
      if (bearer_token !== null || tokens.length > 0) others = tokens;
      return others.map(({ name, role, token: { reveal } }) => ({ name, role, value: reveal() }));
    },
    max_body_bytes: config.web.max_body_bytes,
    log: logger,
    decisions: loop,
    approvals: loop,
    predictions: {
      readPredictions: (body) => readPredictions(body, { source: 'api', fallbackTime: now(), now: now() }),
      publish: (predictions) => sources.post(predictions),
      async currentPredictions() {
        const known = await sources.all();
        return known.map((prediction) => ({
          prediction,
          age_seconds: (now() - prediction.observed_at) / 1000,
          stale: isStale(prediction, now(), app.config.predictions.stale_after),
          mapping: findMapping(app.config.mapping, prediction)?.id ?? null,
          forecast: app.forecasts.of(prediction),
        }));
      },
    },
    record: {
      executions: (filter) => ledger.executions(filter),
      execution: (id) => ledger.execution(id),
      decisions: (filter) => ledger.decisions(filter),
      accuracy: ({ since, ...asked }) => accuracy(app.config, ledger, { ...asked, since: now() - since, until: now() }),
      output: async (id, phase) => (await openOutput(app.config.log_dir, id, phase))?.stream ?? null,
    },
    operations: {
      status: async () =>
        await statusOf({
          config: app.config,
          ledger,
          predictions: await sources.all(),
          sources: app.watch.health(),
          lastReloadSuccessful: app.lastReload.successful,
          now: now(),
        }),
      async pause({ name, for: length, reason }) {
        const since = now();
        const pause = { name, reason, since, until: length === undefined ? null : since + length };
        await ledger.pause(pause);
        return pause;
      },
      async resume(name) {
        const { pauses, refused } = await liftPause(ledger, name);
        return { lifted: pauses.length, refused };
      },
      metrics: () => metrics.render(),
      async ready() {
        // Asked without a token, and every second by a load balancer: the log says what is wrong, once, the answer only
        // that something is.
        const wasUsable = usable;
        try {
          await ledger.usable();
          usable = true;
          if (!wasUsable) logger.info({}, 'ready again: the ledger can be used');
          return { ok: true, reason: 'ready' };
        } catch (error) {
          usable = false;
          if (wasUsable) logger.error({ err: error }, 'not ready: the ledger cannot be used');
          return { ok: false, reason: 'the ledger cannot be used' };
        }
      },
      reload: () => app.reload(),
    },
    pages: statusPages(app),
    onWebhookRefused: (code) => app.events.bodyRefused(code),
    onWebhook({ receiver_kind: receiver, alerts, truncated }) {
      const count = (status: string) => alerts.filter((alert) => alert.status === status).length;
      app.events.alertsReceived({
        receiver,
        firing: count('firing') + count('unreadable'),
        resolved: count('resolved'),
        truncated,
        at: now(),
      });
    },
  });
}
