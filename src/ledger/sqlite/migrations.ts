import type { DatabaseSync } from 'node:sqlite';
import { LedgerUnavailable, LedgerUnusable } from '../ledger.ts';
import { CHAIN_TABLES, seedChain } from './chain.ts';

/** "FORS": marks a database file as a ledger of ours (`PRAGMA application_id`). */
export const APPLICATION_ID = 0x464f5253;

/**
 * Numbered from 1, forward only, never edited once released: the number of those applied is `PRAGMA user_version`.
 * Instants are epoch milliseconds. `target` is `targetKey()`, or empty where the alert named none.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE decisions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    target TEXT NOT NULL,
    decided_at INTEGER NOT NULL,
    trigger TEXT NOT NULL,
    alertname TEXT,
    fingerprint TEXT,
    prediction TEXT,
    mapping TEXT,
    playbook TEXT,
    verdict TEXT NOT NULL,
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    gates TEXT NOT NULL,
    next_attempt_at INTEGER,
    execution_id TEXT,
    repeats INTEGER NOT NULL DEFAULT 0,
    last_at INTEGER NOT NULL
  );
  CREATE INDEX decisions_target ON decisions (target, seq);

  CREATE TABLE executions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    playbook TEXT NOT NULL,
    mapping TEXT NOT NULL,
    target TEXT NOT NULL,
    resource TEXT NOT NULL,
    host TEXT,
    prediction TEXT NOT NULL,
    decision_id TEXT NOT NULL,
    trigger TEXT NOT NULL,
    mode TEXT NOT NULL,
    claimed_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    safety_checks TEXT NOT NULL DEFAULT '[]',
    dry_run TEXT,
    run TEXT,
    outcome TEXT,
    days_before REAL,
    days_after REAL,
    message TEXT NOT NULL,
    counts_as TEXT,
    counted_at INTEGER,
    scope TEXT NOT NULL,
    fence INTEGER NOT NULL,
    owner_id TEXT NOT NULL,
    claim TEXT NOT NULL,
    process_pid INTEGER,
    process_started INTEGER
  );
  CREATE UNIQUE INDEX executions_one_per_scope ON executions (scope) WHERE finished_at IS NULL;
  CREATE INDEX executions_unfinished ON executions (playbook) WHERE finished_at IS NULL;
  CREATE INDEX executions_runs ON executions (playbook, counts_as, counted_at, state) WHERE counts_as IS NOT NULL;
  CREATE INDEX executions_runs_resource ON executions (playbook, resource, counts_as, counted_at, state) WHERE counts_as IS NOT NULL;
  CREATE INDEX executions_runs_host ON executions (playbook, host, counts_as, counted_at, state) WHERE counts_as IS NOT NULL;
  CREATE INDEX executions_all_runs ON executions (counts_as, counted_at) WHERE counts_as IS NOT NULL;
  CREATE INDEX executions_stopped ON executions (target, finished_at, state)
    WHERE mode = 'live' AND state IN ('rejected', 'dry_run_failed', 'nothing_to_do');
  CREATE INDEX executions_finished ON executions (finished_at, counts_as, state) WHERE finished_at IS NOT NULL;
  CREATE INDEX executions_by_playbook ON executions (playbook, state);
  CREATE INDEX executions_of_playbook ON executions (playbook);
  CREATE INDEX executions_by_state ON executions (state);

  CREATE TABLE counters (
    kind TEXT NOT NULL,
    a TEXT NOT NULL,
    b TEXT NOT NULL,
    c TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (kind, a, b, c)
  ) WITHOUT ROWID;
  CREATE TABLE prediction_types (name TEXT PRIMARY KEY) WITHOUT ROWID;
  CREATE TABLE tallies (client TEXT PRIMARY KEY, applied INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;

  CREATE TABLE pauses (name TEXT PRIMARY KEY, reason TEXT, since INTEGER NOT NULL, until INTEGER) WITHOUT ROWID;
  CREATE TABLE instances (
    id TEXT PRIMARY KEY,
    host_key TEXT NOT NULL,
    pid INTEGER NOT NULL,
    pid_started INTEGER NOT NULL,
    heartbeat_at INTEGER NOT NULL
  ) WITHOUT ROWID;

  CREATE TABLE reports (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    subject TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER NOT NULL
  );
  CREATE INDEX reports_channel ON reports (channel);

  CREATE TABLE kv (key TEXT PRIMARY KEY, value TEXT NOT NULL, expires_at INTEGER) WITHOUT ROWID;
  CREATE INDEX kv_expires ON kv (expires_at) WHERE expires_at IS NOT NULL;
  CREATE TABLE notes (name TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
  `,
  // Who answered what waits for confirmation; what a pause refused, counted from the counter of `kill_switch` at its begin.
  `
  ALTER TABLE executions ADD COLUMN answered_by TEXT;
  ALTER TABLE executions ADD COLUMN answered_from TEXT;
  ALTER TABLE executions ADD COLUMN answered_at INTEGER;
  ALTER TABLE pauses ADD COLUMN refused_before INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE pauses ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
  UPDATE pauses SET refused_before =
    (SELECT coalesce(sum(count), 0) FROM counters WHERE kind = 'decision' AND c = 'kill_switch');
  CREATE INDEX decisions_paused ON decisions (last_at) WHERE reason = 'kill_switch';
  `,
  // What became of reports. A claim whose answer got lost is found by its owner, and needs no mark.
  `
  ALTER TABLE executions DROP COLUMN claim;
  CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    execution_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    result TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    at INTEGER NOT NULL
  );
  CREATE INDEX deliveries_execution ON deliveries (execution_id);
  `,
  // Whether a run helped: what is due, what holds its target until then, and what counts as a failure without being one.
  `
  ALTER TABLE executions ADD COLUMN verify_at INTEGER;
  ALTER TABLE executions ADD COLUMN verify_expect TEXT;
  ALTER TABLE executions ADD COLUMN verified_at INTEGER;
  ALTER TABLE executions ADD COLUMN outcome_message TEXT;
  CREATE INDEX executions_settling ON executions (target, verify_at) WHERE verify_at IS NOT NULL AND outcome IS NULL;
  CREATE INDEX executions_due ON executions (verify_at) WHERE verify_at IS NOT NULL AND outcome IS NULL;
  CREATE INDEX executions_verified ON executions (target, started_at) WHERE outcome IS NOT NULL;
  CREATE INDEX executions_last_verified ON executions (playbook, verified_at) WHERE outcome IS NOT NULL;
  DROP INDEX executions_runs;
  DROP INDEX executions_runs_resource;
  DROP INDEX executions_runs_host;
  CREATE INDEX executions_runs ON executions (playbook, counts_as, counted_at, state, outcome) WHERE counts_as IS NOT NULL;
  CREATE INDEX executions_runs_resource ON executions (playbook, resource, counts_as, counted_at, state, outcome)
    WHERE counts_as IS NOT NULL;
  CREATE INDEX executions_runs_host ON executions (playbook, host, counts_as, counted_at, state, outcome)
    WHERE counts_as IS NOT NULL;
  `,
  // What the machine was measured at, and what was forecast of it and of others.
  `
  CREATE TABLE samples (
    series TEXT NOT NULL,
    at INTEGER NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (series, at)
  ) WITHOUT ROWID;
  CREATE TABLE forecasts (
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (source, target)
  );
  `,
  // Forecasts that could have led to an action, and what became of them.
  `
  CREATE TABLE scores (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    prediction_type TEXT NOT NULL,
    resource TEXT NOT NULL,
    host TEXT,
    target TEXT NOT NULL,
    source TEXT NOT NULL,
    mapping TEXT NOT NULL,
    observed_at INTEGER NOT NULL,
    day INTEGER NOT NULL,
    actionable INTEGER NOT NULL,
    days_until_critical REAL NOT NULL,
    confidence REAL NOT NULL,
    raw_within_14d REAL,
    critical REAL,
    past_cleanups INTEGER,
    closes_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    silence INTEGER NOT NULL DEFAULT 0,
    critical_at INTEGER,
    fate TEXT,
    judged_at INTEGER,
    message TEXT
  );
  CREATE UNIQUE INDEX scores_daily ON scores (target, source, day, actionable);
  CREATE INDEX scores_closed ON scores (closes_at, seq);
  CREATE INDEX scores_due ON scores (closes_at, seq) WHERE fate IS NULL;
  CREATE INDEX scores_open ON scores (target) WHERE fate IS NULL;
  CREATE INDEX scores_open_source ON scores (source) WHERE fate IS NULL;
  CREATE INDEX scores_proof ON scores (source, prediction_type, closes_at, fate)
    WHERE actionable = 1 AND fate IN ('came_true', 'did_not');
  CREATE INDEX executions_started ON executions (resource, host, started_at) WHERE started_at IS NOT NULL;
  `,
  // On which hosts a playbook ran lately.
  `
  CREATE INDEX executions_hosts ON executions (playbook, counts_as, counted_at, host) WHERE counts_as IS NOT NULL;
  `,
  // What decisions were made of, to be decided on again under another mapping.
  `
  ALTER TABLE decisions ADD COLUMN basis TEXT;
  CREATE INDEX decisions_time ON decisions (decided_at);
  `,
  // Thousands that wait unfinished are not walked through for each decision about one resource or host, nor their reports.
  `
  CREATE INDEX executions_unfinished_resource ON executions (playbook, resource) WHERE finished_at IS NULL;
  CREATE INDEX executions_unfinished_host ON executions (playbook, host) WHERE finished_at IS NULL;
  CREATE INDEX executions_claimed_hosts ON executions (playbook, host)
    WHERE finished_at IS NULL AND mode = 'live' AND counts_as IS NULL;
  CREATE INDEX reports_execution ON reports (json_extract(subject, '$.execution.id'));
  `,
  // The hash chain; rows of before get their first entries with it.
  CHAIN_TABLES,
];

export const SCHEMA_VERSION = MIGRATIONS.length;

/** The tables that a database of this schema has: one that is missing means a damaged file. */
export const TABLES = [
  'chain',
  'checkpoints',
  'counters',
  'decisions',
  'deliveries',
  'executions',
  'forecasts',
  'instances',
  'kv',
  'notes',
  'pauses',
  'prediction_types',
  'reports',
  'samples',
  'scores',
  'tallies',
] as const;

