import type { Config } from '../config/config.ts';
import type { Execution } from '../execution/execution.ts';
import type { ReportChannel, ReportSubject } from '../execution/report.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Logger } from '../logger.ts';
import type { Target } from '../prediction/prediction.ts';
import { MOST_ATTEMPTS } from '../report/attempts.ts';
import { appendToContextLog } from '../report/context-log.ts';
import type { Delivery } from '../report/delivery.ts';
import { createDiscord } from '../report/discord.ts';
import type { Metrics } from '../report/metrics-input.ts';
import { createOutbox, type Outbox } from '../report/outbox.ts';

export interface Reporting {
  readonly outbox: Outbox;
  /** Takes channels from a new configuration. */
  configure(config: Config): void;
}

type Send = (subject: ReportSubject) => Promise<Delivery>;

/** The channels of the configuration over the ledger's outbox. A channel that is not configured is logged. */
export function createReporting(
  config: Config,
  { ledger, metrics, logger }: { readonly ledger: Ledger; readonly metrics: Metrics; readonly logger: Logger },
): Reporting {
  let senders = sendersOf(config, ledger, logger);
  const outbox = createOutbox({
    take: ledger.takeReports,
    done: ledger.reportDone,
    failed: ledger.reportFailed,
    drop: ledger.dropReports,
    channels: {
      discord: (subject) => senders.discord(subject),
      context_log: (subject) => senders.context_log(subject),
    },
    now: Date.now,
    logger,
    onDelivery: (channel, result) => metrics.notified({ channel, result }),
  });
  return {
    outbox,
    configure(next) {
      senders = sendersOf(next, ledger, logger);
      outbox.kick();
    },
  };
}

function sendersOf(config: Config, ledger: Ledger, logger: Logger): Record<ReportChannel, Send> {
  const discord =
    config.discord === null
      ? null
      : createDiscord({
          webhookUrl: config.discord.webhook_url,
          externalUrl: config.web.external_url,
          now: Date.now,
          logger,
        });
  return {
    async discord(subject) {
      if (await isOver(subject, ledger)) return { kind: 'delivered' };
      if (discord !== null) return await discord.send(subject, await attemptsOf(subject, ledger));
      logger.info(summaryOf(subject), 'discord is not configured: a report for people is logged instead');
      return { kind: 'delivered' };
    },
    async context_log(subject) {
      if (subject.kind === 'execution' && config.context_log !== null) {
        await appendToContextLog(config.context_log, subject.execution);
      }
      return { kind: 'delivered' };
    },
  };
}

/** That somebody has to answer is of no use to anybody once it was answered or has expired. */
async function isOver(subject: ReportSubject, ledger: Ledger): Promise<boolean> {
  if (subject.kind !== 'unconfirmed') return false;
  const execution = await ledger.execution(subject.execution.id);
  return execution?.state !== 'awaiting_approval' || execution.answered !== null;
}

/** What was tried for what a report is about, for those that ask a person to act. */
async function attemptsOf(subject: ReportSubject, ledger: Ledger): Promise<readonly Execution[]> {
  const target = toActOn(subject);
  return target === null ? [] : await ledger.attemptsOf(target, MOST_ATTEMPTS);
}

function toActOn(subject: ReportSubject): Target | null {
  switch (subject.kind) {
    case 'source':
    case 'masking':
      return null;
    case 'escalation':
      return subject.decision.target;
    case 'execution':
      return subject.execution.state === 'awaiting_approval' ? subject.execution.prediction : null;
    case 'outcome':
      return subject.execution.outcome === 'effective' ? null : subject.execution.prediction;
    case 'unconfirmed':
      return subject.execution.prediction;
  }
}

function summaryOf(subject: ReportSubject): object {
  if (subject.kind === 'source') return { kind: subject.kind, ...subject.report };
  if (subject.kind === 'escalation') {
    const { id, reason, message } = subject.decision;
    return { report: subject.kind, decision_id: id, ...subject.decision.target, reason, message };
  }
  const { id, playbook, state, outcome, message, outcome_message } = subject.execution;
  const about = { report: subject.kind, execution_id: id, playbook, state };
  return outcome === null ? { ...about, message } : { ...about, outcome, message: outcome_message };
}
