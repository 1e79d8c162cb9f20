import type { Config } from '../config/config.ts';
import type { Pause } from '../decision/decision.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { isStale, type Prediction } from '../prediction/prediction.ts';
import { waitingForConfirmation } from './waiting.ts';

/** What the status is made of. */
export interface StatusParts {
  readonly config: Config;
  readonly ledger: Ledger;
  readonly predictions: readonly Prediction[];
  readonly sources: readonly {
    readonly source: string;
    readonly up: boolean;
    readonly last_success: number | null;
    readonly problem: string | null;
  }[];
  /** Null where nothing reloads: on the command line. */
  readonly lastReloadSuccessful: boolean | null;
  readonly now: number;
}

const DAY = 86_400_000;

/**
 * The state of automation. Numbers and texts stand at the top, for dashboards that take a path of one step; `pauses` and
 * `sources` say more. Times are ISO 8601, null where there is none.
 */
export async function statusOf({ config, ledger, predictions, sources, now, ...rest }: StatusParts): Promise<object> {
  const { global_settings, mappings } = config.mapping;
  const pauses = (await ledger.pauses()).filter(({ until }) => until === null || until > now);
  const summary = await ledger.summary(now);
  const waiting = await waitingForConfirmation(ledger);
  const counted = global_settings.dry_run_mode ? 'rehearsal' : 'live';
  const runs = await Promise.all(
    Object.keys(config.playbooks).map((playbook) => ledger.runsSince(playbook, counted, now - DAY + 1)),
  );
  const critical = predictions.flatMap(({ days_until_critical }) => days_until_critical ?? []);
  const { success, failure } = summary.week;
  return {
    mode: modeOf(config, pauses),
    enabled: global_settings.enable_auto_remediation && pauses.length === 0,
    dry_run_mode: global_settings.dry_run_mode,
    paused: pauses.length > 0,
    paused_by: pauses.map(({ name, reason }) => (reason === null ? name : `${name}: ${reason}`)).join('; '),
    paused_until: iso(endOf(pauses)),
    mappings: mappings.length,
    predictions: predictions.length,
    predictions_stale: predictions.filter((one) => isStale(one, now, config.predictions.stale_after)).length,
    days_until_critical_min: critical.length === 0 ? null : Math.min(...critical),
    sources_up: sources.filter(({ up }) => up).length,
    sources_down: sources.filter(({ up }) => !up).length,
    in_progress: summary.in_progress.reduce((sum, { count }) => sum + count, 0),
    waiting_for_confirmation: waiting.length,
    executions_24h: runs.flat().length,
    executions_daily_limit: global_settings.max_daily_executions,
    executions_succeeded_7d: success,
    executions_failed_7d: failure,
    success_rate_7d: success + failure === 0 ? null : success / (success + failure),
    prevented_incidents: summary.prevented_incidents,
    last_run: iso(summary.last_run_at),
    reports_pending: summary.reports_pending.reduce((sum, { count }) => sum + count, 0),
    config_last_reload_successful: rest.lastReloadSuccessful,
    pauses: pauses.map(({ name, reason, since, until }) => ({ name, reason, since: iso(since), until: iso(until) })),
    sources: sources.map(({ source, up, last_success, problem }) => ({
      source,
      up,
      last_success: iso(last_success),
      problem,
    })),
  };
}

function modeOf(config: Config, pauses: readonly Pause[]): 'disabled' | 'paused' | 'dry_run' | 'live' {
  const { enable_auto_remediation, dry_run_mode } = config.mapping.global_settings;
  if (!enable_auto_remediation) return 'disabled';
  if (pauses.length > 0) return 'paused';
  return dry_run_mode ? 'dry_run' : 'live';
}

/** When the last of them ends by itself; null where one does not. */
function endOf(pauses: readonly Pause[]): number | null {
  const ends = pauses.map(({ until }) => until ?? Number.POSITIVE_INFINITY);
  const last = Math.max(...ends);
  return Number.isFinite(last) ? last : null;
}

function iso(instant: number | null): string | null {
  return instant === null ? null : new Date(instant).toISOString();
}
