import type { PastForecast } from '../../accuracy/past.ts';
import type { BacktestEnd, BacktestTask, FromBacktest } from './backtest-thread.ts';
import { inThread } from './in-thread.ts';

export interface RangeBacktest extends BacktestEnd {
  readonly forecasts: readonly PastForecast[];
}

/**
 * Forecasts the past of every series of a resource in a thread of its own. Never rejects: what went wrong is in the answer.
 * `onSeries`: one more is done.
 */
export async function backtestRange(task: BacktestTask, onSeries: () => void): Promise<RangeBacktest> {
  const forecasts: PastForecast[] = [];
  let end: BacktestEnd | null = null;
  const error = await inThread<FromBacktest>({
    module: 'backtest-thread',
    task,
    onMessage(message) {
      if (message.kind === 'end') {
        end = message.end;
        return true;
      }
      for (const one of message.forecasts) forecasts.push(one);
      onSeries();
      return false;
    },
  });
  const nothing = { taken: 0, series: 0, oldest: null, problems: [], problem_count: 0, error };
  return { forecasts, ...(end ?? nothing) };
}
