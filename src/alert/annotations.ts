import type { Prediction } from '../prediction/prediction.ts';
import type { Alert } from './alert.ts';
import { found } from './problem.ts';
import { targetOf } from './target.ts';

export type AnnotatedPrediction = { readonly prediction: Prediction } | { readonly problem: string };

/**
 * The prediction in an alert's own annotations `days_until_critical` and `confidence`, made at `now` (epoch
 * milliseconds), or why there is none. `hostLabel` as for `targetOf`.
 */
export function predictionFromAnnotations(alert: Alert, now: number, hostLabel = 'host'): AnnotatedPrediction {
  const target = targetOf(alert, hostLabel);
  if (target === null) return { problem: 'the alert needs the labels prediction_type and resource' };
  const { annotations } = alert;

  const daysText = annotations['days_until_critical'];
  const days = daysText === '+Inf' ? null : plainDecimal(daysText);
  if (days !== null && !(days >= 0)) {
    return { problem: `annotation days_until_critical: expected a plain number, 0 or more, found ${found(daysText)}` };
  }
  const confidence = plainDecimal(annotations['confidence']);
  if (!(confidence >= 0 && confidence <= 1)) {
    const problem = `annotation confidence: expected a plain number from 0 to 1, found ${found(annotations['confidence'])}`;
    return { problem };
  }
  const prediction: Prediction = {
    ...target,
    days_until_critical: days,
    confidence,
    observed_at: now,
    source: 'alert',
    labels: otherLabels(alert),
  };
  return { prediction };
}

/** As people and Go write numbers: `8.2`, `8.2e+00`. No blanks, signs, units, hexadecimals. */
const PLAIN_DECIMAL = /^-?\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,3})?$/;

/** NaN for anything that is not one finite plain decimal number. */
function plainDecimal(text: string | undefined): number {
  if (text === undefined || !PLAIN_DECIMAL.test(text)) return Number.NaN;
  const value = Number(text);
  return Number.isFinite(value) ? value + 0 : Number.NaN;
}

const IDENTITY = new Set(['prediction_type', 'resource', 'host']);

function otherLabels(alert: Alert): Readonly<Record<string, string>> {
  const labels = Object.create(null) as Record<string, string>;
  for (const name of Object.keys(alert.labels)) if (!IDENTITY.has(name)) labels[name] = alert.labels[name]!;
  return labels;
}
