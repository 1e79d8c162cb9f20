import type { History, Outage, Told } from './history-checker.ts';
import { groupBy } from './history-checker-records.ts';

/** A report that somebody has taken is nobody else's for so long, milliseconds. */
const LEASE = 60_000;
/** The longest that one attempt to deliver it takes. */
const ATTEMPT = 10_000;
/** The witnesses look at one clock, but not at once. */
const SLACK = 2_000;

const TOLD: readonly string[] = ['succeeded', 'failed', 'interrupted'];

/**
 * People hear of every run, at least once, or are still to hear of it. They hear of it twice only where that cannot be told from not at all: the sender
 * died before it noted that the report had arrived, and the next one waited until the lease was over; or it slept while the
 * answer came, and took it for none.
 */
export function reportProblems({ executions, told, untold = [], outages = [] }: History): string[] {
  if (told === undefined) return [];
  const byExecution = groupBy(told, ({ execution_id }) => execution_id);
  const silent = executions.filter(
    ({ id, state }) => TOLD.includes(state) && !byExecution.has(id) && !untold.includes(id),
  );
  return [
    ...silent.map(({ id, state }) => `untold: nobody was told that ${id} ${state}`),
    ...[...byExecution].flatMap(([id, reports]) =>
      again(
        id,
        reports.toSorted((a, b) => a.at - b.at),
        outages,
      ),
    ),
  ];
}

function again(id: string, reports: readonly Told[], outages: readonly Outage[]): string[] {
  return reports.slice(1).flatMap((report, at) => {
    const first = reports[at]!;
    if (isExcused(first, report, outages)) return [];
    return [`told-twice: ${id} was told by ${first.process} and ${report.at - first.at} ms later by ${report.process}`];
  });
}

function isExcused(first: Told, second: Told, outages: readonly Outage[]): boolean {
  const own = outages.filter(({ process }) => process === first.process);
  const slept = own.some(
    ({ how, from, until }) => how === 'stopped' && from <= first.at + SLACK && until >= first.at - SLACK,
  );
  if (slept) return true;
  if (second.at - first.at < LEASE - ATTEMPT - SLACK) return false;
  return (
    own.some(({ how, from }) => how === 'killed' && from >= first.at - SLACK && from <= first.at + LEASE) ||
    isAway(first.at, own)
  );
}

/** So long away from the store, or paused, that what is put off between two attempts reaches beyond the lease. */
function isAway(since: number, own: readonly Outage[]): boolean {
  let away = 0;
  let counted = since;
  for (const { from, until } of own.filter(({ how }) => how !== 'killed').toSorted((a, b) => a.from - b.from)) {
    const end = Math.min(until, since + LEASE);
    away += Math.max(0, end - Math.max(from, counted));
    counted = Math.max(counted, end);
  }
  return away >= LEASE / 2;
}
