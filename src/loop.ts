import { setTimeout as delay } from 'node:timers/promises';
import type { Notification, ReadAlert } from './alert/alert.ts';
import { decide, explain } from './decision/decide.ts';
import type { Decision, DecisionInput, Draft, Mode } from './decision/decision.ts';
import type { Escalated } from './execution/escalated.ts';
import type { Execution } from './execution/execution.ts';
import { inTurns } from './in-turns.ts';
import { decided } from './ledger/decided.ts';
import { type Hold, LedgerUnavailable, type Recorded, type VerdictOnRecord } from './ledger/ledger.ts';
import { createMoments, type Moment } from './loop/again.ts';
import { noteWords, wordOf } from './loop/alert-words.ts';
import { type Answer, type Answerer, createApprovals } from './loop/approval.ts';
import { tellEndedPauses } from './loop/ended-pauses.ts';
import { createEscalations } from './loop/escalations.ts';
import { inputFromAlert, inputFromPrediction, type Occasion } from './loop/gather.ts';
import { lastLook } from './loop/last-look.ts';
import type { LoopOptions } from './loop/ports.ts';
import { createQueue } from './loop/queue.ts';
import { createRechecks, PASS_EVERY } from './loop/rechecks.ts';
import { createRecovery } from './loop/recovery.ts';
import { carryOut, type RemediationContext } from './loop/remediation.ts';
import { createVerification } from './loop/verification.ts';
import { isByName } from './prediction/by-name.ts';
import type { Prediction } from './prediction/prediction.ts';

const HEARTBEAT_EVERY = 2_000;
/** Inputs that go on record in one transaction. */
const RECORDED_AT_ONCE = 250;

export interface Loop {
  /** Decides on each alert, in their order. Resolves when every decision and claim is durable, before any playbook runs. */
  receive(notification: Notification): Promise<readonly Decision[]>;
  /** Decides on predictions by hand. `live` exports them as well; `explain` leaves no trace. */
  decidePredictions(predictions: readonly Prediction[], mode: Mode | 'explain'): Promise<readonly Decision[]>;
  /** Decides on what is known now, for `run`, under the silences that are given. */
  decidePass(
    predictions: readonly Prediction[],
    mode: Mode,
    silence: (prediction: Prediction) => string | null,
  ): Promise<readonly Decision[]>;
  /** Shows every gate; no side effect. */
  explain(prediction: Prediction): Promise<Decision>;
  /** Answers an execution that waits for confirmation; approved, it is carried on here. */
  approve(id: string, by: Answerer): Promise<Answer>;
  reject(id: string, by: Answerer): Promise<Answer>;
  /**
   * Starts heartbeats, the search for orphans and the verification of what is due. Resolves when what the first look found
   * is handled or handed on; outcomes that were due are on record then, as far as the ledger took them.
   */
  start(): Promise<void>;
  /** From now on, decides again on alerts that fire and waited for a gate, as soon as it opens. */
  followAlerts(): void;
  /** Which targets a person has to act on now, over all processes on the store. */
  escalated(): Promise<readonly Escalated[]>;
  /** Finds out whether runs helped, as far as that is due; what was recorded here. */
  verify(): Promise<readonly VerdictOnRecord[]>;
  /** Resolves when no execution waits or runs here. */
  idle(): Promise<void>;
  /** Starts nothing new, waits for what runs, then ends it and records it as interrupted. */
  drain(timeout: number): Promise<void>;
}

