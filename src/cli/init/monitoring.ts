import { type Choices, monitoringToken } from './choices.ts';
import { replaceAll } from './replace.ts';

const TOKEN = '/etc/prometheus/forestall-token';

/** The shipped prometheus.yml with this machine's addresses and paths. */
export function prometheusText(shipped: string, choices: Choices): string {
  let text = replaceAll(shipped, '/opt/forestall/alert-rules', `${choices.directory}/alert-rules`);
  text = replaceAll(text, TOKEN, monitoringToken(choices));
  text = replaceAll(text, '127.0.0.1:9093', hostOf(choices.alertmanager) ?? '127.0.0.1:9093');
  return replaceAll(text, '127.0.0.1:9090', hostOf(choices.prometheus) ?? '127.0.0.1:9090');
}

/** The shipped alertmanager.yml with this machine's paths; the service listens where it does by default. */
export function alertmanagerText(shipped: string, choices: Choices): string {
  return replaceAll(shipped, TOKEN, monitoringToken(choices));
}

function hostOf(url: string | null): string | null {
  return url === null ? null : new URL(url).host;
}
