import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Logger } from '../logger.ts';
import { type Answer, createApprovals } from '../loop/approval.ts';
import { lastLook } from '../loop/last-look.ts';
import { unsafeValue } from '../playbook/unsafe-value.ts';
import { reportsFor } from '../report/policy.ts';
import { createFleets } from './fleets.ts';
import { openLedger } from './ledger.ts';
import { predictionSources } from './predictions.ts';

/** A service looks every 2 s for what nobody holds. */
const TAKEN_UP_WITHIN = 5_000;
const LOOK_EVERY = 100;

export interface GivenAnswer {
  readonly answer: Answer;
  /** Approved, and a service on this store carries it on. */
  readonly taken_up: boolean;
}

/**
 * Answers an execution that waits for confirmation from beside the service: the answer goes on record, and the service
 * that looks at the store first carries it on. How often in a row a prediction was in the window only a process that
 * watches it knows: the service asks that again before the run, here it counts as often enough.
 */
export async function answerOnce(
  config: Config,
  logger: Logger,
  { id, name, approve }: { readonly id: string; readonly name: string; readonly approve: boolean },
): Promise<GivenAnswer> {
  const fleets = createFleets();
  const ledger = await openLedger(config, logger);
  const sources = predictionSources(config, { current: () => config, ledger, logger });
  try {
    await sources.readOnce();
    await fleets.warm(config);
    const looking = {
      ledger,
      now: Date.now,
      config: () => config,
      timeZone: () => Intl.DateTimeFormat().resolvedOptions().timeZone,
      predictions: sources,
      playbooks: { unsafeValue, fleet: fleets.fleet },
    };
    const approvals = createApprovals({
      ledger,
      now: Date.now,
      config: () => config,
      reportsFor: (execution, state) => reportsFor(execution, state, async () => true),
      kickReports: () => undefined,
      owner: null,
      async look(execution) {
        const input = await lastLook(execution, looking);
        return { ...input, consecutive: Math.max(input.consecutive, input.mapping?.conditions.min_consecutive ?? 0) };
      },
      onAnswer: () => undefined,
    });
    const by = { name, from: null };
    const answer = approve ? await approvals.approve(id, by) : await approvals.reject(id, by);
    return { answer, taken_up: answer.kind === 'approved' && (await isTakenUp(ledger, id)) };
  } finally {
    await sources.close();
    await ledger.close();
  }
}

async function isTakenUp(ledger: Ledger, id: string): Promise<boolean> {
  for (const until = performance.now() + TAKEN_UP_WITHIN; performance.now() < until; await delay(LOOK_EVERY)) {
    const row = (await ledger.unfinished()).find(({ execution }) => execution.id === id);
    if (row === undefined || row.owner !== null) return true;
  }
  return false;
}
