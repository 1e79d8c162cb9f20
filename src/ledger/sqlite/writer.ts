import type { Worker } from 'node:worker_threads';
import { startThread } from '../../thread.ts';
import { LedgerUnavailable } from '../ledger.ts';
import { type Answer, type FromWriter, fromWire, monotonicNow, type ToWriter, type WriterSetup } from './messages.ts';
import type { Arguments, OperationName, Result } from './operations.ts';

/** No caller waits longer than this, milliseconds: an answer after two seconds makes Alertmanager deliver again. */
export const PATIENCE = 1_600;
/** Calls that may wait at once; beyond, the answer is `LedgerUnavailable` at once. */
const MOST_WAITING = 5_000;
/** Inputs that share a commit: bounds how long one transaction holds the lock. */
const MOST_IN_BATCH = 2_000;
const RESTART_PAUSE = 1_000;

export interface Writer {
  call<N extends OperationName>(name: N, args: Arguments<N>): Promise<Result<N>>;
  /** Waits for what was called before, then ends the thread. */
  close(): Promise<void>;
}

export interface WriterEvents {
  /** Answers came, after their commit; called before who waits for them goes on. */
  onAnswered(): void;
  /** The thread ended by itself; it is started again. */
  onDeath(error: Error): void;
}

interface Call {
  readonly name: OperationName;
  readonly args: Arguments<OperationName>;
  readonly deadline: number;
  readonly weight: number;
  /** Null once it was answered. */
  settle: { readonly resolve: (value: never) => void; readonly reject: (error: Error) => void } | null;
  timer: NodeJS.Timeout;
}

/**
 * The calls that wait while a batch is on its way make the next batch, so that they share its commit. Resolves when the
 * ledger is open for writing; rejects with `LedgerUnusable` or `LedgerUnavailable` when it cannot be opened.
 */
