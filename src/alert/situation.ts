import type { AlertSituation } from '../decision/decision.ts';
import { isGrafanasOwn } from '../mapping/grafana.ts';
import type { Alert, ReadAlert } from './alert.ts';

export { predictionFromAnnotations } from './annotations.ts';
export { predictionByName } from './by-name.ts';
export { targetOf } from './target.ts';

/** What the gates need to know of an alert. */
export function situationOf(read: ReadAlert): AlertSituation {
  if (!read.ok) {
    const { problem, alertname, fingerprint } = read;
    return { problem, status: 'firing', alertname, fingerprint, starts_at: null, is_prediction: false };
  }
  const { alert } = read;
  return {
    problem: null,
    status: alert.status,
    alertname: alert.labels['alertname'] || null,
    fingerprint: alert.fingerprint,
    starts_at: alert.starts_at,
    is_prediction: Boolean(alert.labels['prediction_type']) && !isAboutItsSource(alert),
  };
}

/** Labels that may name the alert or its rule. */
const NAMES = ['alertname', 'rulename'] as const;

/** True for an alert that says how its data source fares, not what was measured, also where it goes by another name. */
export function isAboutItsSource({ labels, annotations }: Alert): boolean {
  if (NAMES.some((name) => isGrafanasOwn(labels[name] ?? ''))) return true;
  if (labels['rulename'] !== undefined && labels['datasource_uid'] !== undefined) return true;
  return (
    annotations['grafana_state_reason'] !== undefined &&
    /NoData|Error|MissingSeries/.test(annotations['grafana_state_reason'])
  );
}
