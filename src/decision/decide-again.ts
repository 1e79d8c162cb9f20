import type { Prediction, Target } from '../prediction/prediction.ts';
import { decide } from './decide.ts';
import type { AlertSituation, DecisionInput, Draft, Facts } from './decision.ts';

/**
 * `decide`, with its last answer on each prediction that is known kept: whoever asks the same on the same facts gets the same
 * draft. `facts` are the same when they are the same object. A prediction that an alert brought is made anew each time.
 */
export function createDecide(): (input: DecisionInput, facts: Facts) => Draft {
  const last = new WeakMap<
    Prediction,
    { readonly input: DecisionInput; readonly facts: Facts; readonly draft: Draft }
  >();
  return (input, facts) => {
    const { prediction } = input;
    if (prediction === null || prediction.source === 'alert') return decide(input, facts);
    const known = last.get(prediction);
    if (known !== undefined && known.facts === facts && isSame(known.input, input)) return known.draft;
    const draft = decide(input, facts);
    last.set(prediction, { input, facts, draft });
    return draft;
  };
}

function isSame(a: DecisionInput, b: DecisionInput): boolean {
  return (
    a.now === b.now &&
    a.trigger === b.trigger &&
    a.mode === b.mode &&
    a.prediction === b.prediction &&
    a.prediction_problem === b.prediction_problem &&
    a.mapping === b.mapping &&
    a.unsafe_value === b.unsafe_value &&
    a.fleet === b.fleet &&
    a.silence === b.silence &&
    a.consecutive === b.consecutive &&
    a.policy === b.policy &&
    isSameTarget(a.target, b.target) &&
    isSameAlert(a.alert, b.alert)
  );
}

function isSameTarget(a: Target | null, b: Target | null): boolean {
  if (a === null || b === null) return a === b;
  return a.prediction_type === b.prediction_type && a.resource === b.resource && a.host === b.host;
}

function isSameAlert(a: AlertSituation | null, b: AlertSituation | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.problem === b.problem &&
    a.status === b.status &&
    a.alertname === b.alertname &&
    a.fingerprint === b.fingerprint &&
    a.starts_at === b.starts_at &&
    a.is_prediction === b.is_prediction
  );
}
