import { startThread } from '../../thread.ts';

interface ThreadTask<Message> {
  /** Of the thread's module beside this one, without its ending. */
  readonly module: string;
  readonly task: unknown;
  /** Whether it was the last one. */
  readonly onMessage: (message: Message) => boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Null once the last message has come; else why it did not. Never rejects. */
export async function inThread<Message>({
  module,
  task,
  onMessage,
  signal,
}: ThreadTask<Message>): Promise<string | null> {
  const cancelled = 'the forecast was cancelled';
  if (signal?.aborted) return cancelled;
  const worker = startThread(import.meta.url, module, {
    workerData: task,
    execArgv: [],
    name: 'forecaster',
    resourceLimits: { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 32 },
  });
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const cancel = () => {
    resolve(cancelled);
    void worker.terminate();
  };
  signal?.addEventListener('abort', cancel, { once: true });
  worker.on('message', (message: Message) => {
    if (onMessage(message)) resolve(null);
  });
  worker.on('error', (error) => resolve(`the forecaster died: ${error.message}`));
  worker.on('exit', () => resolve('the forecaster ended without an answer'));
  try {
    return await promise;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}
