import type { DecisionInput, Facts, PastRun, TouchedHost } from '../decision/decision.ts';
import {
  type CountsAs,
  type FactAnswer,
  type FactQuestion,
  factsFrom,
  questionOf,
  runState,
  type Scope,
} from '../decision/fact-question.ts';
import { targetKey } from '../prediction/prediction.ts';
import type { Basis, PastExecution } from './record.ts';

/** What ended longer ago than this is looked for among the unfinished no more: clocks are put back by less. */
const DAY = 86_400_000;
const STOPPED: readonly PastExecution['state'][] = ['rejected', 'dry_run_failed', 'nothing_to_do'];

/** Executions as a ledger would hold them, asked as of any instant. */
export interface World {
  add(execution: PastExecution): void;
  /** By the rules of the ledger. What no execution tells, pauses and proof, is as it was kept with the decision. */
  facts(input: DecisionInput, kept: Pick<Basis, 'pauses' | 'proof'>): Facts;
}

type Counted = PastExecution & { readonly counted_at: number };

interface OfPlaybook {
  /** Oldest first. */
  readonly counted: Readonly<Record<CountsAs, Counted[]>>;
  /** In the order of their claims. */
  unfinished: PastExecution[];
}

const nothing = (): OfPlaybook => ({ counted: { live: [], rehearsal: [] }, unfinished: [] });

export function createWorld(): World {
  const all = nothing();
  const playbooks = new Map<string, OfPlaybook>();
  const targets = new Map<string, PastExecution[]>();

  function answer(question: FactQuestion, at: number): FactAnswer {
    const { scope, counts_as, target } = question;
    const own = playbooks.get(scope.playbook) ?? nothing();
    own.unfinished = own.unfinished.filter(({ finished_at }) => finished_at === null || finished_at > at - DAY);
    const open = own.unfinished.filter((execution) => isOpen(execution, at));
    const held = open.find((execution) => isIn(scope, execution));
    const ofTarget = targets.get(target) ?? [];
    return {
      unfinished: held === undefined ? null : openAs(held, at),
      runs: newest(own.counted[counts_as], at, question.runs, (execution) => isIn(scope, execution)).map((execution) =>
        runAsOf(execution, at),
      ),
      all_runs: newest(all.counted[counts_as], at, question.all_runs, () => true).map(({ counted_at }) => counted_at),
      hosts: question.hosts_since === null ? [] : hosts(own.counted[counts_as], open, question.hosts_since, at),
      stopped: newestStop(ofTarget, at),
      settling: question.settling ? settling(ofTarget, at) : null,
      judged: [],
    };
  }

  return {
    add(execution) {
      const own = playbooks.get(execution.playbook) ?? nothing();
      playbooks.set(execution.playbook, own);
      own.unfinished.push(execution);
      const key = targetKey(execution.target);
      const ofTarget = targets.get(key);
      if (ofTarget === undefined) targets.set(key, [execution]);
      else ofTarget.push(execution);
      if (!isCounted(execution) || execution.counts_as === null) return;
      for (const { counted } of [own, all]) insert(counted[execution.counts_as], execution);
    },
    facts(input, { pauses, proof }) {
      const question = questionOf(input, null);
      const facts = factsFrom(input, pauses, question === null ? null : answer(question, input.now));
      return { ...facts, proof };
    },
  };
}

function isCounted(execution: PastExecution): execution is Counted {
  return execution.counted_at !== null;
}

function insert(sorted: Counted[], execution: Counted): void {
  let at = sorted.length;
  while (at > 0 && sorted[at - 1]!.counted_at > execution.counted_at) at--;
  sorted.splice(at, 0, execution);
}

function isIn({ by, value }: Scope, { target }: PastExecution): boolean {
  return by === 'playbook' || (by === 'resource' ? target.resource : target.host) === value;
}

function isOpen({ claimed_at, finished_at }: PastExecution, at: number): boolean {
  return claimed_at <= at && (finished_at === null || finished_at > at);
}

/** Between claim and run it may have waited for confirmation; nothing depends on which. */
function openAs(execution: PastExecution, at: number): Facts['unfinished'] {
  const { id, claimed_at, counted_at } = execution;
  return { execution_id: id, state: counted_at !== null && counted_at <= at ? 'running' : 'claimed', claimed_at };
}

/** Newest first. */
function newest(
  sorted: readonly Counted[],
  at: number,
  most: number,
  fits: (execution: Counted) => boolean,
): readonly Counted[] {
  const found: Counted[] = [];
  for (let place = sorted.length - 1; place >= 0 && found.length < most; place--) {
    const execution = sorted[place]!;
    if (execution.counted_at <= at && fits(execution)) found.push(execution);
  }
  return found;
}

function runAsOf({ counted_at, state, finished_at, outcome, verified_at }: Counted, at: number): PastRun {
  if (finished_at === null || finished_at > at) return { started_at: counted_at, state: 'running' };
  const known = verified_at !== null && verified_at <= at ? outcome : null;
  return { started_at: counted_at, state: runState(state, known) };
}

function hosts(
  counted: readonly Counted[],
  open: readonly PastExecution[],
  since: number,
  at: number,
): readonly TouchedHost[] {
  const ran = newest(counted, at, Infinity, ({ counted_at }) => counted_at >= since);
  const claimed = open.filter(({ mode, counted_at }) => mode === 'live' && (counted_at === null || counted_at > at));
  return [
    ...ran.map(({ target, counted_at }) => ({ host: target.host, at: counted_at })),
    ...claimed.map(({ target }) => ({ host: target.host, at: null })),
  ];
}

function newestStop(ofTarget: readonly PastExecution[], at: number): Facts['stopped'] {
  let found: { state: string; at: number } | null = null;
  for (const { mode, state, finished_at } of ofTarget) {
    if (mode !== 'live' || finished_at === null || finished_at > at || !STOPPED.includes(state)) continue;
    if (found === null || finished_at >= found.at) found = { state, at: finished_at };
  }
  return found;
}

function settling(ofTarget: readonly PastExecution[], at: number): Facts['settling'] {
  let found: Facts['settling'] = null;
  for (const { id, finished_at, verify_at, verified_at } of ofTarget) {
    if (finished_at === null || finished_at > at || verify_at === null) continue;
    if (verified_at !== null && verified_at <= at) continue;
    if (found === null || verify_at > found.verify_at) found = { execution_id: id, ended_at: finished_at, verify_at };
  }
  return found;
}
