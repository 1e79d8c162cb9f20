import type { Accuracy } from '../accuracy/accuracy.ts';
import type { Decision, Pause } from '../decision/decision.ts';
import type { Answered, Execution } from '../execution/execution.ts';
import type { Page } from '../ledger/ledger.ts';
import type { Forecasted } from '../prediction/forecasted.ts';
import type { Prediction, Target } from '../prediction/prediction.ts';
import type { CurrentPrediction, Resumed } from './ports.ts';

/** ISO 8601 in UTC; null for what no calendar holds. */
export function instant(milliseconds: number | null): string | null {
  if (milliseconds === null || !(Math.abs(milliseconds) <= 8.64e15)) return null;
  return new Date(milliseconds).toISOString();
}

export function targetOnWire({ prediction_type, resource, host }: Target): object {
  return host === null ? { prediction_type, resource } : { prediction_type, resource, host };
}

export function predictionOnWire(prediction: Prediction): object {
  const { days_until_critical, confidence, observed_at, source, labels } = prediction;
  return {
    ...targetOnWire(prediction),
    days_until_critical,
    confidence,
    observed_at: instant(observed_at),
    source,
    labels,
  };
}

/** `id` is null for a decision that is not kept. */
export function decisionOnWire(decision: Decision): object {
  const { id, decided_at, trigger, target, prediction, next_attempt_at, last_at } = decision;
  return {
    id: id === '' ? null : id,
    decided_at: instant(decided_at),
    trigger,
    ...(trigger === 'webhook' ? { alertname: decision.alertname, fingerprint: decision.fingerprint } : {}),
    target: target === null ? null : targetOnWire(target),
    prediction: prediction === null ? null : predictionOnWire(prediction),
    mapping: decision.mapping,
    playbook: decision.playbook,
    verdict: decision.verdict,
    reason: decision.reason,
    message: decision.message,
    gates: decision.gates,
    execution_id: decision.execution_id,
    next_attempt_at: instant(next_attempt_at),
    repeats: decision.repeats,
    last_at: instant(last_at),
  };
}

export function executionOnWire(execution: Execution): object {
  const { prediction, claimed_at, started_at, finished_at, verify_at, verified_at, answered, ...rest } = execution;
  return {
    ...rest,
    prediction: predictionOnWire(prediction),
    claimed_at: instant(claimed_at),
    started_at: instant(started_at),
    finished_at: instant(finished_at),
    verify_at: instant(verify_at),
    verified_at: instant(verified_at),
    answered: answeredOnWire(answered),
  };
}

export function forecastOnWire({ reasons, critical, made_at, ...chances }: Forecasted): object {
  const { p_within_1d, p_within_3d, p_within_7d, p_within_14d } = chances;
  return { p_within_1d, p_within_3d, p_within_7d, p_within_14d, reasons, critical, made_at: instant(made_at) };
}

export function currentPredictionOnWire({
  prediction,
  age_seconds,
  stale,
  mapping,
  forecast,
}: CurrentPrediction): object {
  const told = { ...predictionOnWire(prediction), age_seconds, stale, mapping };
  return forecast === null ? told : { ...told, forecast: forecastOnWire(forecast) };
}

export function pauseOnWire({ name, reason, since, until }: Pause): object {
  return { name, reason, since: instant(since), until: instant(until) };
}

export function answeredOnWire(answered: Answered | null): object | null {
  return answered === null ? null : { ...answered, at: instant(answered.at) };
}

export function resumedOnWire({ lifted, refused }: Resumed): object {
  return { lifted, refused: { count: refused.count, items: refused.items.map(decisionOnWire) } };
}

export function accuracyOnWire({ since, until, next_closes_at, resources, ...rest }: Accuracy): object {
  return {
    since: instant(since),
    until: instant(until),
    next_closes_at: instant(next_closes_at),
    ...rest,
    resources: resources.map(({ host, ...score }) => (host === null ? score : { ...score, host })),
  };
}

export function pageOnWire<T>({ items, next }: Page<T>, onWire: (item: T) => object): object {
  return { items: items.map(onWire), next };
}
