import type { ReportChannel, ReportSubject } from '../execution/report.ts';
import { type ChannelQueue, createChannelQueue, type QueueOptions } from './channel-queue.ts';
import type { Delivery } from './delivery.ts';

export interface OutboxOptions extends QueueOptions {
  /** The ledger's `dropReports`. */
  readonly drop: (before: number) => Promise<number>;
  readonly channels: Readonly<Record<ReportChannel, (subject: ReportSubject) => Promise<Delivery>>>;
  /** How often to look for reports that nobody announced (other processes make some too), milliseconds; default 5,000. */
  readonly poll?: number;
}

/**
 * Delivers what the ledger keeps for each channel: in order within a channel, channels independent of each other and of
 * everything else. All state that matters is in the ledger, so whatever is not delivered is taken up again by the next start.
 */
export interface Outbox {
  /** Begins to deliver, now and whenever something is due. */
  start(): void;
  /** There are new reports: do not wait for the next look. Returns at once. */
  kick(): void;
  /** Delivers what is due, whether started or not, for at most this long (milliseconds). Never rejects. */
  flush(deadlineMs: number): Promise<void>;
  /** Ends, once the attempt under way has; nothing new begins. Safe to call twice. */
  close(): Promise<void>;
}

const SWEEP_EVERY = 3_600_000;

/** Reports that nobody takes any more (their channel is gone) are removed this long after the others would be. */
const SWEEP_AFTER = 7 * 86_400_000 + 2 * SWEEP_EVERY;

export function createOutbox(options: OutboxOptions): Outbox {
  const { channels, now, logger, drop, poll = 5000 } = options;
  const queues: readonly ChannelQueue[] = (Object.keys(channels) as ReportChannel[]).map((channel) =>
    createChannelQueue(channel, channels[channel], options),
  );
  let sweptAt = -Infinity;
  let closed = false;
  const loops: Promise<void>[] = [];

  /** One channel, until closed: a pass, then a rest until something is due, announced or overdue for a look. */
  async function deliverAll(queue: ChannelQueue): Promise<void> {
    while (!closed) {
      const rest = await queue.pass();
      if (closed) return;
      await queue.rest(Math.min(rest ?? poll, poll));
    }
  }

  async function sweep(): Promise<void> {
    if (Math.abs(now() - sweptAt) < SWEEP_EVERY) return;
    sweptAt = now();
    try {
      const dropped = await drop(now() - SWEEP_AFTER);
      if (dropped > 0) logger.error({ dropped }, `${dropped} reports were never delivered and are dropped`);
    } catch {
      // The ledger is away; the queues say so, and the next sweep comes.
      sweptAt = -Infinity;
    }
  }

  return {
    start() {
      if (closed || loops.length > 0) return;
      loops.push(...queues.map(deliverAll));
      void sweep();
    },
    kick() {
      void sweep();
      for (const queue of queues) queue.wake();
    },
    async flush(deadlineMs) {
      const deadline = performance.now() + deadlineMs;
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, deadlineMs);
      await Promise.race([Promise.all(queues.map((queue) => drain(queue, deadline))), late.promise]);
      clearTimeout(timer);
    },
    async close() {
      closed = true;
      for (const queue of queues) queue.close();
      await Promise.all([...loops, ...queues.map((queue) => queue.idle())]);
    },
  };
}

/** Passes until nothing is due, or what is left would be due only after the deadline (of `performance.now`). */
async function drain(queue: ChannelQueue, deadline: number): Promise<void> {
  for (;;) {
    const rest = await queue.pass();
    if (rest === null || performance.now() + rest >= deadline) return;
    await queue.rest(rest);
  }
}
