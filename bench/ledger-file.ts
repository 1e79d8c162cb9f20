import { DatabaseSync } from 'node:sqlite';
import { decide } from '../src/decision/decide.ts';
import type { DecisionInput } from '../src/decision/decision.ts';
import { openSqliteLedger } from '../src/ledger/sqlite/open.ts';
import type { Mapping } from '../src/mapping/mapping.ts';

const DAY = 86_400_000;

export interface Past {
  /** Each is an hour older than the one before. */
  readonly executions: number;
  readonly playbook: string;
  /** So many resources share the executions. */
  readonly resources: number;
}

/**
 * Fills a new ledger: one execution with its decision is written by the ledger's own code, and copied by SQL under other
 * names and times, whatever columns the schema has.
 */
export async function fillLedger(path: string, past: Past): Promise<void> {
  await writeOne(path, approvedInput(mappingTo(past.playbook), Date.now()));
  const db = new DatabaseSync(path);
  db.exec('BEGIN');
  const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${past.executions - 1})`;
  const resource = `'/volume-' || (i % ${past.resources})`;
  const target = `json_array('disk_exhaustion', ${resource}, NULL)`;
  const age = (column: string) => `${column} - i * ${Math.floor(DAY / 24)}`;
  copy(db, 'executions', numbers, {
    seq: 'NULL',
    id: `printf('exec_%026d', i)`,
    decision_id: `printf('dec_%026d', i)`,
    resource,
    target,
    scope: `'past ' || i`,
    claim: `'past ' || i`,
    claimed_at: age('claimed_at'),
    started_at: age('started_at'),
    finished_at: age('finished_at'),
    counted_at: age('counted_at'),
  });
  copy(db, 'decisions', numbers, {
    seq: 'NULL',
    id: `printf('dec_%026d', i)`,
    execution_id: `printf('exec_%026d', i)`,
    target,
    decided_at: age('decided_at'),
    last_at: age('last_at'),
  });
  db.exec('COMMIT');
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
}

/** Copies the first row of a table once for each number. */
function copy(db: DatabaseSync, table: string, numbers: string, changed: Readonly<Record<string, string>>): void {
  const columns = db.prepare(`SELECT name FROM pragma_table_info('${table}')`).all() as { name: string }[];
  const names = columns.map(({ name }) => name);
  const values = names.map((name) => changed[name] ?? name);
  db.exec(
    `INSERT INTO ${table} (${names.join(', ')}) ${numbers} SELECT ${values.join(', ')} FROM n, (SELECT * FROM ${table} ORDER BY seq LIMIT 1)`,
  );
}

/** One execution from its claim to its success, through the ledger's own code. */
async function writeOne(path: string, input: DecisionInput): Promise<void> {
  const ledger = await openSqliteLedger({ path, now: () => input.now });
  try {
    const instance = { id: 'bench', host_key: 'bench', pid: 1, pid_started: 1 };
    const [recorded] = await ledger.record([input], instance);
    const hold = recorded?.hold;
    if (!hold) throw new Error(`the ledger's first decision is ${decide(input, await ledger.facts(input)).message}`);
    await ledger.advance(hold, { to: 'dry_run', at: input.now, message: 'dry run' });
    await ledger.begin(hold, input, 'running');
    const run = { exit_code: 0, duration_seconds: 1, result: null, used_bytes: null, error: null };
    await ledger.advance(hold, { to: 'succeeded', at: input.now, message: 'done', dry_run: run, run });
  } finally {
    await ledger.close();
  }
}

/** An input that every gate lets through, as of `now`. */
function approvedInput(mapping: Mapping, now: number): DecisionInput {
  const target = { prediction_type: mapping.prediction_type, resource: '/volume-0', host: null };
  return {
    trigger: 'webhook',
    mode: 'live',
    now,
    alert: null,
    target,
    prediction: {
      ...target,
      days_until_critical: 8.2,
      confidence: 0.85,
      observed_at: now,
      source: 'predictions.json',
      labels: {},
    },
    prediction_problem: null,
    mapping,
    unsafe_value: null,
    fleet: null,
    silence: null,
    consecutive: 1,
    policy: {
      enable_auto_remediation: true,
      dry_run_mode: false,
      max_daily_executions: null,
      exclude: [],
      stale_after: DAY,
      retry_after: DAY,
      proof: { min_precision: 0.7, min_scored: 20 },
      circuit_breaker: { failures: 3, reset_after: DAY },
      time_zone: 'UTC',
    },
  };
}

function mappingTo(playbook: string): Mapping {
  return {
    id: 'past',
    prediction_type: 'disk_exhaustion',
    alert: null,
    resource_filter: '*',
    conditions: {
      min_days_until_critical: null,
      max_days_until_critical: null,
      min_confidence: 0,
      min_consecutive: 1,
    },
    action: {
      playbook,
      version: '1.0',
      max_executions_per_week: null,
      cooldown_hours: 0,
      limit_scope: 'playbook',
      limits: [],
      blast_radius: null,
      allowed_hours: null,
      time_zone: null,
      require_confirmation: null,
      parameters: {},
      verify: { after: 86_400_000, expect: null },
      min_days_gained: null,
    },
    safety_checks: [],
  };
}
