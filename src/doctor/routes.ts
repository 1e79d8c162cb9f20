import { shown } from '../decision/words.ts';
import { webhookUrl, withoutCredentials } from './address.ts';
import type { AlertmanagerConfig } from './alertmanager-config.ts';
import type { ExpectedFacts, Facts } from './facts.ts';
import { broken, type Finding, note, ok, some, warning } from './finding.ts';
import { receiverLines, routeLines } from './snippets.ts';
import { alertText, hookKind, type Stop, type Surveyed } from './survey.ts';

const WHY = 'Forestall never hears of the alert: nothing is decided, nothing runs.';

/** Whether each window alert is delivered here, and each urgent one to people. */
export function routeFindings(
  facts: Facts,
  config: AlertmanagerConfig,
  surveyed: readonly Surveyed[],
): readonly Finding[] {
  const { expected } = facts;
  const window = surveyed.filter(({ alert }) => !alert.urgent);
  const findings = [...doubtFindings(surveyed), ...windowFindings(window, expected, config)];
  if (window.length > 0 && findings.length === 0) {
    const routes = [...new Set(window.flatMap(({ stops }) => stops.filter(delivers).map(({ route }) => route.path)))];
    const receivers = [
      ...new Set(window.flatMap(({ stops }) => stops.filter(delivers).map(({ route }) => route.receiver))),
    ];
    findings.push(
      ok(
        'route',
        `every window alert is delivered here, by ${some(receivers.map((name) => `receiver ${shown(name)}`))} (${some(routes)})`,
      ),
    );
  }
  return [
    ...findings,
    ...peopleFindings(
      surveyed.filter(({ alert }) => alert.urgent),
      expected,
    ),
  ];
}

const delivers = ({ hooks }: Stop) => hooks.some(({ kind }) => kind === 'ours');

/** What stands in the way of a window alert; the first that fits. */
function windowFindings(window: readonly Surveyed[], expected: ExpectedFacts, config: AlertmanagerConfig): Finding[] {
  const lost = window.filter(({ stops }) => !stops.some(delivers));
  const has = (kind: string) => (one: Surveyed) =>
    one.stops.some(({ hooks }) => hooks.some((hook) => hook.kind === kind));
  const findings: Finding[] = [];
  const rest: Surveyed[] = [];
  const odd: Record<'wrong_path' | 'perhaps' | 'hidden', Surveyed[]> = { wrong_path: [], perhaps: [], hidden: [] };
  for (const one of lost) {
    const kind = (['perhaps', 'wrong_path', 'hidden'] as const).find((candidate) => has(candidate)(one));
    (kind === undefined ? rest : odd[kind]).push(one);
  }
  const lines = receiverLines(expected.address, expected.has_token);
  const urlOf = (list: readonly Surveyed[], kind: string) =>
    shown(
      withoutCredentials(
        list.flatMap(({ stops }) => stops.flatMap(({ hooks }) => hooks)).find((hook) => hook.kind === kind)?.webhook
          .url ?? '',
      ),
    );
  if (odd.wrong_path.length > 0) {
    const message = `${names(odd.wrong_path)}: posted to ${urlOf(odd.wrong_path, 'wrong_path')}, where this service takes no alerts`;
    findings.push(broken('webhook-path', message, WHY, lines));
  }
  if (odd.perhaps.length > 0) {
    const message = `${names(odd.perhaps)}: posted to ${urlOf(odd.perhaps, 'perhaps')}; whether that is this service cannot be told`;
    findings.push(
      warning(
        'webhook-unsure',
        message,
        'Where it is another machine, nothing arrives here.',
        `forestall doctor --send-test-alert   # proves it; or name it so: ${webhookUrl(expected.address)}`,
      ),
    );
  }
  if (odd.hidden.length > 0) {
    const message = `${names(odd.hidden)}: posted to a webhook whose URL this Alertmanager keeps secret`;
    findings.push(
      warning(
        'webhook-hidden',
        message,
        'Whether it leads here cannot be told.',
        `forestall doctor --send-test-alert   # proves it; it should be ${webhookUrl(expected.address)}`,
      ),
    );
  }
  if (rest.length > 0) findings.push(lostFinding(rest, expected, config));
  return findings;
}

function lostFinding(lost: readonly Surveyed[], expected: ExpectedFacts, { receivers }: AlertmanagerConfig): Finding {
  const taken = [
    ...new Set(
      lost.flatMap(({ stops }) => stops.map(({ route }) => `receiver ${shown(route.receiver)} (${route.path})`)),
    ),
  ];
  const ours = receivers.filter(({ webhooks }) => webhooks.some((webhook) => hookKind(webhook, expected) === 'ours'));
  const message = `${names(lost)}: delivered to ${some(taken)}, not here`;
  const [name] = ours.map((receiver) => receiver.name);
  if (name === undefined) {
    return broken(
      'route-receiver',
      `${message}; no receiver posts to ${webhookUrl(expected.address)}`,
      WHY,
      `${routeLines()}\n${receiverLines(expected.address, expected.has_token)}`,
    );
  }
  const lines = routeLines().replace('receiver: forestall', () => `receiver: ${JSON.stringify(name)}`);
  return broken('route-missing', `${message}; receiver ${shown(name)} would`, WHY, lines);
}

function names(list: readonly Surveyed[]): string {
  return some(list.map(({ alert }) => shown(alertText(alert))));
}

function doubtFindings(surveyed: readonly Surveyed[]): Finding[] {
  const doubtful = [...new Set(surveyed.flatMap((one) => one.doubtful))];
  if (doubtful.length === 0) return [];
  const message = `the regular expression of ${some(doubtful)} cannot be judged here: taken as not matching`;
  return [
    warning(
      'route-doubtful',
      message,
      'Alerts may take another way than is said here.',
      'amtool config routes test --config.file=alertmanager.yml remediation=proactive   # says where they go',
    ),
  ];
}

/** More urgent than automation may handle: somebody has to hear of it. */
function peopleFindings(urgent: readonly Surveyed[], expected: ExpectedFacts): readonly Finding[] {
  const reaches = ({ stops }: Surveyed) =>
    stops.some(
      ({ hooks, others }) => others.length > 0 || hooks.some(({ kind }) => kind !== 'ours' && kind !== 'wrong_path'),
    );
  const unheard = urgent.filter((one) => !reaches(one));
  if (urgent.length === 0) return [];
  if (unheard.length === 0)
    return [ok('people', 'every urgent alert (remediation="manual") has a receiver for people')];
  const why = 'It is too late for automation: no playbook runs, so somebody has to be told.';
  const change = [
    'route:                         # alertmanager.yml',
    '  routes:',
    `    - matchers: ['remediation="manual"']`,
    '      receiver: people           # with email_configs, slack_configs, … that reach somebody',
  ].join('\n');
  const silent = unheard.filter(({ stops }) => !stops.some(delivers));
  if (silent.length > 0) {
    const receivers = [...new Set(silent.flatMap(({ stops }) => stops.map(({ route }) => shown(route.receiver))))];
    return [broken('people', `${names(silent)}: delivered to ${some(receivers)}, which tells nobody`, why, change)];
  }
  if (expected.has_discord) {
    return [note('people', `${names(unheard)}: delivered here only; Forestall says it on Discord`, why, change)];
  }
  return [
    warning('people', `${names(unheard)}: delivered here only, and Forestall has no Discord to say it on`, why, change),
  ];
}
