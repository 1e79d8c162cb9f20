import { decide } from '../../decision/decide.ts';
import type { Decision, DecisionInput, Facts, TouchedHost } from '../../decision/decision.ts';
import {
  type FactAnswer,
  type FactQuestion,
  factsFrom,
  questionOf,
  scopeOf,
  scopeText,
} from '../../decision/fact-question.ts';
import { type Basis, basisOf } from '../../replay/record.ts';
import { type Instance, LedgerUnavailable, type Recorded } from '../ledger.ts';
import { approvalOf, countOf, type Newest, refusalOf } from '../recording.ts';
import { targetText } from '../rows.ts';
import { countDecisions } from './counters.ts';
import { allPauses, answersTo, sameText } from './facts.ts';
import { insertRows, type Query } from './query.ts';
import { insertReports } from './reports.ts';

interface Recording {
  readonly inputs: readonly DecisionInput[];
  readonly owner: Instance;
}

interface Claim {
  readonly input: DecisionInput;
  readonly decision: Decision & { readonly execution_id: string };
  readonly owner: Instance;
}

/** What the inputs of one transaction have changed so far, for those after them. */
interface Progress {
  readonly claims: Claim[];
  readonly decisions: { readonly decision: Decision; readonly basis: Basis }[];
  readonly escalations: Decision[];
  readonly repeats: Map<string, { count: number; last_at: number }>;
  /** By target. */
  readonly newest: Map<string, Newest>;
  /** The oldest claim of this transaction in each scope that it touches. */
  readonly unfinished: Map<string, Facts['unfinished']>;
  /** Hosts of live claims, by playbook. */
  readonly hosts: Map<string, TouchedHost[]>;
}

/**
 * Decides all inputs in their order, each on the facts that those before it leave, and puts the decisions and claims on
 * record: with as many statements for two thousand alerts as for one. Facts are read once, which is exact because nobody
 * else writes meanwhile; of them a record changes only what is unfinished, on which hosts, and which decision of a
 * target is the newest.
 */
export async function recordAll(
  query: Query,
  recordings: readonly Recording[],
): Promise<readonly (readonly Recorded[])[]> {
  const all = recordings.flatMap(({ inputs, owner }) => inputs.map((input) => ({ input, owner })));
  const pauses = await allPauses(query);
  const questions = all.map(({ input }) => questionOf(input, null));
  const answers = await answersTo(query, questions);
  const progress: Progress = {
    claims: [],
    decisions: [],
    escalations: [],
    repeats: new Map(),
    newest: await newestOf(
      query,
      all.map(({ input }) => targetText(input.target)),
    ),
    unfinished: new Map(),
    hosts: new Map(),
  };
  const recorded = all.map(({ input, owner }, at) => {
    const facts = factsFrom(input, pauses, withProgress(questions[at]!, answers[at]!, progress));
    return recordOne(input, facts, owner, progress);
  });
  await write(query, progress);
  await countDecisions(
    query,
    recorded.map(({ decision }) => ({ ...countOf(decision.target?.prediction_type, decision), count: 1 })),
  );
  let next = 0;
  return recordings.map(({ inputs }) => {
    const from = next;
    next += inputs.length;
    return recorded.slice(from, next);
  });
}

function withProgress(
  question: FactQuestion | null,
  answer: FactAnswer | null,
  { unfinished, hosts }: Progress,
): FactAnswer | null {
  if (question === null || answer === null) return null;
  const { scope, hosts_since } = question;
  return {
    ...answer,
    unfinished: answer.unfinished ?? unfinished.get(scopeText(scope)) ?? null,
    hosts: hosts_since === null ? [] : [...answer.hosts, ...(hosts.get(scope.playbook) ?? [])],
  };
}

function recordOne(input: DecisionInput, facts: Facts, owner: Instance, progress: Progress): Recorded {
  const draft = decide(input, facts);
  const target = targetText(input.target);
  if (draft.verdict === 'approved') {
    const decision = approvalOf(input, draft);
    noteClaim({ input, decision, owner }, progress);
    progress.decisions.push({ decision, basis: basisOf(input, facts) });
    progress.newest.set(target, decision);
    return { decision, hold: { execution_id: decision.execution_id, fence: 1 } };
  }
  const { as, decision } = refusalOf(input, draft, progress.newest.get(target) ?? null);
  if (as === 'ignored') return { decision, hold: null };
  progress.newest.set(target, decision);
  if (as === 'repeat') {
    const { count = 0, last_at = 0 } = progress.repeats.get(decision.id) ?? {};
    progress.repeats.set(decision.id, { count: count + 1, last_at: Math.max(last_at, input.now) });
  } else {
    progress.decisions.push({ decision, basis: basisOf(input, facts) });
    if (draft.verdict === 'escalated') progress.escalations.push(decision);
  }
  return { decision, hold: null };
}

function noteClaim(claim: Claim, { claims, unfinished, hosts }: Progress): void {
  claims.push(claim);
  const { playbook, target, now } = claimedBy(claim);
  const holder = { execution_id: claim.decision.execution_id, state: 'claimed', claimed_at: now };
  for (const scope of [
    { playbook, by: 'playbook', value: null },
    { playbook, by: 'resource', value: target.resource },
    { playbook, by: 'host', value: target.host },
  ] as const) {
    const text = scopeText(scope);
    if (!unfinished.has(text)) unfinished.set(text, holder);
  }
  if (claim.input.mode !== 'live') return;
  const touched = hosts.get(playbook) ?? [];
  touched.push({ host: target.host, at: null });
  hosts.set(playbook, touched);
}

