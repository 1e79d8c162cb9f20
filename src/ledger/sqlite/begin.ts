import type { DecisionInput, Draft } from '../../decision/decision.ts';
import { lookBeforeRun } from '../beginning.ts';
import type { Hold } from '../ledger.ts';
import type { ExecutionRow } from '../rows.ts';
import { gatherFacts, sqlFactReads } from './facts.ts';
import type { Sql } from './statements.ts';

/** The last look and the step to `running` in one transaction. Null: the hold is lost, or its process runs already. */
export function begin(sql: Sql, hold: Hold, input: DecisionInput, message: string): Draft | null {
  const row = sql(
    'SELECT state, mode, process_pid FROM executions WHERE id = ? AND fence = ? AND finished_at IS NULL',
  ).get(hold.execution_id, hold.fence) as unknown as
    | (Pick<ExecutionRow, 'state' | 'mode'> & { process_pid: number | null })
    | undefined;
  if (row === undefined) return null;
  if (row.process_pid !== null && row.state === 'running') return null;
  const draft = lookBeforeRun(row.mode, input, gatherFacts(sqlFactReads(sql), input, hold.execution_id));
  if (draft.verdict !== 'approved' || row.state === 'running') return draft;
  sql(
    `UPDATE executions SET state = 'running', message = ?, started_at = ?, counts_as = 'live', counted_at = ?,
       process_pid = NULL, process_started = NULL WHERE id = ?`,
  ).run(message, input.now, input.now, hold.execution_id);
  return draft;
}
