import { decide } from '../decision/decide.ts';
import type { AlertSituation, Decision, DecisionInput, Draft } from '../decision/decision.ts';
import type { Reason } from '../decision/reason.ts';
import { type ExecutionState, isFinal } from '../execution/execution.ts';
import { inTurns, nextTurn } from '../in-turns.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type Prediction, type Target, targetKey } from '../prediction/prediction.ts';
import { asKept } from './annotated.ts';
import { type Gathering, inputFromWaiting } from './gather.ts';
import type { LoopOptions } from './ports.ts';

/** Where what waits lies among the ledger's values, and what a process has taken off to decide on. */
const PREFIX = 'recheck:';
const TAKEN = 'rechecking:';
/** What was taken off and is there still after this, milliseconds, goes back: who took it died over it. */
const ABANDONED_AFTER = 30_000;
/** Between two passes, and between two looks at a gate that has no time to open at, milliseconds. */
export const PASS_EVERY = 1_000;
const LOOK_EVERY = 2_000;
/** An alert whose end was never told is not followed for ever, milliseconds. */
const FORGET_AFTER = 35 * 86_400_000;
/** So many are looked at in one pass; the rest has its turn in the next. */
const MOST_IN_PASS = 200;
/** And so many before others get their turn of the event loop: some milliseconds. */
const MOST_IN_TURN = 20;

/** Ends of an execution after which the same alert is worth another attempt, once `retry_after` is over. */
const STOPPED: readonly ExecutionState[] = ['rejected', 'dry_run_failed'];

/** An alert that fires and is not acted on for now. */
export interface Waiting {
  readonly target: Target;
  readonly alert: AlertSituation;
  readonly playbook: string | null;
  /** The prediction where only the alert itself knows it. */
  readonly annotated: Prediction | null;
  /** What holds it. */
  readonly reason: Reason;
  /** When that opens, epoch milliseconds; null where time alone does not open it. */
  readonly next_at: number | null;
  /** What was claimed for it, where that is not known to have been stopped; null: nothing. */
  readonly execution_id: string | null;
}

interface Row {
  readonly key: string;
  readonly text: string;
  readonly waiting: Waiting;
}

/** A row that was taken off. */
interface Taken {
  readonly text: string;
  readonly at: number;
}

export interface Rechecks {
  /**
   * Keeps what drafts that are about to go on record mean for alerts that go on firing; `note` sets right what came of
   * them. Resolves when that is durable.
   */
  expect(drafts: readonly { readonly input: DecisionInput; readonly draft: Draft }[]): Promise<void>;
  /** Keeps, or forgets, what these decisions mean for alerts that go on firing. Resolves when that is durable. */
  note(inputs: readonly DecisionInput[], decisions: readonly (Decision | Draft)[]): Promise<void>;
  /** Decides again on what a gate does not hold any more. Never rejects. */
  pass(): Promise<void>;
}

/**
 * Alertmanager does not say again before `repeat_interval` that an alert fires. So what was deferred is looked at as soon
 * as its gate may be open, by whichever process on the store comes first, also after a restart; so is what a safety check
 * or its dry run stopped. It is followed until its playbook ran, the alert is resolved, or nothing is known about its
 * target any more. A look that finds nothing to do leaves no trace.
 */
