import type { Mapping } from '../mapping/mapping.ts';
import { isByName } from '../prediction/by-name.ts';
import type { Prediction } from '../prediction/prediction.ts';
import type { DecisionInput, Facts } from './decision.ts';
import type { Refusal } from './reason.ts';

/** What one gate answers. `opensAt`: when time alone opens it again, epoch milliseconds. */
export type GateAnswer =
  | { readonly outcome: 'pass' | 'skip'; readonly message: string }
  | { readonly outcome: 'stop'; readonly message: string; readonly opensAt?: number };

export interface Gate {
  readonly reason: Refusal;
  ask(input: DecisionInput, facts: Facts): GateAnswer;
}

export const pass = (message: string): GateAnswer => ({ outcome: 'pass', message });
export const skip = (message: string): GateAnswer => ({ outcome: 'skip', message });
export const stop = (message: string, opensAt?: number): GateAnswer =>
  opensAt === undefined ? { outcome: 'stop', message } : { outcome: 'stop', message, opensAt };

/** A gate that compares a known prediction with its mapping; without either it has nothing to compare. */
export function policyGate(
  reason: Refusal,
  ask: (prediction: Prediction, mapping: Mapping, input: DecisionInput, facts: Facts) => GateAnswer,
): Gate {
  return {
    reason,
    ask(input, facts) {
      if (input.prediction === null) return skip('no prediction');
      if (input.mapping === null) return skip('no mapping');
      return ask(input.prediction, input.mapping, input, facts);
    },
  };
}

/** A gate that compares days, confidence or the source of a forecast: what an alert's name led to has none of them. */
export function forecastGate(
  reason: Refusal,
  ask: (prediction: Prediction, mapping: Mapping, input: DecisionInput, facts: Facts) => GateAnswer,
): Gate {
  return policyGate(reason, (prediction, mapping, input, facts) =>
    isByName(prediction)
      ? skip('the alert is mapped by its name: nothing is forecast')
      : ask(prediction, mapping, input, facts),
  );
}

/** A gate over what the ledger counts; `mode=dry-run` neither asks nor spends cooldowns and limits. */
export function budgetGate(
  reason: Refusal,
  ask: (mapping: Mapping, input: DecisionInput, facts: Facts) => GateAnswer,
): Gate {
  return policyGate(reason, (_prediction, mapping, input, facts) =>
    input.mode === 'dry-run' ? skip('not asked for a dry run') : ask(mapping, input, facts),
  );
}
