import { DatabaseSync } from 'node:sqlite';
import type { DecisionRow, ExecutionRow, Step } from './history-checker.ts';

/** What a ledger file holds, read beside whatever service has it open. */
export interface LedgerFile {
  /** What `PRAGMA integrity_check` says; `ok` when nothing is wrong. */
  readonly integrity: string;
  readonly executions: readonly ExecutionRow[];
  readonly decisions: readonly DecisionRow[];
  /** Every write of an execution, where `watchLedger` was called before the first. */
  readonly steps?: readonly Step[];
  /** Executions whose end waits to be told to people. */
  readonly untold: readonly string[];
  /** Reports that wait to be delivered. */
  readonly reports: number;
  /** Those among them that nobody has taken. */
  readonly due: number;
  /** Most attempts that one of them has had. */
  readonly attempts: number;
}

/**
 * From now on every write of an execution is noted in the file itself, in the transaction that makes it, whichever process
 * that is. What was noted goes with copies of the file.
 */
export function watchLedger(database: string): void {
  const db = new DatabaseSync(database, { timeout: 20_000 });
  const on = (event: string) => `
    CREATE TRIGGER IF NOT EXISTS witness_${event} AFTER ${event} ON executions BEGIN
      INSERT INTO witness (at, id, state, fence, started_at, finished_at) VALUES
        (CAST(round(unixepoch('subsec') * 1000) AS INTEGER), NEW.id, NEW.state, NEW.fence, NEW.started_at, NEW.finished_at);
    END;`;
  try {
    db.exec(`
      BEGIN IMMEDIATE;
      CREATE TABLE IF NOT EXISTS witness (n INTEGER PRIMARY KEY, at INTEGER NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL,
        fence INTEGER NOT NULL, started_at INTEGER, finished_at INTEGER);
      ${on('insert')} ${on('update')}
      COMMIT`);
  } finally {
    db.close();
  }
}

export function readLedger(database: string): LedgerFile {
  const db = new DatabaseSync(database, { timeout: 5_000 });
  try {
    db.exec('PRAGMA query_only = ON; BEGIN');
    const isWatched = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'witness'").get() !== undefined;
    const ledger = {
      ...(isWatched
        ? {
            steps: db
              .prepare('SELECT id, at, state, fence, started_at, finished_at FROM witness ORDER BY n')
              .all() as unknown as Step[],
          }
        : {}),
      untold: db
        .prepare(UNTOLD)
        .all()
        .map((row) => String(row['id'])),
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

const UNTOLD = `
  SELECT DISTINCT json_extract(subject, '$.execution.id') AS id FROM reports
  WHERE channel = 'discord' AND json_extract(subject, '$.kind') = 'execution'
    AND json_extract(subject, '$.execution.state') IN ('succeeded', 'failed', 'interrupted')`;

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
