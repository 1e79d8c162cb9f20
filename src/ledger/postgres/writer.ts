import { setTimeout as delay } from 'node:timers/promises';
import type { DecisionInput } from '../../decision/decision.ts';
import { type Instance, LedgerUnavailable, type Recorded } from '../ledger.ts';
import { MOST_IN_BATCH, MOST_WAITING, PATIENCE } from '../rules.ts';
import { chained } from './chain.ts';
import type { Connect, Connection } from './connection.ts';
import { monotonic, tooLate } from './connections.ts';
import { StoreFailure } from './errors.ts';
import { checkNotNewer } from './migrate.ts';
import type { Query } from './query.ts';
import { recordAll } from './record.ts';

/** Between attempts while the server starts or a network comes back, milliseconds. */
const RETRY = 50;

/**
 * The lock is a row of the store: whoever writes holds it until its commit is done and seen by everybody, so that writes of
 * any number of processes go one after the other and what one decides on is what is true when it commits.
 */
const BEGIN = `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT schema FROM store FOR UPDATE`;
const COMMIT = 'UPDATE store SET version = version + 1; COMMIT';

/** What a process says of itself takes no lock and changes nothing that others keep. */
const BEGIN_ASIDE = 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE';
type Work<T> = (query: Query) => Promise<T>;

export interface Writer {
  /** Runs `work` in a transaction that nobody writes beside; resolves when it is durable. */
  write<T>(work: Work<T>): Promise<T>;
  /** The same for what concerns nobody else: without the lock. */
  writeAside<T>(work: Work<T>): Promise<T>;
  record(inputs: readonly DecisionInput[], owner: Instance): Promise<readonly Recorded[]>;
  /** Waits for what was called before. */
  close(): Promise<void>;
}

type Job =
  | { readonly kind: 'work'; readonly aside: boolean; readonly run: Work<unknown> }
  | { readonly kind: 'record'; readonly inputs: readonly DecisionInput[]; readonly owner: Instance };

interface Call {
  readonly job: Job;
  /** Null once it was answered. */
  settle: { readonly resolve: (value: unknown) => void; readonly reject: (error: unknown) => void } | null;
  readonly deadline: number;
  readonly timer: NodeJS.Timeout;
}

type Answer = { readonly value: unknown } | { readonly error: unknown };

/**
 * Calls that wait while a transaction is under way make the next one, so that they share its commit. What fails by itself
 * leaves the others alone: they are done again without it.
 */
export function createWriter({ name, connect }: { readonly name: string; readonly connect: Connect }): Writer {
  const waiting = new Set<Call>();
  let connection: Connection | null = null;
  let pumping: Promise<void> | null = null;
  let closing = false;

  function call<T>(job: Job): Promise<T> {
    if (closing) return Promise.reject(new LedgerUnavailable(`ledger ${name} is closed`));
    if (waiting.size >= MOST_WAITING) {
      return Promise.reject(new LedgerUnavailable(`ledger ${name} has ${waiting.size} calls waiting: too many`));
    }
    return new Promise<T>((resolve, reject) => {
      const call: Call = {
        job,
        settle: { resolve: resolve as (value: unknown) => void, reject },
        deadline: monotonic() + PATIENCE,
        timer: setTimeout(() => answer(call, { error: tooLate(name) }), PATIENCE),
      };
      waiting.add(call);
      pumping ??= pump();
    });
  }

  function answer(call: Call, given: Answer): void {
    clearTimeout(call.timer);
    waiting.delete(call);
    if ('value' in given) call.settle?.resolve(given.value);
    else call.settle?.reject(given.error);
    call.settle = null;
  }

  /** Calls of requests that arrived together go together. */
  async function pump(): Promise<void> {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const batch = nextBatch();
      if (batch.length === 0) break;
      await settle(batch);
    }
    pumping = null;
    connection?.idle(true);
  }

  function nextBatch(): readonly Call[] {
    const batch: Call[] = [];
    let weight = 0;
    for (const call of waiting) {
      weight += call.job.kind === 'record' ? call.job.inputs.length : 1;
      if (batch.length > 0 && weight > MOST_IN_BATCH) break;
      batch.push(call);
    }
    for (const call of batch) waiting.delete(call);
    return batch;
  }

  async function settle(batch: readonly Call[]): Promise<void> {
    const wanted = batch.filter(({ settle }) => settle !== null);
    if (wanted.length === 0) return;
    try {
      const values = await untilDone(wanted);
      for (const [at, call] of wanted.entries()) answer(call, { value: values[at] });
    } catch (error) {
      if (error instanceof LedgerUnavailable || wanted.length === 1) {
        for (const call of wanted) answer(call, { error });
      } else {
        for (const call of wanted) await settle([call]);
      }
    }
  }

  /** Again, as long as somebody waits, where the store failed in passing before anything could have been committed. */
  async function untilDone(batch: readonly Call[]): Promise<readonly unknown[]> {
    const deadline = Math.max(...batch.map((call) => call.deadline));
    for (;;) {
      const attempt = { committing: false };
      try {
        return await transaction(batch, deadline, attempt);
      } catch (error) {
        const again = error instanceof StoreFailure && error.passing && !attempt.committing;
        if (!again || monotonic() + RETRY >= deadline) throw error;
        await delay(RETRY);
      }
    }
  }

  async function transaction(
    batch: readonly Call[],
    deadline: number,
    attempt: { committing: boolean },
  ): Promise<readonly unknown[]> {
    if (connection === null || connection.broken) connection = await connect(deadline - monotonic());
    const here = connection;
    here.idle(false);
    const aside = batch.every(({ job }) => job.kind === 'work' && job.aside);
    // Who still waits then was told that it is too late; an answer that never comes must not stop what comes next.
    const timer = setTimeout(here.drop, Math.max(0, deadline - monotonic()));
    try {
      const [store] = await here.script<{ schema: number }>(aside ? BEGIN_ASIDE : BEGIN);
      if (store !== undefined) checkNotNewer(store.schema, name);
      const before = here.written;
      const chain = chained(here.query);
      const values = await perform(
        chain.query,
        batch.map(({ job }) => job),
      );
      await chain.append(aside);
      attempt.committing = true;
      await here.script(aside || here.written === before ? 'COMMIT' : COMMIT);
      return values;
    } catch (error) {
      if (!here.broken) await here.script('ROLLBACK').catch(here.drop);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    write: (run) => call({ kind: 'work', aside: false, run }),
    writeAside: (run) => call({ kind: 'work', aside: true, run }),
    record: (inputs, owner) => call({ kind: 'record', inputs, owner }),
    async close() {
      closing = true;
      await pumping;
      connection?.drop();
    },
  };
}

/** In their order; claims that stand side by side are made together. */
async function perform(query: Query, jobs: readonly Job[]): Promise<readonly unknown[]> {
  const values: unknown[] = [];
  for (let at = 0; at < jobs.length; ) {
    const job = jobs[at]!;
    if (job.kind === 'work') {
      values.push(await job.run(query));
      at++;
      continue;
    }
    const end = jobs.findIndex((other, place) => place > at && other.kind !== 'record');
    const together = jobs.slice(at, end === -1 ? undefined : end) as Extract<Job, { kind: 'record' }>[];
    values.push(...(await recordAll(query, together)));
    at += together.length;
  }
  return values;
}