export function createRechecks(options: {
  readonly context: Gathering & Pick<LoopOptions, 'ledger' | 'logger'>;
  readonly settle: (inputs: readonly DecisionInput[]) => Promise<unknown>;
  readonly stopping: AbortSignal;
}): Rechecks {
  const { context, settle, stopping } = options;
  const { ledger, logger, now } = context;
  const { values } = ledger;
  /** When what has no time to open at was looked at last. */
  const looks = new Map<string, number>();
  const read = new Map<string, Row>();
  let listed: { readonly version: number; readonly rows: readonly Row[]; readonly taken: readonly string[] } | null =
    null;
  let underWay: Promise<void> | null = null;

  /** What is to be kept of an alert that waits; null where it does not, or is kept as it is. */
  async function changeOf(input: DecisionInput, decision: Decision | Draft): Promise<readonly [string, string] | null> {
    const { alert, target, mode } = input;
    if (alert === null || target === null || mode !== 'live') return null;
    const key = PREFIX + targetKey(target);
    const known = await values.get(key);
    if (decision.verdict === 'deferred' || decision.verdict === 'approved') {
      const waiting = waitingFor(input, alert, target, decision);
      const text = JSON.stringify({ ...waiting, annotated: asKept(waiting.annotated, known) } satisfies Waiting);
      return text === known ? null : [key, text];
    }
    if (known !== undefined && (alert.status === 'firing' || isOf(known, alert))) await values.delete(key);
    return null;
  }

  const keep = (key: string, text: string) => values.set(key, text, now() + FORGET_AFTER);

  /** Read anew only where its text changed. */
  function rowOf(key: string, text: string): Row {
    const known = read.get(key);
    if (known?.text === text) return known;
    const row = { key, text, waiting: JSON.parse(text) as Waiting };
    read.set(key, row);
    return row;
  }

  async function list(): Promise<NonNullable<typeof listed>> {
    const version = await ledger.version();
    if (listed?.version === version) return listed;
    const [waiting, taken] = [await values.list(PREFIX), await values.list(TAKEN)];
    const keys = new Set(waiting.map(([key]) => key));
    for (const key of looks.keys()) if (!keys.has(key)) looks.delete(key);
    for (const key of read.keys()) if (!keys.has(key)) read.delete(key);
    listed = {
      version,
      rows: await inTurns(waiting, ([key, text]) => rowOf(key, text)),
      taken: taken.map(([key]) => key),
    };
    return listed;
  }

  function isDue({ key, waiting: { next_at } }: Row, at: number): boolean {
    if (next_at !== null && next_at > at) return false;
    const looked = looks.get(key);
    return looked === undefined || at >= looked + LOOK_EVERY || at < looked;
  }

  /** True while it is under way, false where it was stopped, null where it ran or was answered: then that was it. */
  async function isUnderWay(id: string): Promise<boolean | null> {
    const execution = await ledger.execution(id);
    if (execution === null) return null;
    if (!isFinal(execution.state)) return true;
    return STOPPED.includes(execution.state) && execution.started_at === null ? false : null;
  }

  async function look({ key, text, waiting }: Row): Promise<void> {
    const underWay = waiting.execution_id === null ? false : await isUnderWay(waiting.execution_id);
    if (underWay === true) return;
    if (underWay === null) {
      // What was noted of it meanwhile stays.
      await values.delete(key, text);
      return;
    }
    const input = await inputFromWaiting(waiting, context);
    const draft = decide(input, await ledger.facts(input));
    const over = draft.reason === 'no_prediction';
    if (!over && !acts(draft)) {
      const next = JSON.stringify(waitingFor(input, waiting.alert, waiting.target, draft));
      if (next !== text && (await values.get(key)) === text) await keep(key, next);
      return;
    }
    // Of all processes that look at it the one that takes it off decides.
    const mark = TAKEN + key.slice(PREFIX.length);
    if (!over) await values.set(mark, JSON.stringify({ text, at: now() } satisfies Taken), now() + FORGET_AFTER);
    if (!(await values.delete(key, text)) || over) return;
    try {
      await settle([input]);
    } catch (error) {
      await putBack(mark, 0);
      throw error;
    }
    await values.delete(mark);
  }

  /** Where nothing newer is known of it. */
  async function putBack(mark: string, after: number): Promise<void> {
    const found = await values.get(mark);
    if (found === undefined) return;
    const { text, at } = JSON.parse(found) as Taken;
    if (Math.abs(now() - at) < after) return;
    const key = PREFIX + mark.slice(TAKEN.length);
    if ((await values.get(key)) === undefined) await keep(key, text);
    await values.delete(mark);
  }

  async function all(): Promise<void> {
    try {
      for (const mark of (await list()).taken) await putBack(mark, ABANDONED_AFTER);
      const at = now();
      const lookedAt = ({ key }: Row) => looks.get(key) ?? -Infinity;
      const due = (await list()).rows.filter((row) => isDue(row, at)).sort((a, b) => lookedAt(a) - lookedAt(b));
      for (const [place, row] of due.slice(0, MOST_IN_PASS).entries()) {
        if (place % MOST_IN_TURN === 0) await nextTurn();
        if (stopping.aborted) return;
        looks.set(row.key, at);
        await look(row);
      }
    } catch (error) {
      if (!stopping.aborted) logger.warn({ err: error }, 'what waits for a gate could not be decided on again now');
    }
  }

  async function note(inputs: readonly DecisionInput[], decisions: readonly (Decision | Draft)[]): Promise<void> {
    const changes = await inTurns(inputs, (input, at) => changeOf(input, decisions[at]!));
    const waiting = changes.filter((change) => change !== null);
    await values.setAll(waiting, now() + FORGET_AFTER);
  }

  return {
    expect: (drafts) =>
      note(
        drafts.map(({ input }) => input),
        drafts.map(({ draft }) => draft),
      ),
    note,
    pass() {
      underWay ??= all().finally(() => {
        underWay = null;
      });
      return underWay;
    },
  };
}

/** The alerts that wait now, over all processes on the store. */
export async function waitingAlerts({ values }: Pick<Ledger, 'values'>): Promise<readonly Waiting[]> {
  return (await values.list(PREFIX)).map(([, text]) => JSON.parse(text) as Waiting);
}

/** To be put on record as a decision of its own: it runs, or people have to act. */
function acts({ verdict }: Draft): boolean {
  return verdict === 'approved' || verdict === 'escalated';
}

function waitingFor(input: DecisionInput, alert: AlertSituation, target: Target, decision: Draft | Decision): Waiting {
  const { prediction, mapping } = input;
  return {
    target,
    alert,
    playbook: mapping?.action.playbook ?? null,
    annotated: prediction?.source === 'alert' ? prediction : null,
    reason: decision.reason,
    next_at: decision.next_attempt_at,
    execution_id: 'execution_id' in decision ? decision.execution_id : null,
  };
}

/** Another alert about the same target (the urgent one beside that of the window) being over says nothing of this one. */
function isOf(text: string, alert: AlertSituation): boolean {
  return (JSON.parse(text) as Waiting).alert.alertname === alert.alertname;
}
