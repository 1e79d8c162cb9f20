import { existsSync } from 'node:fs';
import type { Alert } from '../alert/alert.ts';
import type { Config } from '../config/config.ts';
import { explain } from '../decision/decide.ts';
import { type Decision, type DecisionInput, type Facts, NO_FACTS } from '../decision/decision.ts';
import type { CheckResult } from '../execution/execution.ts';
import type { Logger } from '../logger.ts';
import { inputFromAlert, inputFromPrediction, type Occasion } from '../loop/gather.ts';
import { unrecorded } from '../loop.ts';
import { unsafeValue } from '../playbook/unsafe-value.ts';
import type { Prediction } from '../prediction/prediction.ts';
import { createFleets } from './fleets.ts';
import { openLedger } from './ledger.ts';
import { safetyOf } from './safety.ts';
import { localTimeZone } from './time-zone.ts';

export interface Explanation {
  readonly decision: Decision;
  /** The safety checks of the mapping, as they would be answered now; empty without a mapping. */
  readonly checks: readonly CheckResult[];
}

/**
 * Decides on one prediction, or one alert, as the service would now, and leaves no trace. A store that is not there yet is
 * not made.
 */
export async function explainOnce(config: Config, asked: Prediction | Alert, logger: Logger): Promise<Explanation> {
  const fleets = createFleets();
  await fleets.warm(config);
  const occasion: Occasion = { trigger: 'cli', mode: 'live' };
  const gathering = {
    now: Date.now,
    config: () => config,
    timeZone: localTimeZone,
    predictions: { current: async () => null, recent: () => [] },
    playbooks: { unsafeValue, fleet: fleets.fleet },
  };
  const input =
    'fingerprint' in asked
      ? await inputFromAlert({ ok: true, alert: asked }, gathering, occasion)
      : inputFromPrediction(asked, occasion, gathering);
  const decision = unrecorded(input, explain(input, await factsNow(config, input, logger)));
  const { mapping, prediction } = input;
  if (mapping === null || prediction === null) return { decision, checks: [] };
  return { decision, checks: await safetyOf(config).check(mapping.safety_checks, { prediction }) };
}

async function factsNow(config: Config, input: DecisionInput, logger: Logger): Promise<Facts> {
  if (config.store.engine === 'sqlite' && !existsSync(config.store.path)) return NO_FACTS;
  const ledger = await openLedger(config, logger);
  try {
    return await ledger.facts(input);
  } finally {
    await ledger.close();
  }
}
