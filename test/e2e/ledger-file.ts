import { DatabaseSync } from 'node:sqlite';
import type { DecisionRow, ExecutionRow } from './history-checker.ts';

/** What a ledger file holds, read beside whatever service has it open. */
export interface LedgerFile {
  /** What `PRAGMA integrity_check` says; `ok` when nothing is wrong. */
  readonly integrity: string;
  readonly executions: readonly ExecutionRow[];
  readonly decisions: readonly DecisionRow[];
  /** Reports that wait to be delivered. */
  readonly reports: number;
  /** Those among them that nobody has taken. */
  readonly due: number;
  /** Most attempts that one of them has had. */
  readonly attempts: number;
}

export function readLedger(database: string): LedgerFile {
  const db = new DatabaseSync(database, { timeout: 5_000 });
  try {
    db.exec('PRAGMA query_only = ON; BEGIN');
    const ledger = {
      integrity: String(db.prepare('PRAGMA integrity_check').get()!['integrity_check']),
      executions: db
        .prepare(
          `SELECT id, state, playbook, resource, host, scope, decision_id, claimed_at, started_at, finished_at, counts_as
           FROM executions ORDER BY seq`,
        )
        .all() as unknown as ExecutionRow[],
      decisions: db
        .prepare('SELECT id, verdict, reason, execution_id, repeats FROM decisions ORDER BY seq')
        .all() as unknown as DecisionRow[],
      ...(db
        .prepare(
          'SELECT count(*) AS reports, total(next_at <= ?) AS due, coalesce(max(attempts), 0) AS attempts FROM reports',
        )
        .get(Date.now()) as unknown as { reports: number; due: number; attempts: number }),
    };
    db.exec('COMMIT');
    return ledger;
  } finally {
    db.close();
  }
}

/** Whether a process holds the lock for writing at this moment. */
export function isBeingWritten(database: string): boolean {
  const db = new DatabaseSync(database, { timeout: 0 });
  try {
    db.exec('BEGIN IMMEDIATE; ROLLBACK');
    return false;
  } catch (error) {
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return true;
    throw error;
  } finally {
    db.close();
  }
}

const SQLITE_BUSY = 5;
