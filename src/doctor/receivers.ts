import { inWords, shown } from '../decision/words.ts';
import type { AlertmanagerFacts, ExpectedFacts, Facts } from './facts.ts';
import { broken, type Finding, ok, warning } from './finding.ts';
import { keyLines, receiverLines } from './snippets.ts';
import type { Hook, Surveyed } from './survey.ts';

/** The service answers within two seconds, or says 503 by then. */
const SHORTEST_TIMEOUT = 3_000;

/** How the receivers that deliver window alerts here do it. */
export function receiverFindings(
  { expected }: Facts,
  alertmanager: AlertmanagerFacts,
  surveyed: readonly Surveyed[],
): readonly Finding[] {
  const hooks = new Map<Hook['webhook'], Hook>();
  for (const { alert, stops } of surveyed) {
    if (alert.urgent) continue;
    for (const hook of stops.flatMap((stop) => stop.hooks)) {
      if (hook.kind === 'ours' || hook.kind === 'perhaps') hooks.set(hook.webhook, hook);
    }
  }
  return [...hooks.values()].flatMap((hook) => {
    const found = [...authFindings(hook, expected, alertmanager.token_files), ...manner(hook)];
    return found.length > 0
      ? found
      : [
          ok(
            'receiver',
            `receiver ${shown(hook.receiver)} delivers ${expected.has_token ? 'with a credential, ' : ''}everything, resolved alerts too`,
          ),
        ];
  });
}

function authFindings(
  { receiver, webhook }: Hook,
  { address, has_token }: ExpectedFacts,
  files: ReadonlyMap<string, boolean>,
): Finding[] {
  if (!has_token) return [];
  const lines = receiverLines(address, true).replace('name: forestall', () => `name: ${JSON.stringify(receiver)}`);
  const why = 'Each delivery is answered with 401; Alertmanager gives up on it, and nothing runs.';
  if (webhook.auth === 'none') {
    return [broken('receiver-token', `receiver ${shown(receiver)} posts here without a token`, why, lines)];
  }
  if (webhook.auth === 'other') {
    const message = `receiver ${shown(receiver)} posts here with a kind of credential that this service does not take`;
    return [broken('receiver-token', message, why, lines)];
  }
  const file = webhook.token_file;
  if (file !== null && files.get(file) === false) {
    const message = `receiver ${shown(receiver)} takes its token from ${shown(file)}, which holds none of this service's`;
    return [
      broken(
        'receiver-token',
        message,
        why,
        `# write the token of web.bearer_token_file (or of one of web.tokens) to ${shown(file)}`,
      ),
    ];
  }
  return [];
}

function manner({ receiver, webhook }: Hook): Finding[] {
  const findings: Finding[] = [];
  const at = `the webhook_configs of receiver ${shown(receiver)}`;
  if (!webhook.send_resolved) {
    const why = 'What ended is not said: Forestall goes on deciding on the alert while its prediction is current.';
    findings.push(
      warning(
        'send-resolved',
        `receiver ${shown(receiver)} does not send resolved alerts`,
        why,
        keyLines(at, 'send_resolved: true'),
      ),
    );
  }
  if (webhook.max_alerts > 0) {
    const message = `receiver ${shown(receiver)} cuts a delivery off after ${webhook.max_alerts} ${webhook.max_alerts === 1 ? 'alert' : 'alerts'}`;
    findings.push(
      warning('max-alerts', message, 'What is cut off is never decided on.', keyLines(at, 'max_alerts: 0')),
    );
  }
  if (webhook.timeout !== null && webhook.timeout > 0 && webhook.timeout < SHORTEST_TIMEOUT) {
    const message = `receiver ${shown(receiver)} waits only ${webhook.timeout < 1000 ? `${webhook.timeout} ms` : inWords(webhook.timeout)} for an answer`;
    findings.push(
      warning(
        'webhook-timeout',
        message,
        'A slow disk makes a delivery count as failed, and it comes again.',
        keyLines(at, 'timeout: 10s'),
      ),
    );
  }
  if (webhook.proxy) {
    const message = `receiver ${shown(receiver)} delivers through a proxy`;
    findings.push(
      warning(
        'webhook-proxy',
        message,
        'A proxy seldom reaches this machine, and sees the token.',
        keyLines(
          `the http_config of receiver ${shown(receiver)}`,
          '# remove proxy_url and proxy_from_environment; where global has them, give the receiver its own http_config',
        ),
      ),
    );
  }
  return findings;
}
