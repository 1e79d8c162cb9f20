import { existsSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { explain } from '../decision/decide.ts';
import { type Decision, type DecisionInput, type Facts, NO_FACTS } from '../decision/decision.ts';
import type { CheckResult } from '../execution/execution.ts';
import type { Logger } from '../logger.ts';
import { inputFromPrediction } from '../loop/gather.ts';
import { unrecorded } from '../loop.ts';
import { unsafeValue } from '../playbook/arguments.ts';
import type { Prediction } from '../prediction/prediction.ts';
import { openLedger } from './ledger.ts';
import { safetyOf } from './safety.ts';

export interface Explanation {
  readonly decision: Decision;
  /** The safety checks of the mapping, as they would be answered now; empty without a mapping. */
  readonly checks: readonly CheckResult[];
}

/** Decides on one prediction as the service would now, and leaves no trace. A store that is not there yet is not made. */
export async function explainOnce(config: Config, prediction: Prediction, logger: Logger): Promise<Explanation> {
  const input = inputFromPrediction(
    prediction,
    { trigger: 'cli', mode: 'live' },
    {
      now: Date.now,
      config: () => config,
      timeZone: () => Intl.DateTimeFormat().resolvedOptions().timeZone,
      predictions: { current: async () => null, recent: () => [], post: async () => undefined },
      playbooks: { unsafeValue },
    },
  );
  const decision = unrecorded(input, explain(input, await factsNow(config, input, logger)));
  const checks = await safetyOf(config).check(input.mapping?.safety_checks ?? [], { prediction });
  return { decision, checks };
}

async function factsNow(config: Config, input: DecisionInput, logger: Logger): Promise<Facts> {
  if (!existsSync(config.store.path)) return NO_FACTS;
  const ledger = await openLedger(config, logger);
  try {
    return await ledger.facts(input);
  } finally {
    await ledger.close();
  }
}
