import type { Execution } from '../execution/execution.ts';
import { type Judgement, judge } from '../execution/judgement.ts';
import type { Due, VerdictOnRecord } from '../ledger/ledger.ts';
import { isByName } from '../prediction/by-name.ts';
import { wordsOf } from './alert-words.ts';
import type { Escalations } from './escalations.ts';
import type { LoopOptions } from './ports.ts';

/** So many are looked at side by side: an expectation may ask a command. */
const AT_ONCE = 8;

/** Step 12 of the way of the data: finds out whether runs helped, once it is time. */
export interface Verification {
  /**
   * Verifies everything that is due, in turn with other calls; resolves with what was recorded here. What cannot be
   * recorded now is due again the next time. Never rejects.
   */
  pass(): Promise<readonly VerdictOnRecord[]>;
  /**
   * Puts it on record that this run helped, if an alert's name led to it and that is resolved, before it is due: there is
   * nothing else to wait for. Anything else is found out in its time. Never rejects.
   */
  resolved(id: string): Promise<void>;
  /** Resolves when no pass is under way. */
  idle(): Promise<void>;
}

/** `stopping`: nothing more is looked at. */
export function createVerification(
  options: LoopOptions & { readonly escalations: Pick<Escalations, 'verified'> },
  stopping: AbortSignal,
): Verification {
  const { ledger, now, config, predictions, events, logger, escalations } = options;
  let underWay: Promise<readonly VerdictOnRecord[]> | null = null;
  const early = new Set<Promise<void>>();

  /** Null where another process was first, or where the ledger does not take it now. */
  async function verify({ execution, expect }: Due): Promise<VerdictOnRecord | null> {
    const judgement = await judged(execution, expect);
    return await record(execution, judgement);
  }

  async function judged(execution: Execution, expect: string | null): Promise<Judgement & { readonly at: number }> {
    const { prediction } = execution;
    const [checks, current, heard] = await Promise.all([
      expect === null ? [] : options.checkSafety([expect], prediction),
      predictions.current(prediction),
      isByName(prediction) ? wordsOf(prediction, ledger) : null,
    ]);
    const mapping = mappingOfId(execution.mapping);
    const speaks = (current ?? prediction).source;
    const at = now();
    const judgement = judge(execution, {
      heard,
      now: at,
      stale_after: config().predictions.stale_after,
      current,
      source: options.sources().find(({ source }) => source === speaks) ?? null,
      check: checks[0] ?? null,
      conditions: mapping?.conditions ?? null,
    });
    return { ...judgement, at };
  }

  async function record(
    { id, mapping: mappingId }: Execution,
    judgement: Judgement & { readonly at: number },
  ): Promise<VerdictOnRecord | null> {
    const min_days_gained = mappingOfId(mappingId)?.action.min_days_gained ?? null;
    const reports = options.outcomeReportsFor(judgement.outcome);
    const verdict = await ledger.verify(id, { ...judgement, min_days_gained, reports });
    if (verdict === null) return null;
    await escalations.verified(verdict, min_days_gained);
    events.verified(verdict);
    if (reports.length > 0 || verdict.masking !== null) options.kickReports();
    return verdict;
  }

  const mappingOfId = (wanted: string) => config().mapping.mappings.find(({ id }) => id === wanted);

  async function verifyResolved(id: string): Promise<void> {
    try {
      const execution = await ledger.execution(id);
      if (execution?.state !== 'succeeded' || execution.outcome !== null || !isByName(execution.prediction)) return;
      const mapping = mappingOfId(execution.mapping);
      if (mapping === undefined || mapping.action.verify.expect !== null) return;
      const judgement = await judged(execution, null);
      if (judgement.outcome === 'effective') await record(execution, judgement);
    } catch (error) {
      logger.warn({ err: error, execution_id: id }, 'a run could not be verified now; it is once it is due');
    }
  }

  async function attempt(due: Due): Promise<VerdictOnRecord | null> {
    try {
      return await verify(due);
    } catch (error) {
      logger.warn({ err: error, execution_id: due.execution.id }, 'a run could not be verified now; trying again');
      return null;
    }
  }

  async function nextDue(): Promise<readonly Due[]> {
    if (stopping.aborted) return [];
    try {
      return await ledger.due(now(), AT_ONCE);
    } catch (error) {
      logger.warn({ err: error }, 'the ledger could not be looked at for runs to verify');
      return [];
    }
  }

  async function all(): Promise<readonly VerdictOnRecord[]> {
    const recorded: VerdictOnRecord[] = [];
    for (;;) {
      const verified = await Promise.all((await nextDue()).map(attempt));
      recorded.push(...verified.filter((verdict) => verdict !== null));
      // What failed stays at the head of the list: it waits for the next pass, and so does what stands behind it.
      if (verified.length < AT_ONCE || verified.includes(null)) return recorded;
    }
  }

  return {
    pass() {
      underWay ??= all().finally(() => {
        underWay = null;
      });
      return underWay;
    },
    resolved(id) {
      const one = verifyResolved(id).finally(() => early.delete(one));
      early.add(one);
      return one;
    },
    async idle() {
      await Promise.all([underWay, ...early]);
    },
  };
}
