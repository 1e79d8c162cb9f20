import type { AlertMatch } from '../mapping/mapping.ts';
import { typeByName } from '../prediction/by-name.ts';
import type { Prediction } from '../prediction/prediction.ts';
import type { Alert } from './alert.ts';
import { hostOf } from './target.ts';

/** Labels that say what an alert is about, the first that it has: the mapping may name another. */
const RESOURCE_LABELS = ['resource', 'service', 'name', 'mountpoint', 'instance'] as const;

/**
 * What stands for an alert that a mapping names: its target, its labels and `now` (epoch milliseconds), the time of its
 * delivery. An alert with none of the labels that say what it is about is about itself.
 */
export function predictionByName(alert: Alert, match: AlertMatch, now: number, hostLabel = 'host'): Prediction {
  const labels = match.resource_label === null ? RESOURCE_LABELS : [match.resource_label];
  const found = labels.map((name) => alert.labels[name]).find((value) => value !== undefined && value !== '');
  return {
    prediction_type: typeByName(match.alertname),
    resource: match.resource ?? found ?? match.alertname,
    host: hostOf(alert, hostLabel),
    days_until_critical: null,
    confidence: 1,
    observed_at: now,
    source: 'alert',
    labels: alert.labels,
  };
}
