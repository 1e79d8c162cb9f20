import { sameServer, withoutCredentials } from './address.ts';
import type { Facts, PrometheusFacts, Trouble } from './facts.ts';
import { broken, type Finding, note, ok, some, warning } from './finding.ts';
import { alertingLines } from './snippets.ts';

const LEAST = [2, 42] as const;

/** What can be done about a server that gave no usable answer, by what was seen. */
export function remedyFor({ kind }: Trouble, key: string): string {
  if (kind === 'timeout')
    return `# is it overloaded, or is a firewall between? else correct ${key}.url in forestall.yaml`;
  if (kind === 'unauthorized') {
    return `# Forestall asks without credentials, ${key}.url takes none: let this machine ask without, by its loopback address\n# or by a proxy on it that adds them:\n${key}: { url: http://127.0.0.1:PORT }   # forestall.yaml`;
  }
  if (kind === 'unreachable')
    return `# start it, or correct its address:\n${key}: { url: http://HOST:PORT }   # forestall.yaml`;
  return `${key}: { url: http://HOST:PORT/PREFIX }   # forestall.yaml: something else answers at this URL`;
}

/** Whether Prometheus answers, is new enough, and could load its configuration. */
export function reachFindings({ expected }: Facts, prometheus: PrometheusFacts): readonly Finding[] {
  const { version } = prometheus;
  if (!version.ok) {
    const why = 'Neither rules nor scraping can be looked at.';
    return [broken('prometheus', version.trouble.message, why, remedyFor(version.trouble, 'prometheus'))];
  }
  const findings = [ok('prometheus', `Prometheus ${version.value} answers at ${prometheus.url}`)];
  const keeps = expected.rules.some(({ keep_firing_for }) => keep_firing_for > 0);
  if (keeps && isOlder(version.value, LEAST)) {
    const message = `Prometheus ${version.value} does not know keep_firing_for, which the generated rules use`;
    const change = 'rules: { keep_firing_for: 0s }   # forestall.yaml; or take Prometheus 2.42 or newer';
    findings.push(broken('prometheus-version', message, 'It refuses the whole rule file.', change));
  }
  if (prometheus.reloaded === false) findings.push(notReloaded('Prometheus', 'promtool check config prometheus.yml'));
  if (prometheus.settings.ok && prometheus.settings.value.relabels_alerts) {
    const message = 'Prometheus relabels alerts before it sends them (alert_relabel_configs)';
    findings.push(note('alert-relabelling', message, 'Routes are looked at here as if it did not.'));
  }
  return findings;
}

/** A configuration on disk that is not the one that runs. */
export function notReloaded(server: string, command: string): Finding {
  const message = `${server} could not load its configuration when it was last told to`;
  return warning(
    'config-not-reloaded',
    message,
    'What stands in the file is not what runs; all that is said here is about what runs.',
    `${command}   # says what is wrong; then reload`,
  );
}

/** Whether Prometheus sends its alerts to the Alertmanager that is configured here. */
export function senderFindings(facts: Facts, { alertmanagers }: PrometheusFacts): readonly Finding[] {
  const { alertmanager, expected } = facts;
  const lines = alertingLines(alertmanager?.url ?? '');
  const why = 'An alert that fires and is not sent on ends in Prometheus.';
  if (!alertmanagers.ok) {
    return [
      broken(
        'alertmanagers',
        alertmanagers.trouble.message,
        why,
        'Let GET /api/v1/alertmanagers be asked from this machine.',
      ),
    ];
  }
  const { active, dropped } = alertmanagers.value;
  const shown = some(active.map(withoutCredentials));
  if (active.length === 0) {
    const but = dropped.length > 0 ? ` (it dropped ${some(dropped.map(withoutCredentials))} by relabelling)` : '';
    return [broken('alertmanagers-none', `Prometheus knows no Alertmanager${but}`, why, lines)];
  }
  if (alertmanager === null) return [];
  const answers = active.map((url) => sameServer(url, alertmanager.url, expected.address.hosts));
  if (answers.includes('ours')) return [ok('alertmanagers', `Prometheus sends its alerts to ${shown}`)];
  const message = `Prometheus sends its alerts to ${shown}, not to ${alertmanager.url}`;
  if (answers.includes('perhaps')) {
    const unsure =
      'The port is the same under another name: where that is another machine, what is said here is about the wrong one.';
    return [
      warning(
        'alertmanagers-other',
        message,
        unsure,
        `alertmanager: { url: … }   # forestall.yaml, as Prometheus names it; or\n${lines}`,
      ),
    ];
  }
  return [
    broken(
      'alertmanagers-other',
      message,
      `${why} What is said here about routes is of another Alertmanager.`,
      `${lines}\n# or alertmanager: { url: … } in forestall.yaml`,
    ),
  ];
}

function isOlder(version: string, least: readonly [number, number]): boolean {
  const parts = /^v?(\d+)\.(\d+)/.exec(version);
  if (parts === null) return false;
  const [major, minor] = [Number(parts[1]), Number(parts[2])];
  return major < least[0] || (major === least[0] && minor < least[1]);
}
