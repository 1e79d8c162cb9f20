import { Worker } from 'node:worker_threads';
import type { WindowEvidence } from '../../accuracy/window-evidence.ts';
import type { FromWindowsThread, WindowsTask } from './windows-thread.ts';

const THREAD = new URL(
  import.meta.url.endsWith('.ts') ? './windows-thread.ts' : './windows-thread.js',
  import.meta.url,
);

/**
 * What the series of forecasts showed in their windows, by the forecast's id, in a thread of its own. A series that
 * Prometheus does not know shows nothing. Rejects where Prometheus cannot be asked now.
 */
export async function windowsOf(task: WindowsTask, signal: AbortSignal): Promise<ReadonlyMap<number, WindowEvidence>> {
  signal.throwIfAborted();
  const worker = new Worker(THREAD, {
    workerData: task,
    execArgv: [],
    name: 'judge',
    resourceLimits: { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 32 },
  });
  const { promise, resolve, reject } = Promise.withResolvers<ReadonlyMap<number, WindowEvidence>>();
  const cancel = () => {
    reject(new Error('cancelled'));
    void worker.terminate();
  };
  signal.addEventListener('abort', cancel, { once: true });
  worker.on('message', (message: FromWindowsThread) => {
    if (message.kind === 'windows') resolve(new Map(message.windows));
    else reject(new Error(message.error));
  });
  worker.on('error', reject);
  worker.on('exit', () => reject(new Error('the thread ended without an answer')));
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
