import type { Report, ReportChannel, ReportSubject } from '../execution/report.ts';
import { backoff } from './backoff.ts';
import type { Delivery, DeliveryResult } from './delivery.ts';
import type { Log } from './log.ts';

export interface QueueOptions {
  /** The ledger's `takeReports`, `reportDone` and `reportFailed`. */
  readonly take: (channel: ReportChannel, now: number, limit: number, lease: number) => Promise<readonly Report[]>;
  readonly done: (id: number, result: 'delivered' | 'dropped') => Promise<void>;
  readonly failed: (id: number, nextAt: number) => Promise<void>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly logger: Log;
  /** Hears of every attempt. */
  readonly onDelivery: (channel: ReportChannel, result: DeliveryResult) => void;
}

export interface ChannelQueue {
  /**
   * Delivers what is due, one after the other, up to the first that fails. Milliseconds until the next attempt makes sense;
   * null where nothing is left to do. Passes at the same time are one. Never rejects.
   */
  pass(): Promise<number | null>;
  /** Waits, until woken at the most. */
  rest(milliseconds: number): Promise<void>;
  /** Ends the rest. What a failing receiver asked for is still waited for. */
  wake(): void;
  /** Ends a pass after the attempt under way. */
  close(): void;
  /** When no pass is under way. */
  idle(): Promise<void>;
}

const WEEK = 7 * 86_400_000;

/** Longer than any attempt takes: while it runs nobody else gets the report. */
const LEASE = 60_000;

/** Between two attempts while the ledger is away, at most. */
const LEDGER_WAIT = 30_000;
/** The same where something was delivered that it does not know of: once the lease is over, somebody else delivers it again. */
const NOTED_SOON = 5_000;

/** How long reports rest while their receiver takes none: another configuration may take its place at any time. */
const STOPPED_WAIT = 60_000;

/** More than any receiver is waited for: what is left to wait is longer only where the clock was put back. */
const LONGEST_WAIT = 3_600_000;

/** The reports of one channel. One is taken at a time: what comes after one that failed stays behind it. */
export function createChannelQueue(
  channel: ReportChannel,
  deliver: (subject: ReportSubject) => Promise<Delivery>,
  { take, done, failed, now, logger, onDelivery }: QueueOptions,
): ChannelQueue {
  /** Settled, and the ledger does not know yet: these must not be told a second time. */
  const settled = new Map<number, 'delivered' | 'dropped'>();
  let holdUntil = -Infinity;
  /** The receiver takes nothing at all, and the log says so already. */
  let stopped = false;
  let ledgerFailures = 0;
  let closed = false;
  let running: Promise<number | null> | null = null;
  let resting = Promise.withResolvers<void>();

  async function pass(): Promise<number | null> {
    while (!closed) {
      const wait = holdUntil - now();
      if (wait > 0 && wait <= LONGEST_WAIT) return wait;
      try {
        await acknowledge();
        const [report] = await take(channel, now(), 1, LEASE);
        if (ledgerFailures > 0) logger.info({ channel }, 'the ledger answers again: reports go on');
        ledgerFailures = 0;
        if (report === undefined) return null;
        await handle(report);
      } catch (error) {
        if (ledgerFailures === 0) logger.warn({ channel, err: error }, 'reports wait for the ledger');
        const longest = settled.size > 0 ? NOTED_SOON : LEDGER_WAIT;
        holdUntil = Math.max(holdUntil, now() + Math.min(longest, backoff(ledgerFailures++)));
      }
    }
    return null;
  }

  async function acknowledge(): Promise<void> {
    for (const [id, result] of settled) {
      await done(id, result);
      settled.delete(id);
    }
  }

  /** Rejects only where the ledger does. */
  async function handle(report: Report): Promise<void> {
    const { id, subject, created_at, attempts } = report;
    if (settled.has(id)) return acknowledge();
    const about = { channel, report: id, ...nameOf(subject) };
    if (now() - created_at > WEEK) {
      logger.error(about, `report dropped: it could not be delivered to ${channel} for seven days`);
      return settle(id, 'dropped');
    }
    const delivery = await attempt(subject);
    const saidSo = stopped && delivery.kind === 'stopped';
    stopped = delivery.kind === 'stopped';
    switch (delivery.kind) {
      case 'delivered':
        logger.info(about, `reported to ${channel}`);
        return settle(id, 'delivered');
      case 'dropped':
        logger.error({ ...about, problem: delivery.problem }, `report dropped by ${channel}: ${delivery.problem}`);
        return settle(id, 'dropped');
      case 'retry':
      case 'stopped': {
        const wait = delivery.kind === 'stopped' ? STOPPED_WAIT : Math.max(delivery.afterMs, backoff(attempts));
        holdUntil = now() + wait;
        const fields = { ...about, problem: delivery.problem, attempts: attempts + 1, wait_ms: wait };
        if (saidSo) logger.debug(fields, `report to ${channel} waits still`);
        else logger.warn(fields, `report to ${channel} waits: ${delivery.problem}`);
        onDelivery(channel, delivery.kind);
        return failed(id, holdUntil);
      }
    }
  }

  async function attempt(subject: ReportSubject): Promise<Delivery> {
    try {
      return await deliver(subject);
    } catch (error) {
      return { kind: 'retry', afterMs: 0, problem: error instanceof Error ? error.message : 'unknown error' };
    }
  }

  async function settle(id: number, result: 'delivered' | 'dropped'): Promise<void> {
    settled.set(id, result);
    onDelivery(channel, result);
    await acknowledge();
  }

  return {
    pass() {
      running ??= pass().finally(() => {
        running = null;
      });
      return running;
    },
    async rest(milliseconds) {
      if (closed) return;
      const current = resting;
      const timer = setTimeout(current.resolve, milliseconds);
      await current.promise;
      clearTimeout(timer);
      if (resting === current) resting = Promise.withResolvers();
    },
    wake: () => resting.resolve(),
    close() {
      closed = true;
      resting.resolve();
    },
    async idle() {
      await running;
    },
  };
}

function nameOf(subject: ReportSubject): object {
  if (subject.kind === 'source') return { source: subject.report.source, trouble: subject.report.trouble };
  return subject.kind === 'escalation'
    ? { decision_id: subject.decision.id, reason: subject.decision.reason }
    : { execution_id: subject.execution.id, state: subject.execution.state };
}
