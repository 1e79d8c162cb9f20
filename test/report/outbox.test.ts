import { afterEach, describe, expect, it } from 'vitest';
import type { Report, ReportChannel, ReportSubject } from '../../src/execution/report.ts';
import { backoff } from '../../src/report/backoff.ts';
import type { Delivery } from '../../src/report/delivery.ts';
import { createOutbox, type Outbox, type OutboxOptions } from '../../src/report/outbox.ts';
import { DAY, HOUR, NOW } from '../support/decision.ts';
import { finishedExecution } from '../support/execution.ts';
import { eventually } from '../support/wait.ts';
import { recordingLog } from './recording-log.ts';

interface Row extends Report {
  readonly nextAt: number;
}

const open: Outbox[] = [];
afterEach(async () => {
  for (const outbox of open.splice(0)) await outbox.close();
});

/** The reports of a ledger as its interface promises them, in memory, so that it outlives an outbox and can go away. */
function keptReports() {
  const rows = new Map<number, Row>();
  let away = false;
  const answer = <T>(value: T): Promise<T> =>
    away ? Promise.reject(new Error('ledger away')) : Promise.resolve(value);
  return {
    rows,
    setAway(value: boolean) {
      away = value;
    },
    add(channel: ReportChannel, id: number, createdAt = NOW) {
      const subject: ReportSubject = { kind: 'execution', execution: finishedExecution({ id: `exe-${id}` }) };
      rows.set(id, { id, channel, subject, created_at: createdAt, attempts: 0, nextAt: 0 });
    },
    methods: {
      take(channel: ReportChannel, now: number, limit: number, lease: number) {
        if (away) return answer([]);
        const due = [...rows.values()].filter((row) => row.channel === channel && row.nextAt <= now).slice(0, limit);
        for (const row of due) rows.set(row.id, { ...row, nextAt: now + lease });
        return answer(due);
      },
      done(id: number) {
        if (!away) rows.delete(id);
        return answer(undefined);
      },
      failed(id: number, nextAt: number) {
        const row = rows.get(id);
        if (!away && row !== undefined) rows.set(id, { ...row, attempts: row.attempts + 1, nextAt });
        return answer(undefined);
      },
      drop(before: number) {
        const old = away ? [] : [...rows.values()].filter((row) => row.created_at < before);
        for (const { id } of old) rows.delete(id);
        return answer(old.length);
      },
    },
  };
}

const idOf = (subject: ReportSubject) => {
  if (subject.kind === 'source') return subject.report.source;
  return subject.kind === 'escalation' ? subject.decision.id : subject.execution.id;
};
const DELIVERED: Delivery = { kind: 'delivered' };
const RETRY: Delivery = { kind: 'retry', afterMs: 0, problem: 'no' };

function setUp(changes: Partial<OutboxOptions> = {}, kept = keptReports()) {
  const clock = { now: NOW };
  const told: string[] = [];
  const results: string[] = [];
  const { log, lines } = recordingLog();
  const tell = (name: string) => async (subject: ReportSubject) => {
    told.push(`${name} ${idOf(subject)}`);
    return DELIVERED;
  };
  const outbox = createOutbox({
    ...kept.methods,
    channels: { discord: tell('discord'), context_log: tell('context_log') },
    now: () => clock.now,
    logger: log,
    onDelivery: (channel, result) => results.push(`${channel} ${result}`),
    poll: 10,
    ...changes,
  });
  open.push(outbox);
  return { outbox, kept, clock, told, results, lines };
}

describe('flush', () => {
  it('delivers everything in order, each once, and tells of it', async () => {
    const { outbox, kept, told, results } = setUp();
    for (const id of [1, 2, 3]) kept.add('discord', id);
    kept.add('context_log', 4);
    await outbox.flush(5000);
    expect(told.filter((name) => name.startsWith('discord'))).toEqual([
      'discord exe-1',
      'discord exe-2',
      'discord exe-3',
    ]);
    expect(told).toContain('context_log exe-4');
    expect(results.sort()).toEqual([...Array(3).fill('discord delivered'), 'context_log delivered'].sort());
    expect(kept.rows.size).toBe(0);
  });

  it('returns at the deadline though a receiver hangs, and keeps the report', async () => {
    const { outbox, kept } = setUp({
      channels: { discord: () => new Promise(() => {}), context_log: async () => DELIVERED },
    });
    kept.add('discord', 1);
    kept.add('context_log', 2);
    const start = performance.now();
    await outbox.flush(100);
    expect(performance.now() - start).toBeLessThan(2000);
    expect([...kept.rows.keys()]).toEqual([1]);
    open.pop();
  });

  it('does not wait for what would only be due after the deadline', async () => {
    const { outbox, kept } = setUp({
      channels: {
        discord: async () => ({ kind: 'retry', afterMs: 60_000, problem: 'wait' }),
        context_log: async () => DELIVERED,
      },
    });
    kept.add('discord', 1);
    const start = performance.now();
    await outbox.flush(30_000);
    expect(performance.now() - start).toBeLessThan(5000);
    expect(kept.rows.get(1)).toMatchObject({ attempts: 1, nextAt: NOW + 60_000 });
  });
});

