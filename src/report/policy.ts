import type { Execution, Outcome, ReportedState } from '../execution/execution.ts';
import type { ReportChannel } from '../execution/report.ts';
import { targetKey } from '../prediction/prediction.ts';

/** Where it is told how an execution stands. `onceADay`: only the first of a day per target and state goes out. */
interface Telling {
  readonly channels: readonly ReportChannel[];
  readonly onceADay: boolean;
}

const EVERYBODY: Telling = { channels: ['discord', 'context_log'], onceADay: false };
const DAILY: Telling = { channels: ['discord'], onceADay: true };

const TELLING: Readonly<Record<ReportedState, Telling>> = {
  awaiting_approval: { channels: ['discord'], onceADay: false },
  succeeded: EVERYBODY,
  failed: EVERYBODY,
  interrupted: EVERYBODY,
  dry_run_only: EVERYBODY,
  rejected: DAILY,
  dry_run_failed: DAILY,
  expired: DAILY,
  denied: { channels: ['discord'], onceADay: false },
  nothing_to_do: { channels: [], onceADay: false },
};

/** The channels that hear of the outcome of a run; what nobody can tell is for the log. */
export function outcomeReportsFor(outcome: Outcome): readonly ReportChannel[] {
  return outcome === 'unknown' ? [] : ['discord'];
}

/**
 * The channels that hear of this end, or that it waits for confirmation. `firstToday(key)` answers whether the key comes for the first time in 24 hours and
 * remembers it; it is asked only where that matters, and where it fails the report goes out: twice is better than never.
 */
export async function reportsFor(
  execution: Pick<Execution, 'prediction'>,
  state: ReportedState,
  firstToday: (key: string) => Promise<boolean>,
): Promise<readonly ReportChannel[]> {
  const { channels, onceADay } = TELLING[state];
  if (!onceADay) return channels;
  const first = await firstToday(`${state}:${targetKey(execution.prediction)}`).catch(() => true);
  return first ? channels : [];
}
