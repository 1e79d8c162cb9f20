import { readText } from './source-text.ts';

export const PROMETHEUS = 'deploy/prometheus/prometheus.yml';
export const ALERTMANAGER = 'deploy/alertmanager/alertmanager.yml';

/**
 * A file of deploy/ as a user changes it: each word that is replaced has to stand in it, and in the comment at its head that
 * lists what is theirs to change. Nothing else differs.
 */
function changed(file: string, words: Readonly<Record<string, string | undefined>>): string {
  const text = readText(file);
  const head = text.slice(0, text.search(/^[^#]/m));
  const body = text.slice(head.length);
  let result = body;
  for (const [word, replacement] of Object.entries(words)) {
    if (!head.includes(word) || !body.includes(word))
      throw new Error(`${file} has to name ${word} in its head and in its body`);
    if (replacement !== undefined) result = result.replaceAll(word, replacement);
  }
  return head + result;
}

/** deploy/prometheus/prometheus.yml with these addresses (host:port) and paths. */
export function deployedPrometheus(places: {
  readonly forestall?: string;
  readonly alertmanagers?: readonly string[];
  readonly node?: string;
  readonly rules?: string;
  readonly token?: string;
}): string {
  return changed(PROMETHEUS, {
    '127.0.0.1:9096': places.forestall,
    '127.0.0.1:9093': places.alertmanagers?.join(', '),
    '127.0.0.1:9100': places.node,
    '127.0.0.1:9090': undefined,
    '/opt/forestall/alert-rules': places.rules,
    '/etc/prometheus/forestall-token': places.token,
  });
}

/** deploy/alertmanager/alertmanager.yml with these addresses (whole URLs) and paths. */
export function deployedAlertmanager(places: {
  readonly webhook?: string;
  readonly token?: string;
  readonly people?: string;
  readonly watchdog?: string;
}): string {
  return changed(ALERTMANAGER, {
    'http://127.0.0.1:9096/webhook': places.webhook,
    '/etc/prometheus/forestall-token': places.token,
    'http://people.invalid/alerts': places.people,
    'http://watchdog.invalid/ping': places.watchdog,
  });
}

/** The same configuration with nothing to wait for: every interval is a second, alerts fire at once and are said again each second. */
export function hurried(text: string): string {
  return text
    .replace(/^(\s*(?:scrape_interval|evaluation_interval|group_interval|repeat_interval|interval): )\w+$/gm, '$11s')
    .replace(/^(\s*(?:group_wait|for): )\w+$/gm, '$10s');
}