/** Brings the schema up to date, one transaction a step. Any number of processes may do so at once. */
export function migrate(db: DatabaseSync, path: string): void {
  while (schemaVersion(db) < SCHEMA_VERSION) {
    db.exec('BEGIN IMMEDIATE');
    try {
      const version = schemaVersion(db);
      if (version < SCHEMA_VERSION) {
        db.exec(MIGRATIONS[version]!);
        if (MIGRATIONS[version] === CHAIN_TABLES) seedChain(db);
        db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version + 1}`);
      }
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
  const schema = schemaVersion(db);
  if (schema > SCHEMA_VERSION) throw new LedgerUnusable(isNewer(schema, path));
}

/**
 * Throws `LedgerUnavailable` where a newer version has changed the file since this process opened it: what its rows have to
 * hold now, only that version knows.
 */
export function checkNotNewer(schema: number, path: string): void {
  if (schema > SCHEMA_VERSION) throw new LedgerUnavailable(isNewer(schema, path));
}

function isNewer(schema: number, path: string): string {
  return `ledger ${path} has schema ${schema}, this version of forestall knows ${SCHEMA_VERSION}: run the version that wrote it, or newer; the file was left as it is`;
}

export function schemaVersion(db: Pick<DatabaseSync, 'prepare'>): number {
  return db.prepare('PRAGMA user_version').get()!['user_version'] as number;
}