export function createLoop(options: LoopOptions): Loop {
  const { ledger, instance, now, events, logger } = options;
  const draining = new AbortController();
  const ending = new AbortController();
  const context: RemediationContext = { ...options, draining: draining.signal, ending: ending.signal };
  const held = new Set<string>();
  const momentNow = createMoments(options);
  const queue = createQueue(
    () => options.config().execution.max_parallel,
    (playbook) => options.config().playbooks[playbook]?.max_parallel ?? Infinity,
  );
  const recovery = createRecovery({
    context,
    monotonic: () => performance.now(),
    holds: (id) => held.has(id),
    carryOn: enqueue,
  });
  const approvals = createApprovals({
    ...options,
    owner: instance,
    look: (execution) => lastLook(execution, context),
    onAnswer(execution, hold) {
      const { id, playbook, state, message } = execution;
      events.changed({ execution_id: id, playbook, state, message });
      if (hold !== null) enqueue(execution, hold);
    },
  });
  const escalations = createEscalations(options);
  const verification = createVerification({ ...options, escalations }, draining.signal);
  const rechecks = createRechecks({ context: options, settle, stopping: draining.signal });
  const timers: NodeJS.Timeout[] = [];

  function enqueue(execution: Execution, hold: Hold): void {
    held.add(execution.id);
    queue.add(execution.playbook, async () => {
      await carryOut(execution, hold, context).finally(() => held.delete(execution.id));
      // Its alert may have been resolved while it ran.
      if (isByName(execution.prediction)) await verification.resolved(execution.id);
    });
  }

  function refuseWhenDraining(): void {
    if (draining.signal.aborted) throw new LedgerUnavailable('the service is stopping');
  }

  /** Takes up a claim that is durable. Where it cannot be read back now, the search for orphans finds it. */
  async function begin({ hold, decision }: Recorded): Promise<void> {
    if (hold === null) return;
    try {
      const execution = await ledger.execution(hold.execution_id);
      if (execution === null) throw new LedgerUnavailable(`execution ${hold.execution_id} cannot be read back`);
      const { id, playbook, state } = execution;
      events.changed({ execution_id: id, playbook, state, message: `claimed by ${decision.id}` });
      enqueue(execution, hold);
    } catch (error) {
      logger.error({ err: error, execution_id: hold.execution_id }, 'a claim could not be taken up; trying again');
    }
  }

  /** The decision where nothing new goes on record: ignored, or a repeat of what is there. Else the draft of one. */
  async function withoutRecord(input: DecisionInput): Promise<Decision | Draft> {
    const draft = decide(input, await ledger.facts(input));
    if (draft.verdict === 'approved') return draft;
    if (draft.verdict !== 'ignored') return (await ledger.repeat(input, draft)) ?? draft;
    ledger.countIgnored(input, draft);
    return unrecorded(input, draft);
  }

  /** Steps 3 to 5 of the way of the data: gather, decide, claim. */
  async function settle(inputs: readonly DecisionInput[]): Promise<readonly Decision[]> {
    refuseWhenDraining();
    const decisions = new Array<Decision>(inputs.length);
    const unsettled: { readonly at: number; readonly input: DecisionInput; readonly draft: Draft }[] = [];
    for (const [at, decision] of (await inTurns(inputs, withoutRecord)).entries()) {
      if (isDecision(decision)) decisions[at] = decision;
      else unsettled.push({ at, input: inputs[at]!, draft: decision });
    }
    // Each part for itself: in a body of thousands the ledger's patience is for some, and what was recorded stays recorded.
    for (let from = 0; from < unsettled.length; from += RECORDED_AT_ONCE) {
      const part = unsettled.slice(from, from + RECORDED_AT_ONCE);
      const unrecorded = part.map(({ input }) => input);
      // What is deferred will wait, unless somebody else comes first: noted at the same time it shares the commit.
      const [recorded, expected] = await Promise.allSettled([
        ledger.record(unrecorded, instance),
        rechecks.expect(part.filter(({ draft }) => draft.verdict === 'deferred')),
      ]);
      if (recorded.status === 'rejected') throw recorded.reason;
      for (const [at, { at: index }] of part.entries()) decisions[index] = recorded.value[at]!.decision;
      await inTurns(recorded.value, begin);
      if (recorded.value.some(({ decision }) => decision.verdict === 'escalated')) options.kickReports();
      if (expected.status === 'rejected') throw expected.reason;
    }
    await Promise.all([rechecks.note(inputs, decisions), escalations.note(inputs, decisions)]);
    await inTurns(decisions, events.decided);
    return decisions;
  }

  async function decideOn(alerts: readonly ReadAlert[], moment: Moment | null): Promise<readonly Decision[]> {
    const inputs = await inTurns(alerts, (read) => inputFromAlert(read, options));
    await noteWords(inputs.flatMap(wordOf), ledger);
    const decisions = await settle(inputs);
    void lookAtResolved(inputs);
    if (moment !== null && momentNow() === moment) {
      for (const [at, read] of alerts.entries()) moment.keep(read, inputs[at]!, decisions[at]!);
    }
    return decisions;
  }

  /** Runs whose outcome is known as soon as the alert that led to them is over. Outlives the answer. */
  async function lookAtResolved(inputs: readonly DecisionInput[]): Promise<void> {
    try {
      const over = inputs.filter(
        ({ alert, prediction }) => alert?.status === 'resolved' && prediction !== null && isByName(prediction),
      );
      const facts = await inTurns(over, (input) => ledger.facts(input));
      for (const { settling } of facts) if (settling !== null) await verification.resolved(settling.execution_id);
    } catch (error) {
      logger.warn({ err: error }, 'whether runs helped could not be looked at now; it is once that is due');
    }
  }

  async function explained(prediction: Prediction, occasion: Occasion): Promise<Decision> {
    const input = inputFromPrediction(prediction, occasion, options);
    return unrecorded(input, explain(input, await ledger.facts(input)));
  }

  async function tick(): Promise<void> {
    try {
      if (queue.size > 0 || recovery.busy) await ledger.heartbeat(instance, now());
      await recovery.sweep();
      await tellEndedPauses(options);
    } catch (error) {
      logger.warn({ err: error }, 'the ledger could not be looked at for orphaned executions');
    }
  }

  /** Side by side: what a fact makes one wait for must not hold up heartbeats. */
  async function look(): Promise<void> {
    await Promise.all([tick(), verification.pass()]);
  }

  return {
    async receive({ alerts }) {
      refuseWhenDraining();
      const moment = momentNow();
      const known = alerts.map((read) => moment?.again(read) ?? null);
      for (const decision of known) if (decision !== null) events.decided(decision);
      const others = alerts.filter((_read, at) => known[at] === null);
      const decided = others.length === 0 ? [] : await decideOn(others, moment);
      let next = 0;
      return known.map((decision) => decision ?? decided[next++]!);
    },

    async decidePredictions(predictions, mode) {
      if (mode === 'explain') {
        const occasion: Occasion = { trigger: 'api', mode: 'live' };
        return await Promise.all(predictions.map((prediction) => explained(prediction, occasion)));
      }
      if (mode === 'live') await options.predictions.post(predictions);
      const inputs = predictions.map((prediction) =>
        inputFromPrediction(prediction, { trigger: 'api', mode }, options),
      );
      return await settle(inputs);
    },

    async decidePass(predictions, mode, silence) {
      const occasion: Occasion = { trigger: 'run', mode, silence };
      return await settle(predictions.map((prediction) => inputFromPrediction(prediction, occasion, options)));
    },

    explain: (prediction) => explained(prediction, { trigger: 'cli', mode: 'live' }),

    async approve(id, by) {
      refuseWhenDraining();
      return await approvals.approve(id, by);
    },

    async reject(id, by) {
      refuseWhenDraining();
      return await approvals.reject(id, by);
    },

    start() {
      timers.push(setInterval(look, HEARTBEAT_EVERY).unref());
      return look();
    },

    followAlerts() {
      timers.push(setInterval(rechecks.pass, PASS_EVERY).unref());
    },

    escalated: () => escalations.now(),

    verify: () => verification.pass(),

    idle: () => queue.idle(),

    async drain(timeout) {
      draining.abort();
      queue.clear();
      const patience = setTimeout(() => ending.abort(), timeout);
      await queue.idle();
      clearTimeout(patience);
      await Promise.race([verification.idle(), delay(timeout, undefined, { ref: false })]);
      for (const timer of timers) clearInterval(timer);
    },
  };
}

function isDecision(decision: Decision | Draft): decision is Decision {
  return 'id' in decision;
}

/** A decision that is not kept: ignored, or only explained. */
export function unrecorded(input: DecisionInput, draft: Draft): Decision {
  return decided(input, draft, { id: '', execution_id: null, repeats: 0, last_at: input.now });
}
