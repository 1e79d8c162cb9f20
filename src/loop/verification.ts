import { judge } from '../execution/judgement.ts';
import type { Due, VerdictOnRecord } from '../ledger/ledger.ts';
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
  /** Resolves when no pass is under way. */
  idle(): Promise<void>;
}

/** `stopping`: nothing more is looked at. */
export function createVerification(options: LoopOptions, stopping: AbortSignal): Verification {
  const { ledger, now, config, predictions, events, logger } = options;
  let underWay: Promise<readonly VerdictOnRecord[]> | null = null;

  /** Null where another process was first, or where the ledger does not take it now. */
  async function verify({ execution, expect }: Due): Promise<VerdictOnRecord | null> {
    const { prediction } = execution;
    const [checks, current] = await Promise.all([
      expect === null ? [] : options.checkSafety([expect], prediction),
      predictions.current(prediction),
    ]);
    const mapping = config().mapping.mappings.find(({ id }) => id === execution.mapping);
    const speaks = (current ?? prediction).source;
    const at = now();
    const judgement = judge(execution, {
      now: at,
      stale_after: config().predictions.stale_after,
      current,
      source: options.sources().find(({ source }) => source === speaks) ?? null,
      check: checks[0] ?? null,
      conditions: mapping?.conditions ?? null,
    });
    const min_days_gained = mapping?.action.min_days_gained ?? null;
    const reports = options.outcomeReportsFor(judgement.outcome);
    const verdict = await ledger.verify(execution.id, { ...judgement, at, min_days_gained, reports });
    if (verdict === null) return null;
    events.verified(verdict);
    if (reports.length > 0 || verdict.masking !== null) options.kickReports();
    return verdict;
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
    async idle() {
      await underWay;
    },
  };
}
