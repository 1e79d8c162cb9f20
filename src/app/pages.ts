import type { App } from '../app.ts';
import { budgetLookback } from '../decision/budget.ts';
import { DAY } from '../decision/limits.ts';
import { timeZoneOf } from '../decision/local-time.ts';
import { nextPossibleAt } from '../decision/next-possible.ts';
import type { Automation, Budgets, OutputTail, PagePort } from '../http/pages/ports.ts';
import { findMapping } from '../mapping/match.ts';
import { openOutput } from '../playbook/output.ts';
import { criticalAt, isStale, type Prediction } from '../prediction/prediction.ts';
import { budgets } from './budgets.ts';
import { localTimeZone } from './time-zone.ts';

/** So much of an output is on a page, bytes; the rest is one link away. */
const TAIL = 32_768;
/** Budgets change with the store and, slowly, with time, milliseconds. */
const BUDGETS_KEPT = 5_000;

/** What the status page asks, over the app's parts. */
export function statusPages(app: App): PagePort {
  const { ledger, loop, sources } = app;
  const now = Date.now;
  const begun = now().toString(36);
  let kept: { readonly version: string; readonly at: number; readonly budgets: Promise<Budgets> } | null = null;

  async function version(): Promise<string> {
    const [store, known] = await Promise.all([ledger.version(), sources.all()]);
    const down = app.watch.health().filter(({ up }) => !up).length;
    return [begun, store, digestOf(known), down, app.lastReload.successAt].join('.');
  }

  async function automation(): Promise<Automation> {
    const { enable_auto_remediation, dry_run_mode } = app.config.mapping.global_settings;
    const pauses = (await ledger.pauses()).filter(({ until }) => until === null || until > now());
    const mode = !enable_auto_remediation
      ? 'disabled'
      : pauses.length > 0
        ? 'paused'
        : dry_run_mode
          ? 'dry_run'
          : 'live';
    return { mode, dry_run_mode, pauses };
  }

  return {
    now,
    version,
    automation,

    async outlook(from, count) {
      const { mapping: actionMapping, predictions } = app.config;
      const at = now();
      const stale = (prediction: Prediction) => isStale(prediction, at, predictions.stale_after);
      const known = await sources.all();
      const order = known
        .map((prediction) => ({ prediction, stale: stale(prediction), critical: criticalAt(prediction) ?? Infinity }))
        .sort((a, b) => Number(a.stale) - Number(b.stale) || compare(a.critical, b.critical));
      const items = order.slice(from, from + count).map(async ({ prediction, stale: isOld }) => {
        const mapping = findMapping(actionMapping, prediction);
        return {
          prediction,
          stale: isOld,
          forecast: app.forecasts.of(prediction) !== null,
          mapping,
          asks: mapping?.action.require_confirmation ?? actionMapping.global_settings.require_confirmation,
          decision: await loop.explain(prediction),
        };
      });
      return {
        total: known.length,
        stale: order.filter((one) => one.stale).length,
        items: await Promise.all(items),
        none: app.forecasts.none(),
        sources: app.watch.health(),
      };
    },

    async forecastOf(target) {
      const current = await sources.current(target);
      const forecasted = current === null ? null : app.forecasts.of(current);
      if (forecasted === null) return null;
      return { forecasted, mapping: findMapping(app.config.mapping, forecasted.prediction) };
    },

    async budgets() {
      const held = await ledger.version();
      const key = `${held}.${app.lastReload.successAt}`;
      if (kept === null || kept.version !== key || now() - kept.at > BUDGETS_KEPT) {
        kept = { version: key, at: now(), budgets: budgetsNow(app, now()) };
      }
      return await kept.budgets;
    },

    unfinished: async () => (await ledger.unfinished()).map(({ execution }) => execution),
    decision: (id) => ledger.decision(id),
    reportsOf: (id) => ledger.reportsOf(id),
    outputTail: (id, phase) => tailOf(app.config.log_dir, id, phase),
  };
}

/** Earlier first; two that never happen are equal. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Changes when any prediction does; cheap enough to be asked several times a second. */
function digestOf(predictions: readonly Prediction[]): string {
  let sum = predictions.length;
  for (const { observed_at, days_until_critical, confidence, resource } of predictions) {
    sum = (sum * 31 + observed_at + (days_until_critical ?? -1) * 1e6 + confidence * 1e6 + resource.length) % 2 ** 48;
  }
  return Math.round(sum).toString(36);
}

async function budgetsNow(app: App, now: number): Promise<Budgets> {
  const { config, ledger } = app;
  const { mapping, execution } = config;
  const { dry_run_mode, max_daily_executions } = mapping.global_settings;
  const counted = dry_run_mode ? 'rehearsal' : 'live';
  const { circuit_breaker } = execution;
  const policy = { circuit_breaker, time_zone: timeZoneOf(mapping, localTimeZone) };
  let daily_executions = 0;
  const playbooks = await Promise.all(
    (await budgets(config, ledger, now)).map(async (budget) => {
      const since = now - budgetLookback(mapping, budget.playbook, circuit_breaker.reset_after);
      const runs = await ledger.runsSince(budget.playbook, counted, since);
      daily_executions += runs.filter(({ started_at }) => started_at > now - DAY).length;
      return { ...budget, next_possible_at: nextPossibleAt(mapping, budget, runs, policy, now) };
    }),
  );
  return { playbooks, daily_executions, daily_limit: max_daily_executions };
}

async function tailOf(logDir: string, id: string, phase: 'dry_run' | 'run'): Promise<OutputTail | null> {
  const output = await openOutput(logDir, id, phase, TAIL);
  if (output === null) return null;
  const chunks: Buffer[] = [];
  for await (const chunk of output.stream) chunks.push(chunk as Buffer);
  const cut = output.size > TAIL;
  const text = Buffer.concat(chunks).toString('utf8');
  // What no text may hold reads as one sign, and the first line of an end is not a whole one.
  const readable = text.replace(/[^\P{Cc}\t\n]/gu, '\u{fffd}');
  return { text: cut ? readable.slice(readable.indexOf('\n') + 1) : readable, size: output.size, cut };
}
