import type { Forecasted, ForecastPass, Unforecast } from '../../prediction/forecasted.ts';
import type { FromThread, ThreadTask } from './forecast-thread.ts';
import { inThread } from './in-thread.ts';

/** Forecasts every series of a resource in a thread of its own. Never rejects: what went wrong is in the answer. */
export async function forecastRange(task: ThreadTask, signal?: AbortSignal): Promise<ForecastPass> {
  const made: Forecasted[] = [];
  const none: Unforecast[] = [];
  let pass: ForecastPass | null = null;
  const error = await inThread<FromThread>({
    module: 'forecast-thread',
    task,
    signal,
    onMessage(message) {
      if (message.kind === 'end') {
        pass = { made, none, ...message.pass };
        return true;
      }
      for (const outcome of message.outcomes) {
        if (outcome.kind === 'forecast') made.push(outcome);
        else none.push(outcome);
      }
      return false;
    },
  });
  return pass ?? { made: [], none: [], problems: [], problem_count: 0, dropped_samples: 0, error };
}
