import { decide } from '../../decision/decide.ts';
import type { Decision, DecisionInput, Draft, Facts } from '../../decision/decision.ts';
import { scopeOf, scopeText } from '../../decision/fact-question.ts';
import { type Basis, basisOf } from '../../replay/record.ts';
import type { Instance, Recorded } from '../ledger.ts';
import { approvalOf, countOf, type Newest, refusalOf } from '../recording.ts';
import { targetText } from '../rows.ts';
import { countDecision } from './counters.ts';
import { isConstraint } from './errors.ts';
import { gatherFacts, sqlFactReads } from './facts.ts';
import type { Sql } from './statements.ts';

/** Decides one input on the facts of this transaction and puts the decision, and its claim, on record. */
export function recordOne(sql: Sql, input: DecisionInput, owner: Instance): Recorded {
  const facts = gatherFacts(sqlFactReads(sql), input, null);
  const draft = decide(input, facts);
  if (draft.verdict !== 'approved') return { decision: recordRefusal(sql, input, draft, facts), hold: null };

  const decision = approvalOf(input, draft);
  if (!claim(sql, input, decision, owner)) {
    return { decision: recordRefusal(sql, input, lostClaim(sql, input, facts), facts), hold: null };
  }
  insertDecision(sql, decision, basisOf(input, facts));
  countAs(sql, decision);
  return { decision, hold: { execution_id: decision.execution_id, fence: 1 } };
}

function recordRefusal(sql: Sql, input: DecisionInput, draft: Draft, facts: Facts): Decision {
  const newest = draft.verdict === 'ignored' ? null : newestOf(sql, targetText(input.target));
  const { as, decision } = refusalOf(input, draft, newest);
  countAs(sql, decision);
  if (as === 'repeat') addRepeats(sql, decision.id, 1, input.now);
  if (as !== 'new') return decision;
  insertDecision(sql, decision, basisOf(input, facts));
  if (draft.verdict === 'escalated') {
    insertReport(sql, 'discord', { kind: 'escalation', decision }, input.now);
  }
  return decision;
}

function newestOf(sql: Sql, target: string): Newest | null {
  const row = sql('SELECT id, reason, repeats FROM decisions WHERE target = ? ORDER BY seq DESC LIMIT 1').get(target);
  return (row as Newest | undefined) ?? null;
}

export function addRepeats(sql: Sql, id: string, count: number, lastAt: number): void {
  sql('UPDATE decisions SET repeats = repeats + ?, last_at = max(last_at, ?) WHERE id = ?').run(count, lastAt, id);
}

export function insertReport(sql: Sql, channel: string, subject: object, at: number): void {
  sql('INSERT INTO reports (channel, subject, created_at, next_at) VALUES (?, ?, ?, ?)').run(
    channel,
    JSON.stringify(subject),
    at,
    at,
  );
}

function countAs(sql: Sql, decision: Decision): void {
  const { type, verdict, reason } = countOf(decision.target?.prediction_type, decision);
  countDecision(sql, type, verdict, reason, 1);
}

/** False when the scope already has an unfinished execution: the index that forbids a second stands behind the gates. */
function claim(sql: Sql, input: DecisionInput, decision: Decision, owner: Instance): boolean {
  const { mapping, prediction } = input;
  if (mapping === null || prediction === null) throw new Error('an approval without a mapping or a prediction');
  const target = input.target ?? prediction;
  try {
    sql(
      `INSERT INTO executions (id, state, playbook, mapping, target, resource, host, prediction, decision_id, trigger, mode,
         claimed_at, days_before, message, scope, fence, owner_id)
       VALUES (?, 'claimed', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'claimed', ?, 1, ?)`,
    ).run(
      decision.execution_id,
      mapping.action.playbook,
      mapping.id,
      targetText(target),
      target.resource,
      target.host,
      JSON.stringify(prediction),
      decision.id,
      input.trigger,
      input.mode,
      input.now,
      prediction.days_until_critical,
      scopeText(scopeOf(mapping, target)),
      owner.id,
    );
  } catch (error) {
    if (isConstraint(error)) return false;
    throw error;
  }
  noteInstance(sql, owner, input.now);
  return true;
}

/** Makes an owner known; its heartbeats are its own to write. */
export function noteInstance(sql: Sql, owner: Instance, at: number): void {
  sql(
    `INSERT INTO instances (id, host_key, pid, pid_started, heartbeat_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
  ).run(owner.id, owner.host_key, owner.pid, owner.pid_started, at);
}

function lostClaim(sql: Sql, input: DecisionInput, facts: Facts): Draft {
  const scope = scopeText(scopeOf(input.mapping!, input.target ?? input.prediction!));
  const holder = sql(
    'SELECT id AS execution_id, state, claimed_at FROM executions WHERE scope = ? AND finished_at IS NULL',
  ).get(scope) as unknown as typeof facts.unfinished | undefined;
  const draft = decide(input, { ...facts, unfinished: holder ?? null });
  if (draft.verdict === 'approved') throw new Error(`no execution holds ${scope}, yet it could not be claimed`);
  return draft;
}

function insertDecision(sql: Sql, decision: Decision, basis: Basis): void {
  sql(
    `INSERT INTO decisions (id, target, decided_at, trigger, alertname, fingerprint, prediction, mapping, playbook, verdict,
       reason, message, gates, next_attempt_at, execution_id, repeats, last_at, basis)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    decision.id,
    targetText(decision.target),
    decision.decided_at,
    decision.trigger,
    decision.alertname,
    decision.fingerprint,
    decision.prediction === null ? null : JSON.stringify(decision.prediction),
    decision.mapping,
    decision.playbook,
    decision.verdict,
    decision.reason,
    decision.message,
    JSON.stringify(decision.gates),
    decision.next_attempt_at,
    decision.execution_id,
    decision.repeats,
    decision.last_at,
    JSON.stringify(basis),
  );
}
