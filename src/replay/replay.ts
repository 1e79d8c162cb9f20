import { decide } from '../decision/decide.ts';
import type { DecisionInput, Draft } from '../decision/decision.ts';
import type { Reason, Verdict } from '../decision/reason.ts';
import type { ActionMapping } from '../mapping/mapping.ts';
import { criticalAt, type Target, targetKey } from '../prediction/prediction.ts';
import { createAgenda, type Probe } from './agenda.ts';
import { type Assumed, inputAt, type KnownDecision, keptAt, under } from './inputs.ts';
import type { PastDecision, PastExecution, PastStore } from './record.ts';
import { createSums, type PlaybookSum } from './sums.ts';
import { createTypical, imagined } from './typical.ts';
import { createWorld } from './world.ts';

const DAY = 86_400_000;

export interface Side {
  readonly verdict: Verdict;
  readonly reason: Reason;
  readonly message: string;
  readonly mapping: string | null;
  readonly playbook: string | null;
}

/** A decision that would have been another one. */
export interface Flip {
  readonly decision_id: string;
  /** Epoch milliseconds. Later than the decision where only a repetition of it, or the opening of its gate, flips. */
  readonly at: number;
  readonly target: Target | null;
  readonly was: Side;
  readonly would_be: Side;
  /** When what ran would have run instead: its gate opens with time alone; null: not, or not as far as that can be told. */
  readonly postponed_to: number | null;
}

export interface Replayed {
  /** Decisions that were made again. */
  readonly decisions: number;
  /** Made before anything was kept to make them again; what they ran counts as it did. */
  readonly without_basis: number;
  /**
   * Of `decisions` those that come out differently under the mapping of the time too: a clock was put back, or two
   * processes wrote within the same moment. They flip only where the new mapping differs from the old one.
   */
  readonly unexplained: number;
  readonly flips: readonly Flip[];
  /** By name. */
  readonly playbooks: readonly PlaybookSum[];
  /** How many decisions took something as passed that is not on record. */
  readonly assumed: Readonly<Record<Assumed, number>>;
}

export interface ReplayQuestion {
  /** Epoch milliseconds. */
  readonly since: number;
  readonly mapping: ActionMapping;
  /** IANA name; of hours that name none, where it was not needed at the time. */
  readonly localZone: string;
}

type Result = Pick<Draft, 'verdict' | 'reason'> & { readonly playbook: string | null };

/**
 * Decides again on the past, under another mapping. Two worlds go along: in one everything ran that did, in the other what
 * the mapping lets run. What another mapping would have changed in the forecasts themselves nobody knows: they come as they
 * came.
 */
