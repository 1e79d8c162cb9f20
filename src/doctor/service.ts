import { inWords } from '../decision/words.ts';
import type { Facts } from './facts.ts';
import { broken, type Finding, note, ok, warning } from './finding.ts';

/** Whether the service itself answers, here and at its `external_url`, to the configured token. */
export function serviceFindings({ service, expected }: Facts): readonly Finding[] {
  const { healthy, external, metrics, url } = service;
  if (!healthy.ok) {
    const why = 'Nothing receives the alerts, and nothing exports the predictions.';
    const change =
      '# start it (forestall serve, or systemctl start forestall), or correct it:\nweb: { listen: HOST:PORT }   # forestall.yaml, as the running service has it';
    return [broken('service', `this service does not answer at ${url}: ${healthy.trouble.message}`, why, change)];
  }
  const findings: Finding[] = [];
  if (external !== null && !external.ok) {
    const message = `this service answers at ${url}, but not at web.external_url: ${external.trouble.message}`;
    const why = 'Links lead nowhere, and an Alertmanager that posts there reaches nobody.';
    findings.push(
      warning('external-url', message, why, `web: { external_url: ${url} }   # forestall.yaml: as others reach it`),
    );
  }
  if (!metrics.ok) {
    const message = `this service does not show its metrics: ${metrics.trouble.message}`;
    const refused = metrics.trouble.kind === 'unauthorized';
    const why = refused
      ? 'The service that runs has another token than this configuration.'
      : 'Whether Prometheus scrapes this very process cannot be told.';
    const change = refused
      ? 'Let it read its configuration again (POST /-/reload, or SIGHUP), or restart it.'
      : 'Look at its log.';
    findings.push(
      refused ? broken('service-token', message, why, change) : warning('service-metrics', message, why, change),
    );
  }
  if (expected.address.port === null) {
    const message = 'web.listen has port 0: a free port is picked at every start';
    findings.push(
      warning(
        'listen-port',
        message,
        'Prometheus and Alertmanager need an address that stays.',
        'web: { listen: 127.0.0.1:9096 }   # forestall.yaml',
      ),
    );
  }
  return findings.length > 0 ? findings : [ok('service', `this service answers at ${url}`)];
}

/** What holds automation back; nothing is wrong with it. */
export function modeFindings({ expected, service }: Facts): readonly Finding[] {
  const { enable_auto_remediation, dry_run_mode } = expected.mapping.global_settings;
  const findings: Finding[] = [];
  if (!enable_auto_remediation) {
    const change = '"enable_auto_remediation": true';
    findings.push(
      note('mode-disabled', 'the kill switch is on: nothing runs', null, `${change}   # ${expected.mapping_file}`),
    );
  }
  if (service.paused_by !== null && service.paused_by !== '') {
    findings.push(note('mode-paused', `automation is paused by ${service.paused_by}`, null, 'forestall resume --all'));
  }
  if (dry_run_mode) {
    const change = `"dry_run_mode": false   # ${expected.mapping_file}, when a week of dry runs looked right`;
    findings.push(note('mode-dry-run', 'dry run mode is on: every playbook stops after its dry run', null, change));
  }
  return findings;
}

/** Clocks that differ by more than this are told about, milliseconds. */
const NOTABLE = 60_000;
/** From here on alerts are taken for ones from the future. */
const TOO_FAR = 5 * 60_000;

export function clockFindings({ prometheus, alertmanager }: Facts): readonly Finding[] {
  const clocks = [
    ['Prometheus', prometheus?.clock_ahead ?? null],
    ['Alertmanager', alertmanager?.clock_ahead ?? null],
  ] as const;
  const known = clocks.flatMap(([server, ahead]) => (ahead === null ? [] : [{ server, ahead }]));
  const off = known.filter(({ ahead }) => Math.abs(ahead) > NOTABLE);
  if (off.length === 0) {
    return known.length === 0
      ? []
      : [ok('clock', `the clocks of ${known.map(({ server }) => server).join(' and ')} agree with this machine's`)];
  }
  return off.map(({ server, ahead }) => {
    const message = `the clock of ${server} is ${inWords(Math.abs(ahead))} ${ahead > 0 ? 'ahead of' : 'behind'} this machine's`;
    const why =
      'Ages are measured across clocks: predictions seem stale or from the future, silences end at another time.';
    const change = 'timedatectl set-ntp true   # on both machines';
    return Math.abs(ahead) > TOO_FAR ? broken('clock', message, why, change) : warning('clock', message, why, change);
  });
}
