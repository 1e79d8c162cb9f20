import type { DecisionInput, Draft } from '../decision/decision.ts';
import { atTime } from '../decision/words.ts';
import { resolvedAt } from '../execution/by-alert.ts';
import type { Execution } from '../execution/execution.ts';
import type { Hold } from '../ledger/ledger.ts';
import { alertnameOf, isByName } from '../prediction/by-name.ts';
import { wordsOf } from './alert-words.ts';
import { type Gathering, inputFromPrediction, inputWithoutPrediction } from './gather.ts';
import { persist } from './persist.ts';
import type { LoopOptions } from './ports.ts';

/**
 * For so long the ledger's word that the run has begun is good for its start, milliseconds: well below what others wait
 * before they take an execution over.
 */
const FRESH = 2_000;

export const TAKEN_OVER = 'another process has taken this execution over';

type Beginner = LoopOptions & { readonly draining: AbortSignal; readonly ending: AbortSignal };

interface Beginning {
  /** What was looked at. */
  readonly input: DecisionInput;
  /** Null: the hold is lost, or the service drains. */
  readonly draft: Draft | null;
  /** True where another mapping decides on the prediction now. */
  readonly elsewhere: boolean;
  /**
   * Why the program must not be started any more, asked just before it is; null when it may. This process may have slept
   * since the run was put on record, and somebody else may have ended it: then it must not begin.
   */
  mayStart(): Promise<string | null>;
}

/**
 * What is known just before the run: the prediction as it is now. One that only its alert knew is taken as it was. An alert
 * that was acted on by its name must not have been resolved since.
 */
export async function lastLook(execution: Execution, context: Gathering & Pick<LoopOptions, 'ledger'>) {
  const occasion = { trigger: execution.trigger, mode: execution.mode };
  const { prediction } = execution;
  if (isByName(prediction)) {
    const resolved = resolvedAt(await wordsOf(prediction, context.ledger));
    if (resolved === null) return inputFromPrediction(prediction, occasion, context);
    const problem = `the alert ${alertnameOf(prediction)} was resolved at ${atTime(resolved)}`;
    return inputWithoutPrediction(prediction, occasion, context, problem);
  }
  const current = await context.predictions.current(prediction);
  if (current !== null) return inputFromPrediction(current, occasion, context);
  if (prediction.source === 'alert') return inputFromPrediction(prediction, occasion, context);
  return inputWithoutPrediction(prediction, occasion, context);
}

/**
 * The last look and the step to running. Where the ledger cannot take it now it is tried again for as long as it takes, each
 * time on what is known then: a prediction, an hour of the day or a setting of long ago must not start anything.
 */
export async function beginRun(execution: Execution, hold: Hold, context: Beginner): Promise<Beginning> {
  const { ledger, instance, logger, now, draining, ending } = context;
  const message = `running ${execution.playbook}`;
  let askedAt = now();
  let begun = false;

  async function look(): Promise<Omit<Beginning, 'mayStart'>> {
    askedAt = now();
    const input = await lastLook(execution, context);
    const elsewhere = input.mapping !== null && input.mapping.id !== execution.mapping;
    if (draining.aborted && !begun) return { input, draft: null, elsewhere };
    // Whoever would take it over after this hears first that this process lives, and then waits.
    await ledger.heartbeat(instance, now());
    const draft = await ledger.begin(hold, elsewhere ? { ...input, mapping: null } : input, message);
    begun ||= draft?.verdict === 'approved';
    return { input, draft, elsewhere };
  }

  const isFresh = () => Math.abs(now() - askedAt) < FRESH;

  return {
    ...(await persist(look, draining, logger)),
    async mayStart() {
      while (!isFresh()) {
        const { draft } = await persist(look, ending, logger);
        if (draft === null) return TAKEN_OVER;
        if (draft.verdict !== 'approved') return draft.message;
      }
      return null;
    },
  };
}
