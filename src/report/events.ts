import type { Decision } from '../decision/decision.ts';
import type { Execution, ExecutionState } from '../execution/execution.ts';
import { type Masking, trendInWords, type VerifiedRun } from '../execution/gains.ts';
import type { ReportChannel } from '../execution/report.ts';
import type { DeliveryResult } from './delivery.ts';
import type { Log } from './log.ts';
import { maskingInWords } from './masking.ts';
import type { Metrics } from './metrics-input.ts';

export interface Change extends Pick<Execution, 'playbook' | 'message'> {
  readonly execution_id: string;
  readonly state: ExecutionState;
}

/** One function an event: it logs and counts. None throws, whatever the log or the metrics do. */
export interface Events {
  /** A decision was made. It is counted in the ledger. One that only repeats what is on record is for debug. */
  decided(decision: Decision): void;
  /** An execution entered a state. */
  changed(change: Change): void;
  phaseEnded(phase: { readonly playbook: string; readonly phase: 'dry_run' | 'run'; readonly seconds: number }): void;
  /** The webhook read a notification. */
  alertsReceived(received: {
    readonly receiver: 'alertmanager' | 'grafana';
    readonly firing: number;
    readonly resolved: number;
    readonly truncated: number;
    /** Epoch milliseconds. */
    readonly at: number;
  }): void;
  /** The webhook did not take a body; `code` is that of its answer. */
  bodyRefused(code: string): void;
  /** The outcome of a run is on record, where it is counted. */
  verified(verdict: {
    readonly execution: Execution;
    readonly runs: readonly VerifiedRun[];
    readonly masking: Masking | null;
  }): void;
  /** One attempt to deliver a report ended. */
  reportAttempted(channel: ReportChannel, result: DeliveryResult): void;
  configLoaded(file: string): void;
  /** The configuration in use stays. */
  configRefused(file: string, problems: readonly string[]): void;
  /** Something that metrics show could not be read. */
  metricUnread(what: string, error: unknown): void;
}

type Level = keyof Log;

const LEVEL_OF_STATE: Partial<Record<ExecutionState, Level>> = {
  failed: 'error',
  interrupted: 'error',
  rejected: 'warn',
  dry_run_failed: 'warn',
  expired: 'warn',
  checking: 'debug',
  dry_run: 'debug',
};

const LEVEL_OF_VERDICT: Record<Decision['verdict'], Level> = {
  approved: 'info',
  rejected: 'info',
  deferred: 'info',
  escalated: 'warn',
  ignored: 'debug',
};

export function createEvents({ logger, metrics }: { readonly logger: Log; readonly metrics: Metrics }): Events {
  return {
    decided: quietly((decision: Decision) => {
      const { id, trigger, target, mapping, playbook, verdict, reason, message, execution_id, repeats } = decision;
      const about = { prediction_type: target?.prediction_type, resource: target?.resource, host: target?.host };
      const fields = { decision_id: id, trigger, ...about, mapping, playbook, verdict, reason, execution_id };
      const level = repeats > 0 ? 'debug' : LEVEL_OF_VERDICT[verdict];
      logger[level]({ event: 'decision', ...fields }, `${verdict}: ${message}`);
    }),
    changed: quietly(({ execution_id, playbook, state, message }: Change) => {
      const fields = { event: 'execution', execution_id, playbook, state };
      logger[LEVEL_OF_STATE[state] ?? 'info'](fields, `${playbook} ${state}: ${message}`);
    }),
    phaseEnded: quietly((phase) => {
      metrics.phaseEnded(phase);
      logger.debug({ event: 'phase', ...phase }, `${phase.phase} of ${phase.playbook} ended`);
    }),
    verified: quietly(({ execution, runs, masking }) => {
      const { id, playbook, prediction, outcome, outcome_message: why, days_before, days_after } = execution;
      const about = {
        prediction_type: prediction.prediction_type,
        resource: prediction.resource,
        host: prediction.host,
      };
      const fields = { event: 'outcome', execution_id: id, playbook, ...about, outcome, days_before, days_after };
      const trend = outcome === 'unknown' ? '' : trendInWords(runs);
      const words = `${playbook} for ${prediction.resource}: ${outcome}: ${why}${trend === '' ? '' : `; ${trend}`}`;
      logger[outcome === 'effective' ? 'info' : 'warn'](fields, words);
      if (masking !== null) logger.warn({ ...fields, event: 'masking' }, maskingInWords(execution, masking));
    }),
    alertsReceived: quietly(({ receiver, firing, resolved, truncated, at }) => {
      metrics.webhookDelivered(at);
      if (firing > 0) metrics.webhookAlerts({ receiver, status: 'firing', count: firing });
      if (resolved > 0) metrics.webhookAlerts({ receiver, status: 'resolved', count: resolved });
      const fields = { event: 'alerts', receiver, firing, resolved, truncated };
      if (truncated === 0) return logger.debug(fields, 'alerts received');
      metrics.webhookTruncated(truncated);
      logger.warn(fields, 'alerts received, and others cut off by the sender: raise its max_alerts');
    }),
    bodyRefused: quietly((code: string) => metrics.webhookRefused(code)),
    reportAttempted: quietly((channel: ReportChannel, result: DeliveryResult) => metrics.notified({ channel, result })),
    configLoaded: quietly((file: string) => logger.info({ event: 'config', file }, 'configuration loaded')),
    configRefused: quietly((file: string, problems: readonly string[]) =>
      logger.error({ event: 'config', file, problems }, 'configuration refused: the one in use stays'),
    ),
    metricUnread: quietly((what: string, error: unknown) =>
      logger.warn({ event: 'metrics', what, err: error }, `metrics are served without ${what}`),
    ),
  };
}

/** Telling of an event must never end what the event is about. */
function quietly<A extends unknown[]>(tell: (...args: A) => void): (...args: A) => void {
  return (...args) => {
    try {
      tell(...args);
    } catch {
      // There is nobody left to tell.
    }
  };
}
