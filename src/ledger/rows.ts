import type { Decision } from '../decision/decision.ts';
import type { Execution } from '../execution/execution.ts';
import { type Target, targetKey } from '../prediction/prediction.ts';

/** Rows as they come from SQLite. Columns that hold JSON are text here. */
export interface DecisionRow extends Omit<Decision, 'target' | 'prediction' | 'gates'> {
  readonly seq: number;
  readonly target: string;
  readonly prediction: string | null;
  readonly gates: string;
}

export interface ExecutionRow extends Omit<Execution, 'prediction' | 'safety_checks' | 'dry_run' | 'run' | 'answered'> {
  readonly seq: number;
  readonly prediction: string;
  readonly safety_checks: string;
  readonly dry_run: string | null;
  readonly run: string | null;
  readonly counts_as: 'live' | 'rehearsal' | null;
  readonly answered_by: string | null;
  readonly answered_from: string | null;
  readonly answered_at: number | null;
}

/** The target as text that finds it again; empty for none. */
export function targetText(target: Target | null): string {
  return target === null ? '' : targetKey(target);
}

export function targetFrom(text: string): Target | null {
  if (text === '') return null;
  const [prediction_type, resource, host] = JSON.parse(text) as [string, string, string | null];
  return { prediction_type, resource, host };
}

function fromJson<T>(text: string | null): T | null {
  return text === null ? null : (JSON.parse(text) as T);
}

export function toDecision(row: DecisionRow): Decision {
  return {
    id: row.id,
    decided_at: row.decided_at,
    trigger: row.trigger,
    alertname: row.alertname,
    fingerprint: row.fingerprint,
    target: targetFrom(row.target),
    prediction: fromJson(row.prediction),
    mapping: row.mapping,
    playbook: row.playbook,
    verdict: row.verdict,
    reason: row.reason,
    message: row.message,
    gates: JSON.parse(row.gates) as Decision['gates'],
    next_attempt_at: row.next_attempt_at,
    execution_id: row.execution_id,
    repeats: row.repeats,
    last_at: row.last_at,
  };
}

function answeredFrom({ answered_by, answered_from, answered_at }: ExecutionRow): Execution['answered'] {
  if (answered_by === null || answered_at === null) return null;
  return { by: answered_by, from: answered_from, at: answered_at };
}

export function toExecution(row: ExecutionRow): Execution {
  return {
    id: row.id,
    state: row.state,
    playbook: row.playbook,
    mapping: row.mapping,
    prediction: JSON.parse(row.prediction) as Execution['prediction'],
    decision_id: row.decision_id,
    trigger: row.trigger,
    mode: row.mode,
    claimed_at: row.claimed_at,
    started_at: row.started_at,
    finished_at: row.finished_at,
    safety_checks: JSON.parse(row.safety_checks) as Execution['safety_checks'],
    dry_run: fromJson(row.dry_run),
    run: fromJson(row.run),
    verify_at: row.verify_at,
    verified_at: row.verified_at,
    outcome: row.outcome,
    outcome_message: row.outcome_message,
    days_before: row.days_before,
    days_after: row.days_after,
    answered: answeredFrom(row),
    message: row.message,
  };
}