export async function replay(past: PastStore, { since, mapping, localZone }: ReplayQuestion): Promise<Replayed> {
  const real = createWorld();
  const other = createWorld();
  const typical = createTypical();
  const sums = createSums();
  const agenda = createAgenda();
  const recent = new Map<string, PastExecution>();
  const flips: (Flip & { postponed_to: number | null })[] = [];
  const counts = { decisions: 0, without_basis: 0, unexplained: 0 };
  const assumed: Record<Assumed, number> = { not_persistent: 0, unsafe_value: 0, unproven: 0, blast_radius: 0 };

  function both(known: KnownDecision, at: number) {
    const kept = keptAt(known, at);
    const before = inputAt(known, at);
    const after = under(mapping, before, localZone);
    return {
      before: { input: before, draft: decide(before, real.facts(before, kept)) },
      after: { ...after, draft: decide(after.input, other.facts(after.input, kept)) },
    };
  }

  function imagine(input: DecisionInput, id: string): void {
    const playbook = input.mapping?.action.playbook ?? '';
    const execution = imagined(id, input, typical.of(playbook));
    other.add(execution);
    sums.added(execution);
  }

  /** As it went: the real world has it, and so has the other one unless it flips. */
  function first(known: KnownDecision): void {
    const { decision } = known;
    counts.decisions++;
    const { before, after } = both(known, decision.decided_at);
    const then = resultOf(before);
    const now = resultOf(after);
    if (differ(then, decision)) counts.unexplained++;
    for (const gate of after.assumed) if (passed(after.draft, gate)) assumed[gate]++;
    const flipped = differ(now, then) && differ(now, decision);
    const execution = decision.execution_id === null ? undefined : recent.get(decision.execution_id);
    if (execution !== undefined) {
      real.add(execution);
      sums.ran(execution);
    }
    const verdict = flipped ? after.draft.verdict : decision.verdict;
    const sameCourse = before.input.policy.dry_run_mode === after.input.policy.dry_run_mode;
    if (execution !== undefined && verdict === 'approved' && execution.playbook === now.playbook && sameCourse) {
      other.add(execution);
      sums.kept(execution);
    } else {
      if (execution !== undefined) sums.saved(execution);
      if (verdict === 'approved' && after.draft.verdict === 'approved') imagine(after.input, `${decision.id} then`);
    }
    if (now.playbook !== null && after.draft.verdict !== 'approved') sums.held(now.playbook, after.draft.reason);
    const flip = flipped ? note(known, decision.decided_at, after) : null;
    follow(known, after.draft, flip);
  }

  function note(known: KnownDecision, at: number, { input, draft }: { input: DecisionInput; draft: Draft }) {
    const { id, target, verdict, reason, message, mapping: mappingId, playbook } = known.decision;
    const flip = {
      decision_id: id,
      at,
      target,
      was: { verdict, reason, message, mapping: mappingId, playbook },
      would_be: sideOf(input, draft),
      postponed_to: null,
    };
    flips.push(flip);
    return flip;
  }

  /** Looks again where the service does: when a gate opens while the alert fires, and where a refusal came again last. */
  function follow(known: KnownDecision, draft: Draft, flip: Probe['postponed']): void {
    const { decision } = known;
    const key = targetKeyOf(decision.target);
    agenda.supersede(key);
    if (decision.repeats > 0) agenda.add({ at: decision.last_at, key: null, known, postponed: null });
    waitFor(known, draft, decision.verdict === 'approved' ? flip : null);
  }

  function waitFor(known: KnownDecision, draft: Draft, postponed: Probe['postponed']): void {
    const { decision, basis } = known;
    if (draft.verdict !== 'deferred' || draft.next_attempt_at === null) return;
    if (basis.alert === null || basis.mode !== 'live') return;
    if (draft.next_attempt_at > firesUntil(known)) return;
    agenda.add({ at: draft.next_attempt_at, key: targetKeyOf(decision.target), known, postponed });
  }

  function probe({ at, known, postponed, key }: Probe): void {
    const { decision } = known;
    const { before, after } = both(known, at);
    const isLast = key === null;
    // A repetition that the record does not bear out says nothing.
    if (isLast && before.draft.reason !== decision.reason) return;
    const acts = after.draft.verdict === 'approved' && (postponed !== null || before.draft.verdict !== 'approved');
    if (acts) {
      imagine(after.input, `${decision.id} at ${at}`);
      if (postponed === null) note(known, at, after);
      else postponed.postponed_to = at;
      agenda.supersede(targetKeyOf(decision.target));
    } else if (!isLast && (after.draft.next_attempt_at ?? 0) > at) {
      waitFor(known, after.draft, postponed);
    }
  }

  for await (const execution of past.executions()) {
    typical.note(execution);
    if (execution.claimed_at >= since) recent.set(execution.id, execution);
    else for (const world of [real, other]) world.add(execution);
  }
  for await (const { decision, basis } of past.decisions(since)) {
    if (decision.decided_at < since) continue;
    for (const due of agenda.until(decision.decided_at)) probe(due);
    if (basis !== null) {
      first({ decision, basis });
      continue;
    }
    counts.without_basis++;
    const execution = decision.execution_id === null ? undefined : recent.get(decision.execution_id);
    if (execution === undefined) continue;
    for (const world of [real, other]) world.add(execution);
    sums.ran(execution);
    sums.kept(execution);
  }
  for (const due of agenda.until(Infinity)) probe(due);
  return { ...counts, flips, playbooks: sums.all(), assumed };
}

function resultOf({ input, draft }: { readonly input: DecisionInput; readonly draft: Draft }): Result {
  return { ...draft, playbook: input.mapping?.action.playbook ?? null };
}

function sideOf({ mapping }: DecisionInput, { verdict, reason, message }: Draft): Side {
  return { verdict, reason, message, mapping: mapping?.id ?? null, playbook: mapping?.action.playbook ?? null };
}

/** Another verdict or reason; of approvals also another playbook. */
function differ(a: Result, b: Result): boolean {
  return a.verdict !== b.verdict || a.reason !== b.reason || (a.verdict === 'approved' && a.playbook !== b.playbook);
}

function passed({ gates }: Draft, asked: Assumed): boolean {
  return gates.some(({ gate, outcome }) => gate === asked && outcome !== 'stop');
}

/** How long its alert is known to fire; of what ran, and would not have, as long as it is not critical. */
function firesUntil({ decision }: PastDecision): number {
  if (decision.verdict !== 'approved') return decision.last_at;
  const critical = decision.prediction === null ? null : criticalAt(decision.prediction);
  return critical ?? decision.decided_at + DAY;
}

function targetKeyOf(target: Target | null): string {
  return target === null ? '' : targetKey(target);
}
