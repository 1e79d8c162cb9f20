/**
 * Judges a service by three witnesses that do not know each other: what was sent and answered, what the ledger holds, and
 * what the playbooks themselves wrote.
 */
export interface History {
  /** Deliveries with a 200 count as accepted; what was answered otherwise, or not at all, promises nothing. */
  readonly deliveries: readonly Delivery[];
  readonly executions: readonly ExecutionRow[];
  readonly decisions: readonly DecisionRow[];
  /** As the recording playbook writes them: `run EXECUTION_ID ARGUMENTS`, `run-end EXECUTION_ID`, and the same of `dry_run`. */
  readonly records: readonly string[];
  /** Milliseconds between two starts in a scope. */
  readonly cooldown: number;
  /** Most real runs over all in `cooldown`, where there is such a limit. */
  readonly mostRuns?: number;
}

export interface Delivery {
  /** Null: the connection ended without an answer. */
  readonly status: number | null;
  readonly decisions: readonly AnsweredDecision[];
}

export interface AnsweredDecision {
  /** Empty for what is not kept. */
  readonly id: string;
  readonly verdict: string;
  readonly reason: string;
  readonly execution_id: string | null;
}

export interface ExecutionRow {
  readonly id: string;
  readonly state: string;
  readonly playbook: string;
  readonly resource: string;
  readonly host: string | null;
  /** Within what the cooldown holds. */
  readonly scope: string;
  readonly decision_id: string;
  readonly claimed_at: number;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly counts_as: string | null;
}

export interface DecisionRow {
  readonly id: string;
  readonly verdict: string;
  readonly reason: string;
  readonly execution_id: string | null;
  readonly repeats: number;
}

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

/** Every way in which the witnesses contradict the contract or each other, a sentence each; none when all is well. */
export function problemsOf(history: History): string[] {
  return [...startProblems(history), ...deliveryProblems(history), ...rowProblems(history)];
}

/** Starts of the real run, one entry a start, as the playbooks wrote them. */
function startsIn(records: readonly string[]): string[] {
  return records.filter((line) => line.startsWith('run ')).map((line) => line.split(' ')[1]!);
}

function startProblems({ records, executions, cooldown, mostRuns }: History): string[] {
  const problems: string[] = [];
  const byId = new Map(executions.map((row) => [row.id, row]));
  const starts = startsIn(records);
  for (const [id, times] of countsOf(starts)) {
    if (times > 1) problems.push(`${id} was started ${times} times`);
    const row = byId.get(id);
    if (row === undefined) problems.push(`${id} was started and is not on record`);
    else if (row.started_at === null || row.counts_as !== 'live') {
      problems.push(`${id} was started, and the record (${row.state}) says that it was not`);
    }
  }
  const ends = countsOf(records.filter((line) => line.startsWith('run-end ')).map((line) => line.split(' ')[1]!));
  for (const [id, times] of ends) {
    if (times > 1) problems.push(`${id} came to its end ${times} times`);
    if (!starts.includes(id)) problems.push(`${id} came to its end and was never started`);
  }
  // By when the ledger says that they began, and also those that only the ledger knows: they count towards limits too.
  const counted = executions.filter((row) => row.counts_as === 'live' || starts.includes(row.id));
  problems.push(...tooClose(counted, cooldown));
  if (mostRuns !== undefined && starts.length > mostRuns) {
    problems.push(`${starts.length} runs are more than the limit of ${mostRuns}`);
  }
  return problems;
}

function tooClose(counted: readonly ExecutionRow[], cooldown: number): string[] {
  const problems: string[] = [];
  const last = new Map<string, ExecutionRow>();
  for (const row of counted.toSorted((a, b) => startOf(a) - startOf(b))) {
    const before = last.get(row.scope);
    if (before !== undefined && startOf(row) - startOf(before) < cooldown) {
      problems.push(`${row.id} started within the cooldown of ${before.id} in ${row.scope}`);
    }
    last.set(row.scope, row);
  }
  return problems;
}

function startOf(row: ExecutionRow): number {
  return row.started_at ?? row.claimed_at;
}

function deliveryProblems({ deliveries, executions, decisions }: History): string[] {
  const problems: string[] = [];
  const onRecord = new Map(decisions.map((row) => [row.id, row]));
  const executionIds = new Set(executions.map((row) => row.id));
  const answered = deliveries.filter(({ status }) => status === 200).flatMap((delivery) => delivery.decisions);
  for (const { id, verdict, reason, execution_id } of answered) {
    if (verdict === 'ignored') continue;
    const row = onRecord.get(id);
    if (row === undefined) problems.push(`decision ${id} (${reason}) was answered and is not on record`);
    else if (row.verdict !== verdict || row.reason !== reason || row.execution_id !== execution_id) {
      problems.push(
        `decision ${id} was answered as ${verdict} ${reason} and is on record as ${row.verdict} ${row.reason}`,
      );
    }
    if (execution_id !== null && !executionIds.has(execution_id)) {
      problems.push(`execution ${execution_id} was answered and is not on record`);
    }
  }
  return problems;
}

function rowProblems({ executions, decisions, records }: History): string[] {
  const problems: string[] = [];
  const started = new Set(startsIn(records));
  const decisionOf = new Map(
    decisions.filter((row) => row.execution_id !== null).map((row) => [row.execution_id, row]),
  );
  for (const [id, times] of countsOf(decisions.map((row) => row.execution_id ?? ''))) {
    if (id !== '' && times > 1) problems.push(`${id} was claimed by ${times} decisions`);
  }
  for (const row of executions) {
    if (row.finished_at === null || !ENDS.includes(row.state)) problems.push(`${row.id} was left ${row.state}`);
    if (decisionOf.get(row.id)?.id !== row.decision_id) problems.push(`${row.id} has no decision on record`);
    if (RAN.includes(row.state) !== (row.started_at !== null)) {
      problems.push(`${row.id} is ${row.state} and ${row.started_at === null ? 'never began' : 'began'}`);
    }
    // A service that dies between the record and the start leaves one that is `interrupted` and never started.
    if (row.state === 'succeeded' && !started.has(row.id)) problems.push(`${row.id} succeeded and was never started`);
  }
  const executionIds = new Set(executions.map((row) => row.id));
  for (const row of decisions) {
    if ((row.verdict === 'approved') !== (row.execution_id !== null && executionIds.has(row.execution_id))) {
      problems.push(`decision ${row.id} is ${row.verdict} and its execution is ${row.execution_id ?? 'none'}`);
    }
  }
  return problems;
}

function countsOf(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
