import type { ExecutionRow, History, Limit } from './history-checker.ts';
import { countsOf, groupBy, marksIn } from './history-checker-records.ts';

/** What playbooks did, beside what the ledger says that they did. */
export function startProblems({ records, executions, cooldown, mostRuns, steps }: History): string[] {
  const problems: string[] = [];
  const byId = new Map(executions.map((row) => [row.id, row]));
  const { starts, ends } = marksIn(records);
  for (const [id, times] of countsOf(starts.map((mark) => mark.id))) {
    if (times > 1) problems.push(`started-twice: ${id} was started ${times} times`);
    const row = byId.get(id);
    if (row === undefined) problems.push(`unknown-start: ${id} was started and is not on record`);
    else if (row.started_at === null || row.counts_as !== 'live') {
      problems.push(`unknown-start: ${id} was started, and the record (${row.state}) says that it was not`);
    }
  }
  const begun = new Map(
    (steps ?? [])
      .filter(({ state }) => state === 'running')
      .toReversed()
      .map((step) => [step.id, step]),
  );
  for (const { id, at } of starts) {
    const row = byId.get(id);
    if (at === null || row === undefined) continue;
    if (at < (begun.get(id)?.at ?? row.started_at ?? at))
      problems.push(`early-start: ${id} was started before its record`);
    if (row.finished_at !== null && at > row.finished_at) {
      problems.push(
        `late-start: ${id} was started ${at - row.finished_at} ms after its end (${row.state}) was on record`,
      );
    }
  }
  const started = new Set(starts.map(({ id }) => id));
  for (const [id, times] of countsOf(ends.map((mark) => mark.id))) {
    if (times > 1) problems.push(`started-twice: ${id} came to its end ${times} times`);
    if (!started.has(id)) problems.push(`unknown-start: ${id} came to its end and was never started`);
  }
  // By when the ledger says that they began, and also those that only the ledger knows: they count towards limits too.
  const counted = executions.filter((row) => row.counts_as === 'live' || started.has(row.id));
  problems.push(...tooClose(counted, cooldown), ...overlaps({ records, executions }));
  if (mostRuns !== undefined && starts.length > mostRuns) {
    problems.push(`limit: ${starts.length} runs are more than the limit of ${mostRuns}`);
  }
  return problems;
}

function tooClose(counted: readonly ExecutionRow[], cooldown: number): string[] {
  const problems: string[] = [];
  const last = new Map<string, ExecutionRow>();
  for (const row of counted.toSorted((a, b) => startOf(a) - startOf(b))) {
    const before = last.get(row.scope);
    if (before !== undefined && startOf(row) - startOf(before) < cooldown) {
      problems.push(`cooldown: ${row.id} started within the cooldown of ${before.id} in ${row.scope}`);
    }
    last.set(row.scope, row);
  }
  return problems;
}

function startOf(row: ExecutionRow): number {
  return row.started_at ?? row.claimed_at;
}

/** Two playbooks of one scope at the same time, by what they wrote themselves. */
function overlaps({ records, executions }: Pick<History, 'records' | 'executions'>): string[] {
  const { starts, ends } = marksIn(records);
  const endOf = new Map(ends.map(({ id, at }) => [id, at]));
  const scopeOf = new Map(executions.map(({ id, scope }) => [id, scope]));
  const timed = starts.flatMap(({ id, at }) => (at === null ? [] : [{ id, from: at, until: endOf.get(id) ?? at }]));
  const problems: string[] = [];
  for (const [scope, runs] of groupBy(timed, ({ id }) => scopeOf.get(id) ?? id)) {
    let before: (typeof runs)[number] | null = null;
    for (const run of runs.toSorted((a, b) => a.from - b.from)) {
      if (before !== null && run.from < before.until) {
        problems.push(`overlap: ${run.id} was started while ${before.id} ran in ${scope}`);
      }
      before = before === null || run.until > before.until ? run : before;
    }
  }
  return problems;
}

export function limitProblems({ executions, limits = [] }: History): string[] {
  const counted = executions
    .filter(({ counts_as }) => counts_as === 'live')
    .toSorted((a, b) => startOf(a) - startOf(b));
  return limits.flatMap((limit) => {
    const which = counted.filter(({ playbook }) => limit.playbook === undefined || playbook === limit.playbook);
    const groups = groupBy(which, ({ scope }) => (limit.within === 'all' ? 'all playbooks' : scope));
    return [...groups].flatMap(([scope, rows]) => beyond(limit, scope, rows));
  });
}

function beyond({ runs, per }: Limit, scope: string, rows: readonly ExecutionRow[]): string[] {
  return rows.flatMap((row, at) => {
    const first = rows[at - runs];
    if (first === undefined || startOf(row) - startOf(first) >= per) return [];
    return [`limit: ${row.id} was one more than ${runs} runs in ${per} ms in ${scope}`];
  });
}