describe('a channel that fails', () => {
  it('keeps its order: what is behind waits, and goes after it', async () => {
    let works = false;
    const tried: string[] = [];
    const { outbox, kept, clock } = setUp({
      channels: {
        async discord(subject) {
          tried.push(idOf(subject));
          return works ? DELIVERED : RETRY;
        },
        context_log: async () => DELIVERED,
      },
    });
    for (const id of [1, 2]) kept.add('discord', id);
    outbox.start();
    await eventually(() => tried.length === 1);
    outbox.kick();
    await outbox.flush(50);
    expect(tried).toEqual(['exe-1']);
    works = true;
    clock.now += 1000;
    outbox.kick();
    await eventually(() => kept.rows.size === 0);
    expect(tried).toEqual(['exe-1', 'exe-1', 'exe-2']);
  });

  it('does not delay another one', async () => {
    const { outbox, kept, results } = setUp({
      channels: { discord: () => new Promise(() => {}), context_log: async () => DELIVERED },
    });
    kept.add('discord', 1);
    kept.add('context_log', 2);
    outbox.start();
    await eventually(() => results.includes('context_log delivered'));
    open.pop();
  });

  it('is tried again after 1 s, 2 s, 4 s, … and what it asked for', async () => {
    const answers: Delivery[] = [RETRY, RETRY, RETRY, { kind: 'retry', afterMs: 90_000, problem: 'wait' }, DELIVERED];
    const { outbox, kept, clock } = setUp({
      channels: { discord: async () => answers.shift()!, context_log: async () => DELIVERED },
    });
    kept.add('discord', 1);
    const waits: number[] = [];
    for (let attempt = 0; attempt < 4; attempt++) {
      await outbox.flush(20);
      waits.push(kept.rows.get(1)!.nextAt - clock.now);
      clock.now = kept.rows.get(1)!.nextAt;
    }
    await outbox.flush(20);
    expect(waits).toEqual([1000, 2000, 4000, 90_000]);
    expect(kept.rows.size).toBe(0);
  });

  it('is tried again when it throws', async () => {
    const { outbox, kept, results, lines } = setUp({
      channels: { discord: () => Promise.reject(new Error('broken pipe')), context_log: async () => DELIVERED },
    });
    kept.add('discord', 1);
    await outbox.flush(20);
    expect(results).toEqual(['discord retry']);
    expect(kept.rows.get(1)!.attempts).toBe(1);
    expect(lines.some(({ message }) => message.includes('broken pipe'))).toBe(true);
  });

  it('that stopped keeps its reports and goes on when something else takes its place', async () => {
    let current: Delivery = { kind: 'stopped', problem: 'gone' };
    const { outbox, kept, clock, lines } = setUp({
      channels: { discord: async () => current, context_log: async () => DELIVERED },
    });
    kept.add('discord', 1);
    for (let minute = 0; minute < 5; minute++) {
      await outbox.flush(20);
      clock.now += 60_000;
    }
    expect(kept.rows.size).toBe(1);
    expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    current = DELIVERED;
    await outbox.flush(20);
    expect(kept.rows.size).toBe(0);
  });

  it('that drops a report goes on with the next', async () => {
    const answers: Delivery[] = [{ kind: 'dropped', problem: 'refused' }, DELIVERED];
    const { outbox, kept, results } = setUp({
      channels: { discord: async () => answers.shift()!, context_log: async () => DELIVERED },
    });
    for (const id of [1, 2]) kept.add('discord', id);
    await outbox.flush(1000);
    expect(results).toEqual(['discord dropped', 'discord delivered']);
    expect(kept.rows.size).toBe(0);
  });
});