function claimedBy({ input }: Claim) {
  const { mapping, prediction, now } = input;
  if (mapping === null || prediction === null) throw new Error('an approval without a mapping or a prediction');
  const target = input.target ?? prediction;
  return { mapping, prediction, target, now, playbook: mapping.action.playbook };
}

/** Of each target that has one. */
async function newestOf(query: Query, targets: readonly string[]): Promise<Map<string, Newest>> {
  const rows = await query<Newest & { target: string }>(
    `SELECT t.target, d.id, d.reason, d.repeats FROM unnest($1::text[]) AS t (target), LATERAL (
       SELECT id, reason, repeats FROM decisions WHERE ${sameText('decisions.target', 't.target')}
       ORDER BY seq + 1 DESC LIMIT 1
     ) AS d`,
    [[...new Set(targets)]],
  );
  return new Map(rows.map((row) => [row.target, row]));
}

async function write(query: Query, { claims, decisions, repeats, escalations }: Progress): Promise<void> {
  await insertClaims(query, claims);
  await insertDecisions(query, decisions);
  await addRepeats(
    query,
    [...repeats].map(([id, entry]) => ({ id, ...entry })),
  );
  await insertReports(
    query,
    escalations.map((decision) => ({
      channel: 'discord',
      subject: { kind: 'escalation', decision },
      at: decision.decided_at,
    })),
  );
}

/** The index that forbids a second unfinished execution of a scope stands behind the gates. */
async function insertClaims(query: Query, claims: readonly Claim[]): Promise<void> {
  const made = await insertRows(
    query,
    'executions',
    {
      id: 'text',
      state: 'text',
      playbook: 'text',
      mapping: 'text',
      target: 'text',
      resource: 'text',
      host: 'text',
      prediction: 'text',
      decision_id: 'text',
      trigger: 'text',
      mode: 'text',
      claimed_at: 'bigint',
      days_before: 'float8',
      message: 'text',
      scope: 'text',
      fence: 'bigint',
      owner_id: 'text',
    },
    claims.map((claim) => {
      const { mapping, prediction, target, now, playbook } = claimedBy(claim);
      return {
        id: claim.decision.execution_id,
        state: 'claimed',
        playbook,
        mapping: mapping.id,
        target: targetText(target),
        resource: target.resource,
        host: target.host,
        prediction: JSON.stringify(prediction),
        decision_id: claim.decision.id,
        trigger: claim.input.trigger,
        mode: claim.input.mode,
        claimed_at: now,
        days_before: prediction.days_until_critical,
        message: 'claimed',
        scope: scopeText(scopeOf(mapping, target)),
        fence: 1,
        owner_id: claim.owner.id,
      };
    }),
    'ON CONFLICT DO NOTHING RETURNING seq',
  );
  if (made.length !== claims.length)
    throw new LedgerUnavailable('an execution that the facts do not show holds a scope: nothing was claimed');
  const owners = new Map(claims.map(({ owner, input }) => [owner.id, { owner, at: input.now }]));
  for (const { owner, at } of owners.values()) await noteInstance(query, owner, at);
}

/** Makes an owner known; its heartbeats are its own to write. */
export async function noteInstance(query: Query, owner: Instance, at: number): Promise<void> {
  await query(
    'INSERT INTO instances (id, host_key, pid, pid_started, heartbeat_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING',
    [owner.id, owner.host_key, owner.pid, owner.pid_started, at],
  );
}

async function insertDecisions(query: Query, decisions: Progress['decisions']): Promise<void> {
  await insertRows(
    query,
    'decisions',
    {
      id: 'text',
      target: 'text',
      decided_at: 'bigint',
      trigger: 'text',
      alertname: 'text',
      fingerprint: 'text',
      prediction: 'text',
      mapping: 'text',
      playbook: 'text',
      verdict: 'text',
      reason: 'text',
      message: 'text',
      gates: 'text',
      next_attempt_at: 'float8',
      execution_id: 'text',
      repeats: 'bigint',
      last_at: 'bigint',
      basis: 'text',
    },
    decisions.map(({ decision, basis }) => ({
      ...decision,
      target: targetText(decision.target),
      prediction: decision.prediction === null ? null : JSON.stringify(decision.prediction),
      gates: JSON.stringify(decision.gates),
      basis: JSON.stringify(basis),
    })),
    'RETURNING seq',
  );
}

export async function addRepeats(
  query: Query,
  repeats: readonly { readonly id: string; readonly count: number; readonly last_at: number }[],
): Promise<void> {
  if (repeats.length === 0) return;
  await query(
    `UPDATE decisions SET repeats = repeats + added.count, last_at = greatest(last_at, added.at)
     FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS added (id, count, at)
     WHERE decisions.id = added.id RETURNING seq`,
    [repeats.map(({ id }) => id), repeats.map(({ count }) => count), repeats.map(({ last_at }) => last_at)],
  );
}