export async function startWriter(path: string, { onAnswered, onDeath }: WriterEvents): Promise<Writer> {
  /** In order of arrival; whoever gives up leaves at once. */
  const waiting = new Set<Call>();
  let underWay: readonly Call[] = [];
  let closing = false;
  let pumpIsDue = false;
  let startedAt = 0;
  let ready = false;
  let worker = await openThread({ path, create: true });
  adoptThread();

  function adoptThread(): void {
    ready = true;
    startedAt = monotonicNow();
    worker.on('message', (message: FromWriter) => {
      if (message.kind === 'answers') answered(message.answers);
    });
    let reason: Error = new Error('the thread ended');
    worker.on('error', (error) => {
      reason = error;
    });
    worker.on('exit', () => {
      if (!closing || underWay.length > 0) died(reason);
    });
    worker.unref();
  }

  function died(reason: Error): void {
    ready = false;
    const lost = underWay;
    underWay = [];
    const failure = new LedgerUnavailable(`the writer of ledger ${path} died: ${reason.message}`, { cause: reason });
    for (const call of [...lost, ...waiting]) reject(call, failure);
    onDeath(failure);
    if (closing) return;
    setTimeout(restart, monotonicNow() - startedAt < RESTART_PAUSE ? RESTART_PAUSE : 0).unref();
  }

  async function restart(): Promise<void> {
    if (closing) return;
    try {
      worker = await openThread({ path, create: false });
      adoptThread();
      pump();
    } catch {
      setTimeout(restart, RESTART_PAUSE).unref();
    }
  }

  function reject(call: Call, error: Error): void {
    clearTimeout(call.timer);
    waiting.delete(call);
    call.settle?.reject(error);
    call.settle = null;
  }

  function pump(): void {
    pumpIsDue = false;
    if (!ready || underWay.length > 0) return;
    const batch = nextBatch();
    if (batch.length === 0) {
      worker.unref();
      return;
    }
    underWay = batch;
    worker.ref();
    try {
      send({ kind: 'batch', requests: batch.map(({ name, args, deadline }) => ({ name, args, deadline })) });
    } catch (error) {
      underWay = [];
      for (const call of batch) reject(call, error as Error);
      schedulePump();
    }
  }

  function nextBatch(): readonly Call[] {
    const batch: Call[] = [];
    let weight = 0;
    for (const call of waiting) {
      weight += call.weight;
      if (batch.length > 0 && weight > MOST_IN_BATCH) break;
      batch.push(call);
    }
    for (const call of batch) waiting.delete(call);
    return batch;
  }

  function send(message: ToWriter): void {
    worker.postMessage(message);
  }

  /** After the current turn of the event loop: calls of requests that arrived together go together. */
  function schedulePump(): void {
    if (pumpIsDue) return;
    pumpIsDue = true;
    setImmediate(pump);
  }

  function answered(answers: readonly Answer[]): void {
    const batch = underWay;
    underWay = [];
    onAnswered();
    batch.forEach((call, at) => {
      const answer = answers[at]!;
      if (!answer.ok) reject(call, fromWire(answer.error));
      else {
        clearTimeout(call.timer);
        call.settle?.resolve(answer.value as never);
        call.settle = null;
      }
    });
    pump();
  }

  return {
    call(name, args) {
      if (closing) return Promise.reject(new LedgerUnavailable(`ledger ${path} is closed`));
      if (waiting.size >= MOST_WAITING) {
        return Promise.reject(new LedgerUnavailable(`ledger ${path} has ${waiting.size} calls waiting: too many`));
      }
      return new Promise((resolve, refuse) => {
        const call: Call = {
          name,
          args,
          deadline: monotonicNow() + PATIENCE,
          weight: name === 'record' ? (args as Arguments<'record'>).inputs.length : 1,
          settle: { resolve, reject: refuse },
          timer: setTimeout(() => reject(call, tooLate()), PATIENCE),
        };
        waiting.add(call);
        schedulePump();
      });
    },

    async close() {
      if (closing) return;
      closing = true;
      while (ready && (underWay.length > 0 || waiting.size > 0)) {
        const last = [...waiting, ...underWay].filter((call) => call.settle !== null);
        if (last.length === 0) break;
        await Promise.race(last.map(ended));
      }
      for (const call of waiting) reject(call, new LedgerUnavailable(`ledger ${path} is closed`));
      if (ready) await endThread();
    },
  };

  function tooLate(): LedgerUnavailable {
    return new LedgerUnavailable(
      `ledger ${path} did not answer within ${PATIENCE / 1000} s: its disk is slow, or another process holds its lock`,
    );
  }

  /** Resolves when the call was answered, one way or the other. */
  function ended(call: Call): Promise<void> {
    return new Promise((resolve) => {
      const { resolve: accept, reject: refuse } = call.settle!;
      call.settle = {
        resolve: (value) => {
          accept(value);
          resolve();
        },
        reject: (error) => {
          refuse(error);
          resolve();
        },
      };
    });
  }

  async function endThread(): Promise<void> {
    const gone = new Promise((resolve) => worker.once('exit', resolve));
    worker.ref();
    send({ kind: 'close' });
    let timer: NodeJS.Timeout | undefined;
    const bound = new Promise((resolve) => {
      timer = setTimeout(resolve, PATIENCE + 200);
    });
    await Promise.race([gone, bound]);
    clearTimeout(timer);
    // A thread that a slow disk holds ends when the disk lets it: to stop it inside of SQLite could crash the process.
    worker.unref();
  }
}

/** Resolves when the thread has the ledger open, or takes calls and opens it with the first (`create: false`). */
function openThread(setup: WriterSetup): Promise<Worker> {
  const worker = startThread(import.meta.url, 'writer-thread', {
    workerData: setup,
    execArgv: [],
    name: 'ledger-writer',
    resourceLimits: { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 8 },
  });
  return new Promise((resolve, reject) => {
    const ended = () => reject(new LedgerUnavailable(`the writer of ledger ${setup.path} ended before it began`));
    worker.once('error', reject);
    worker.once('exit', ended);
    worker.once('message', (message: FromWriter) => {
      worker.off('error', reject);
      worker.off('exit', ended);
      if (message.kind === 'refused') reject(fromWire(message.error));
      else resolve(worker);
    });
  });
}
