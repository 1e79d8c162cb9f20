import { decide } from '../src/decision/decide.ts';
import type { DecisionInput } from '../src/decision/decision.ts';
import type { Instance, Ledger } from '../src/ledger/ledger.ts';
import type { Action, Mapping } from '../src/mapping/mapping.ts';

const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** Executions that ended, each with its decision, to fill a new ledger with. */
export interface Past {
  readonly executions: number;
  readonly playbook: string;
  /** So many resources share the executions. */
  readonly resources: number;
  /** So many hosts do; 0: none has a host. */
  readonly hosts?: number;
  /** Between two of them, milliseconds; an hour unless told otherwise. The newest is that old. */
  readonly apart?: number;
}

/** What differs between the languages of the engines. `i` counts from 1 to the newest. */
export interface Dialect {
  readonly seq: string;
  padded(text: string): string;
}

/** What is put in place of the columns of the row that is copied. */
export function changedColumns(
  { executions, resources, hosts = 0, apart = HOUR }: Past,
  { seq, padded }: Dialect,
): Readonly<Record<'executions' | 'decisions', Readonly<Record<string, string>>>> {
  const resource = `'/volume-' || (i % ${resources})`;
  const host = hosts === 0 ? 'NULL' : `'host-' || (i % ${hosts})`;
  const inJson = hosts === 0 ? `'null'` : `'"host-' || (i % ${hosts}) || '"'`;
  const target = `'["disk_exhaustion","' || ${resource} || '",' || ${inJson} || ']'`;
  const age = (column: string) => `${column} - (${executions + 1} - i) * ${apart}`;
  const decision = `'dec_' || ${padded('i')}`;
  const execution = `'exec_' || ${padded('i')}`;
  return {
    executions: {
      seq,
      id: execution,
      decision_id: decision,
      resource,
      host,
      target,
      scope: `'past ' || i`,
      claimed_at: age('claimed_at'),
      started_at: age('started_at'),
      finished_at: age('finished_at'),
      counted_at: age('counted_at'),
    },
    decisions: {
      seq,
      id: decision,
      execution_id: execution,
      target,
      decided_at: age('decided_at'),
      last_at: age('last_at'),
    },
  };
}

export const INSTANCE: Instance = { id: 'bench', host_key: 'bench', pid: 1, pid_started: 1 };

/** One execution from its claim to its success, through the ledger's own code. */
export async function runOne(ledger: Ledger, input: DecisionInput): Promise<void> {
  const [recorded] = await ledger.record([input], INSTANCE);
  const hold = recorded?.hold;
  if (!hold) throw new Error(`the ledger's first decision is ${decide(input, await ledger.facts(input)).message}`);
  await ledger.advance(hold, { to: 'dry_run', at: input.now, message: 'dry run' });
  await ledger.begin(hold, input, 'running');
  const run = { exit_code: 0, duration_seconds: 1, result: null, used_bytes: null, error: null };
  await ledger.advance(hold, { to: 'succeeded', at: input.now, message: 'done', dry_run: run, run });
}

/** An input that every gate lets through, as of `now`. */
export function approvedInput(
  mapping: Mapping,
  now: number,
  resource = '/volume-0',
  host: string | null = null,
): DecisionInput {
  const target = { prediction_type: mapping.prediction_type, resource, host };
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

/** A mapping that lets everything through, but for what the action says. */
export function mappingTo(playbook: string, action: Partial<Action> = {}): Mapping {
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
      verify: { after: DAY, expect: null },
      min_days_gained: null,
      ...action,
    },
    safety_checks: [],
  };
}
