import type { Decision, GateResult } from '../decision/decision.ts';
import type { Prediction, Target } from '../prediction/prediction.ts';
import { instant, predictionOnWire, targetOnWire } from './wire.ts';

/**
 * The JSON of `decisionOnWire`, at a third of its price: predictions and the results of gates, which are most of it and
 * which the decisions of a storm share, are written once.
 */
export function decisionText(decision: Decision): string {
  const { id, decided_at, trigger, target, prediction, execution_id, next_attempt_at, last_at } = decision;
  const decidedAt = instantText(decided_at);
  const alert =
    trigger === 'webhook'
      ? `,"alertname":${textOf(decision.alertname)},"fingerprint":${textOf(decision.fingerprint)}`
      : '';
  return (
    `{"id":${textOf(id === '' ? null : id)},"decided_at":${decidedAt},"trigger":"${trigger}"${alert}` +
    `,"target":${target === null ? 'null' : targetText(target)}` +
    `,"prediction":${prediction === null ? 'null' : predictionText(prediction)}` +
    `,"mapping":${textOf(decision.mapping)},"playbook":${textOf(decision.playbook)}` +
    `,"verdict":"${decision.verdict}","reason":"${decision.reason}","message":${textOf(decision.message)}` +
    `,"gates":${gatesText(decision.gates)},"execution_id":${textOf(execution_id)}` +
    `,"next_attempt_at":${instantText(next_attempt_at)}` +
    `,"repeats":${decision.repeats},"last_at":${last_at === decided_at ? decidedAt : instantText(last_at)}}`
  );
}

function textOf(value: string | null): string {
  return JSON.stringify(value);
}

/** Nothing in an instant has to be escaped. */
function instantText(at: number | null): string {
  const text = instant(at);
  return text === null ? 'null' : `"${text}"`;
}

function targetText(target: Target): string {
  return JSON.stringify(targetOnWire(target));
}

const predictionText = lastOf((prediction: Prediction) => JSON.stringify(predictionOnWire(prediction)));
const gatesText = lastOf((gates: readonly GateResult[]) => JSON.stringify(gates));

/** Keeps the text of the last object, which in a storm is the next one too; objects here do not change. */
function lastOf<T extends object>(write: (value: T) => string): (value: T) => string {
  let last: { readonly value: T; readonly text: string } | null = null;
  return (value) => {
    if (last?.value !== value) last = { value, text: write(value) };
    return last.text;
  };
}
