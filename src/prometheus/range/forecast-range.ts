import type { Forecasted, ForecastPass, Unforecast } from '../../prediction/forecasted.ts';
import { startThread } from '../../thread.ts';
import type { FromThread, ThreadTask } from './forecast-thread.ts';

/** Forecasts every series of a resource in a thread of its own. Never rejects: what went wrong is in the answer. */
export async function forecastRange(task: ThreadTask, signal?: AbortSignal): Promise<ForecastPass> {
  const made: Forecasted[] = [];
  const none: Unforecast[] = [];
  const failed = (error: string): ForecastPass => {
    return { made: [], none: [], problems: [], problem_count: 0, dropped_samples: 0, error };
  };
  if (signal?.aborted) return failed('the forecast was cancelled');
  const worker = startThread(import.meta.url, 'forecast-thread', {
    workerData: task,
    execArgv: [],
    name: 'forecaster',
    resourceLimits: { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 32 },
  });
  const { promise, resolve } = Promise.withResolvers<ForecastPass>();
  const cancel = () => {
    resolve(failed('the forecast was cancelled'));
    void worker.terminate();
  };
  signal?.addEventListener('abort', cancel, { once: true });
  worker.on('message', (message: FromThread) => {
    if (message.kind === 'end') return resolve({ made, none, ...message.pass });
    for (const outcome of message.outcomes) {
      if (outcome.kind === 'forecast') made.push(outcome);
      else none.push(outcome);
    }
  });
  worker.on('error', (error) => resolve(failed(`the forecaster died: ${error.message}`)));
  worker.on('exit', () => resolve(failed('the forecaster ended without an answer')));
  try {
    return await promise;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}
