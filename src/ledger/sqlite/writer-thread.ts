/**
 * The thread that writes: a slow disk, an fsync or a lock held by another process stops it, never the event loop of the
 * service. It takes one batch at a time and imports nothing but pure rooms and SQL, to stay small.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { type Committer, createCommitter, EXPIRED } from './commit.ts';
import {
  type Answer,
  type FromWriter,
  monotonicNow,
  type Request,
  type ToWriter,
  toWire,
  type WriterSetup,
} from './messages.ts';

/** Between attempts at a lock that another process holds, milliseconds; SQLite itself waits 50 ms in each. */
const RETRY = 5;

const port = parentPort!;
const { path, create } = workerData as WriterSetup;
const say = (message: FromWriter) => port.postMessage(message);

async function untilCommitted(committer: Committer, requests: readonly Request[]): Promise<readonly Answer[]> {
  for (;;) {
    const answers = committer.commit(requests);
    if (answers !== null) return answers;
    if (requests.every(({ deadline }) => monotonicNow() > deadline)) return requests.map(() => EXPIRED);
    await delay(RETRY);
  }
}

function serve(committer: Committer): void {
  port.on('message', async (message: ToWriter) => {
    if (message.kind === 'batch') {
      say({ kind: 'answers', answers: await untilCommitted(committer, message.requests) });
    } else {
      committer.close();
      port.close();
    }
  });
  say({ kind: 'opened' });
}

try {
  serve(createCommitter(path, create));
} catch (error) {
  say({ kind: 'refused', error: toWire(error) });
}
