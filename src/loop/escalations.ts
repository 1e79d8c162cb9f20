import { decide } from '../decision/decide.ts';
import type { Decision, DecisionInput } from '../decision/decision.ts';
import { type Escalated, isEscalatedFor, tooLongAt } from '../execution/escalated.ts';
import { maskedUntil } from '../execution/gains.ts';
import { inTurns } from '../in-turns.ts';
import type { VerdictOnRecord } from '../ledger/ledger.ts';
import { isByName } from '../prediction/by-name.ts';
import { type Prediction, type Target, targetKey } from '../prediction/prediction.ts';
import { asKept } from './annotated.ts';
import { type Gathering, inputFromPrediction } from './gather.ts';
import type { LoopOptions } from './ports.ts';

/** Where what was escalated lies among the ledger's values, and which targets are masked. */
const PREFIX = 'escalated:';
const MASKED = 'masked:';
const DAY = 86_400_000;
/** An alert that goes on firing is said again by then, milliseconds. */
const KEPT_FOR = 7 * DAY;
/** So many are looked at when they are counted. */
const MOST_LOOKED_AT = 1_000;

interface Mark {
  readonly target: Target;
  /** The prediction where only the alert itself knows it. */
  readonly annotated: Prediction | null;
  /** The day on which it was escalated last, so that one that goes on does not expire. */
  readonly day: number;
}

/** Which targets people have to act on, from the escalation for as long as its reason stands. */
export interface Escalations {
  /** Keeps what these decisions escalate. Never rejects: the decision is on record, and the next one is noted again. */
  note(inputs: readonly DecisionInput[], decisions: readonly Decision[]): Promise<void>;
  /** Keeps whether the target of a verified run is masked. Never rejects. */
  verified(verdict: VerdictOnRecord, minDaysGained: number | null): Promise<void>;
  /**
   * As of now, over all processes on the store: what was escalated and would be again, what is masked, and what waits for
   * confirmation since half of `approval_timeout`.
   */
  now(): Promise<readonly Escalated[]>;
}

export function createEscalations(options: Gathering & Pick<LoopOptions, 'ledger' | 'logger'>): Escalations {
  const { ledger, logger, now, config, predictions } = options;
  const { values } = ledger;
  /** Marks of what only an alert knows: its end ends them. */
  const annotatedKeys = new Set<string>();

  async function noteOne(input: DecisionInput, { verdict }: Decision): Promise<void> {
    const { target, alert, prediction, mode } = input;
    if (target === null || mode !== 'live') return;
    const key = PREFIX + targetKey(target);
    if (verdict === 'escalated') {
      const annotated = prediction?.source === 'alert' ? prediction : null;
      if (annotated !== null) annotatedKeys.add(key);
      const known = await values.get(key);
      const mark: Mark = { target, annotated: asKept(annotated, known), day: Math.floor(now() / DAY) };
      const text = JSON.stringify(mark);
      if (known !== text) await values.set(key, text, now() + KEPT_FOR);
    } else if (alert?.status === 'resolved' && annotatedKeys.delete(key)) await values.delete(key);
  }

  async function quietly(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      logger.warn({ err: error }, what);
    }
  }

  /** Null where it is over: nothing is known of it any more, or it is not escalated as things are now. */
  async function standing(text: string, key: string): Promise<Escalated | null> {
    const { target, annotated } = JSON.parse(text) as Mark;
    if (annotated !== null) annotatedKeys.add(key);
    const known = annotated !== null && isByName(annotated) ? null : await predictions.current(target);
    const prediction = known ?? annotated;
    if (prediction === null) return null;
    const input = inputFromPrediction(prediction, { trigger: 'cli', mode: 'live' }, options);
    const { verdict, reason } = decide(input, await ledger.facts(input));
    if (verdict !== 'escalated' || !isEscalatedFor(reason) || input.mapping === null) return null;
    return { playbook: input.mapping.action.playbook, reason };
  }

  return {
    async note(inputs, decisions) {
      await quietly('what is escalated could not be kept for the metrics', () =>
        inTurns(inputs, (input, at) => noteOne(input, decisions[at]!)),
      );
    },

    async verified({ execution, runs }, minDaysGained) {
      if (execution.outcome === 'unknown') return;
      const key = MASKED + targetKey(execution.prediction);
      const until = maskedUntil(runs, minDaysGained);
      await quietly('what is masked could not be kept for the metrics', async () => {
        if (until !== null) await values.set(key, execution.playbook, until);
        else if ((await values.get(key)) !== undefined) await values.delete(key);
      });
    },

    async now() {
      const [marks, masked, unfinished] = await Promise.all([
        values.list(PREFIX),
        values.list(MASKED),
        ledger.unfinished(),
      ]);
      const decided = await inTurns(marks.slice(0, MOST_LOOKED_AT), ([key, text]) => standing(text, key));
      const { approval_timeout } = config().execution;
      const unconfirmed = unfinished.filter(
        ({ execution }) =>
          execution.state === 'awaiting_approval' &&
          execution.answered === null &&
          now() >= tooLongAt(execution, approval_timeout),
      );
      return [
        ...decided.filter((one) => one !== null),
        ...masked.map(([, playbook]) => ({ playbook, reason: 'masked' as const })),
        ...unconfirmed.map(({ execution: { playbook } }) => ({ playbook, reason: 'unconfirmed' as const })),
      ];
    },
  };
}
