import type { Target } from '../prediction/prediction.ts';
import type { Alert } from './alert.ts';

/** What the alert's labels say it is about; null without a `prediction_type` or without a `resource`. */
export function targetOf(alert: Alert): Target | null {
  const { prediction_type, resource, host } = alert.labels;
  if (!prediction_type || !resource) return null;
  return { prediction_type, resource, host: host || null };
}
