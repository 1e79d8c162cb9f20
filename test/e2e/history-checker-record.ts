import type { ExecutionRow, History, Step } from './history-checker.ts';
import { countsOf, groupBy, marksIn } from './history-checker-records.ts';

const RAN: readonly string[] = ['succeeded', 'failed', 'interrupted'];
const ENDS: readonly string[] = [
  ...RAN,
  'rejected',
  'dry_run_failed',
  'nothing_to_do',
  'dry_run_only',
  'expired',
  'denied',
];
/** In the order in which an execution passes through them; all ends are last. */
const WAY: readonly string[] = ['claimed', 'checking', 'dry_run', 'awaiting_approval', 'running'];
const RUNNING = WAY.indexOf('running');

/** What was accepted and is not on record as it was answered. */
export function deliveryProblems({ deliveries, executions, decisions }: History): string[] {
  const problems: string[] = [];
  const onRecord = new Map(decisions.map((row) => [row.id, row]));
  const executionIds = new Set(executions.map((row) => row.id));
  const accepted = deliveries.filter(({ status }) => status !== null && status >= 200 && status < 300);
  for (const { process, decisions: answered } of accepted) {
    const by = process === undefined ? '' : ` by ${process}`;
    for (const { id, verdict, reason, execution_id } of answered) {
      if (verdict === 'ignored') continue;
      const row = onRecord.get(id);
      if (row === undefined)
        problems.push(`lost-delivery: decision ${id} (${reason}) was answered${by} and is not on record`);
      else if (row.verdict !== verdict || row.reason !== reason || row.execution_id !== execution_id) {
        problems.push(
          `lost-delivery: decision ${id} was answered${by} as ${verdict} ${reason} and is on record as ${row.verdict} ${row.reason}`,
        );
      }
      if (execution_id !== null && !executionIds.has(execution_id)) {
        problems.push(`lost-delivery: execution ${execution_id} was answered${by} and is not on record`);
      }
    }
  }
  return problems;
}

/** Rows that contradict each other, or what the playbooks wrote. */
export function rowProblems({ executions, decisions, records }: History): string[] {
  const problems: string[] = [];
  const started = new Set(marksIn(records).starts.map(({ id }) => id));
  const decisionOf = new Map(
    decisions.filter((row) => row.execution_id !== null).map((row) => [row.execution_id, row]),
  );
  for (const [id, times] of countsOf(decisions.map((row) => row.execution_id ?? ''))) {
    if (id !== '' && times > 1) problems.push(`claim: ${id} was claimed by ${times} decisions`);
  }
  for (const row of executions) {
    if (row.finished_at === null || !ENDS.includes(row.state)) problems.push(`no-end: ${row.id} was left ${row.state}`);
    if (decisionOf.get(row.id)?.id !== row.decision_id) problems.push(`claim: ${row.id} has no decision on record`);
    if (ENDS.includes(row.state) && RAN.includes(row.state) !== (row.started_at !== null)) {
      problems.push(`no-start: ${row.id} is ${row.state} and ${row.started_at === null ? 'never began' : 'began'}`);
    }
    // A service that dies between the record and the start leaves one that is `interrupted` and never started.
    if (row.state === 'succeeded' && !started.has(row.id)) {
      problems.push(`no-start: ${row.id} succeeded and was never started`);
    }
  }
  const executionIds = new Set(executions.map((row) => row.id));
  for (const row of decisions) {
    if ((row.verdict === 'approved') !== (row.execution_id !== null && executionIds.has(row.execution_id))) {
      problems.push(`claim: decision ${row.id} is ${row.verdict} and its execution is ${row.execution_id ?? 'none'}`);
    }
  }
  return problems;
}

/** Writes that an older holder, or one that comes a second time, must not make. */
export function stepProblems({ executions, steps }: History): string[] {
  if (steps === undefined) return [];
  const byId = groupBy(steps, ({ id }) => id);
  return executions.flatMap((row) => {
    const own = byId.get(row.id) ?? [];
    const last = own.at(-1);
    const differs = last === undefined || last.state !== row.state || last.finished_at !== row.finished_at;
    return [
      ...(differs
        ? [`rewritten: ${row.id} is ${row.state}, and the last that was seen of it ${last?.state ?? 'nothing'}`]
        : []),
      ...own.slice(1).flatMap((step, at) => againstOrder(own.slice(0, at + 1), step)),
    ].map((problem) => problem.replace('{id}', row.id));
  });
}

function againstOrder(earlier: readonly Step[], step: Step): string[] {
  const before = earlier.at(-1)!;
  const problems: string[] = [];
  if (step.fence < before.fence)
    problems.push(`rewritten: the fence of {id} went back from ${before.fence} to ${step.fence}`);
  if (before.started_at !== null && step.started_at !== before.started_at)
    problems.push('rewritten: {id} began a second time');
  if (before.finished_at !== null) {
    if (step.state !== before.state || step.finished_at !== before.finished_at || step.fence !== before.fence) {
      problems.push(`rewritten: {id} had ended as ${before.state} and was made ${step.state}`);
    }
  } else if (placeOf(step) < placeOf(before) && (placeOf(before) >= RUNNING || !wasTakenOver(earlier))) {
    problems.push(`rewritten: {id} went back from ${before.state} to ${step.state}`);
  }
  return problems;
}

/** Whoever has just taken over may begin again with what has not run; a holder does not go back on its own way. */
function wasTakenOver(earlier: readonly Step[]): boolean {
  return earlier.length > 1 && earlier.at(-2)!.fence < earlier.at(-1)!.fence;
}

function placeOf({ state }: Pick<ExecutionRow, 'state'>): number {
  const place = WAY.indexOf(state);
  return place === -1 ? WAY.length : place;
}