describe('age', () => {
  it('drops what is older than seven days with a log line, and delivers what is not', async () => {
    const { outbox, kept, told, results, lines } = setUp();
    kept.add('discord', 1, NOW - 7 * DAY - 1);
    kept.add('discord', 2, NOW - 7 * DAY);
    await outbox.flush(1000);
    expect(told).toEqual(['discord exe-2']);
    expect(results).toEqual(['discord dropped', 'discord delivered']);
    expect(lines.find(({ level }) => level === 'error')?.message).toContain('seven days');
  });

  it('removes what nobody takes any more', async () => {
    const { outbox, kept, lines } = setUp();
    kept.rows.set(9, {
      id: 9,
      channel: 'pager' as ReportChannel,
      subject: { kind: 'execution', execution: finishedExecution() },
      created_at: NOW - 7 * DAY - 3 * HOUR,
      attempts: 0,
      nextAt: 0,
    });
    outbox.start();
    await eventually(() => kept.rows.size === 0);
    expect(lines.some(({ level }) => level === 'error')).toBe(true);
  });
});

describe('the ledger', () => {
  it('is waited for, said once, and reports go on when it answers', async () => {
    const { outbox, kept, clock, told, lines } = setUp();
    kept.setAway(true);
    kept.add('discord', 1);
    for (let time = 0; time < 5; time++) {
      await outbox.flush(20);
      clock.now += 60_000;
    }
    expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(2);
    kept.setAway(false);
    await outbox.flush(20);
    expect(told).toEqual(['discord exe-1']);
  });

  it('that goes away after a delivery does not make it happen twice', async () => {
    const kept = keptReports();
    const told: string[] = [];
    const { outbox, clock } = setUp(
      {
        channels: {
          async discord(subject) {
            told.push(idOf(subject));
            kept.setAway(told.length === 1);
            return DELIVERED;
          },
          context_log: async () => DELIVERED,
        },
      },
      kept,
    );
    for (const id of [1, 2]) kept.add('discord', id);
    await outbox.flush(20);
    expect(kept.rows.size).toBe(2);
    kept.setAway(false);
    clock.now += HOUR;
    await outbox.flush(20);
    expect(told).toEqual(['exe-1', 'exe-2']);
    expect(kept.rows.size).toBe(0);
  });

  it('carries what is left over a restart', async () => {
    const kept = keptReports();
    kept.add('discord', 1);
    const first = setUp({ channels: { discord: async () => RETRY, context_log: async () => DELIVERED } }, kept);
    await first.outbox.flush(20);
    await first.outbox.close();
    const second = setUp({}, kept);
    second.clock.now += HOUR;
    second.outbox.start();
    await eventually(() => second.told.length === 1);
    expect(second.told).toEqual(['discord exe-1']);
  });
});

describe('close', () => {
  it('waits for the attempt under way and begins no other', async () => {
    const gate = Promise.withResolvers<void>();
    const told: string[] = [];
    const { outbox, kept } = setUp({
      channels: {
        async discord(subject) {
          told.push(idOf(subject));
          await gate.promise;
          return DELIVERED;
        },
        context_log: async () => DELIVERED,
      },
    });
    for (const id of [1, 2]) kept.add('discord', id);
    outbox.start();
    await eventually(() => told.length === 1);
    const closed = outbox.close();
    gate.resolve();
    await closed;
    await outbox.close();
    expect(told).toEqual(['exe-1']);
    expect([...kept.rows.keys()]).toEqual([2]);
  });

  it('finds reports that another process made without being told', async () => {
    const { outbox, kept, told } = setUp();
    outbox.start();
    kept.add('discord', 1);
    await eventually(() => told.length === 1);
  });

  it('is told of new reports at once', async () => {
    const { outbox, kept, told } = setUp({ poll: 60_000 });
    outbox.start();
    await outbox.flush(1000);
    kept.add('discord', 1);
    outbox.kick();
    await eventually(() => told.length === 1);
  });
});

describe('backoff', () => {
  it('doubles from one second to ten minutes and stays there', () => {
    expect([0, 1, 2, 9, 10, 100, 1e9].map(backoff)).toEqual([1000, 2000, 4000, 512_000, 600_000, 600_000, 600_000]);
    expect([-1, Number.NaN].map(backoff)).toEqual([1000, 1000]);
  });
});
