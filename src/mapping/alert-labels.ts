import type { Target } from '../prediction/prediction.ts';
import type { ActionMapping, Mapping } from './mapping.ts';
import { findMapping } from './match.ts';

/** The name of the alert for a mapping's window: `disk_exhaustion` gives `DiskExhaustionPredicted`. */
export function windowAlertName({ prediction_type }: Mapping): string {
  return `${camelCase(prediction_type)}Predicted`;
}

/** The name of the alert for people, below a mapping's window. */
export function urgentAlertName({ prediction_type }: Mapping): string {
  return `${camelCase(prediction_type)}Imminent`;
}

/** The labels of the window alert, beside those that its series brings. */
export function windowAlertLabels({ id, action }: Mapping): Readonly<Record<string, string>> {
  return { playbook: action.playbook, mapping: id, remediation: 'proactive', severity: 'warning' };
}

/** All labels that the generated window alert for this target carries, `alertname` among them; null without a mapping. */
export function windowAlertOf(actionMapping: ActionMapping, target: Target): Readonly<Record<string, string>> | null {
  const mapping = findMapping(actionMapping, target);
  if (mapping === null) return null;
  return {
    alertname: windowAlertName(mapping),
    prediction_type: target.prediction_type,
    resource: target.resource,
    ...(target.host === null ? {} : { host: target.host }),
    ...windowAlertLabels(mapping),
  };
}

function camelCase(type: string): string {
  return type
    .split(/[^\p{L}\p{N}]+/u)
    .map((word) => word.replace(/^./u, (first) => first.toUpperCase()))
    .join('');
}
