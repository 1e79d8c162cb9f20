import type { Outcome } from '../../execution/execution.ts';
import { MOST_TYPES, NO_TYPE, OTHER_TYPE, tooLongForALabel } from '../type-labels.ts';
import type { Sql } from './statements.ts';

/** Counts decisions under a type that the wire named; the hundred first types are kept apart, the rest is `other`. */
export function countDecision(sql: Sql, type: string, verdict: string, reason: string, by: number): void {
  count(sql, 'decision', labelFor(sql, type), verdict, reason, by);
}

export function countExecution(sql: Sql, playbook: string, result: 'success' | 'failure' | 'interrupted'): void {
  count(sql, 'execution', playbook, result, '', 1);
}

export function countOutcome(sql: Sql, playbook: string, outcome: Outcome): void {
  count(sql, 'outcome', playbook, outcome, '', 1);
}

/** A forecast that was compared with what happened, under its type as decisions are. */
export function countScored(sql: Sql, type: string): void {
  count(sql, 'scored', labelFor(sql, type), '', '', 1);
}

function count(sql: Sql, kind: string, a: string, b: string, c: string, by: number): void {
  sql(
    `INSERT INTO counters (kind, a, b, c, count) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (kind, a, b, c) DO UPDATE SET count = count + excluded.count`,
  ).run(kind, a, b, c, by);
}

function labelFor(sql: Sql, type: string): string {
  if (type === NO_TYPE || type === OTHER_TYPE) return type;
  if (tooLongForALabel(type)) return OTHER_TYPE;
  if (sql('SELECT 1 FROM prediction_types WHERE name = ?').get(type) !== undefined) return type;
  const known = sql('SELECT COUNT(*) AS known FROM prediction_types').get()!['known'] as number;
  if (known >= MOST_TYPES) return OTHER_TYPE;
  sql('INSERT INTO prediction_types (name) VALUES (?)').run(type);
  return type;
}
