import type { Target } from '../prediction/prediction.ts';
import type { Alert } from './alert.ts';

/**
 * What the alert's labels say it is about; null without a `prediction_type` or without a `resource`. An alert without
 * `host` takes its host from `hostLabel`, such as `instance`, without a port.
 */
export function targetOf(alert: Alert, hostLabel = 'host'): Target | null {
  const { prediction_type, resource } = alert.labels;
  if (!prediction_type || !resource) return null;
  return { prediction_type, resource, host: hostOf(alert, hostLabel) };
}

/** Where it is; null where the alert does not say. */
export function hostOf({ labels }: Alert, hostLabel: string): string | null {
  return labels['host'] || withoutPort(labels[hostLabel] ?? '') || null;
}

/** `web1:9100` is `web1`, `[::1]:9100` is `::1`; what is no address with a port stays as it is. */
function withoutPort(address: string): string {
  const [, bracketed, name] = /^(?:\[([0-9A-Fa-f:.%]+)\]|([^:/[\]]+)):\d{1,5}$/.exec(address) ?? [];
  return bracketed ?? name ?? address;
}
