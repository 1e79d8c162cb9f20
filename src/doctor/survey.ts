import { globMatches } from '../mapping/glob.ts';
import type { Mapping } from '../mapping/mapping.ts';
import { findMapping } from '../mapping/match.ts';
import { whose } from './address.ts';
import type { AlertmanagerConfig, Webhook } from './alertmanager-config.ts';
import type { ExpectedFacts, ExpectedRule, Facts } from './facts.ts';
import type { Labels } from './matcher.ts';
import { type ReachedRoute, type Routing, routesFor } from './routing.ts';

/** An alert that a generated rule would raise, for a prediction that is known or, without one, a made-up one. */
export interface ExpectedAlert {
  readonly name: string;
  /** For people, below the mapping's window. */
  readonly urgent: boolean;
  readonly mapping: Mapping;
  /** All that Alertmanager gets, external labels among them. */
  readonly labels: Labels;
}

/** Whose webhook a receiver posts to: `hidden` where Alertmanager keeps the URL secret. */
type HookKind = 'ours' | 'wrong_path' | 'perhaps' | 'hidden' | 'elsewhere';

export interface Hook {
  readonly kind: HookKind;
  readonly receiver: string;
  readonly webhook: Webhook;
}

/** One route that an alert takes, with what its receiver does. */
export interface Stop {
  readonly route: ReachedRoute;
  readonly hooks: readonly Hook[];
  /** Other ways in which somebody hears of it: `email`, `slack`, … */
  readonly others: readonly string[];
}

export interface Surveyed {
  readonly alert: ExpectedAlert;
  readonly stops: readonly Stop[];
  readonly doubtful: Routing['doubtful'];
}

/** Every alert that the generated rules can raise, and the way that it takes through Alertmanager. */
export function survey(facts: Facts, config: AlertmanagerConfig): readonly Surveyed[] {
  const { expected, prometheus, regexMatches } = facts;
  const external = prometheus?.settings.ok ? prometheus.settings.value.external_labels : {};
  return expectedAlerts(facts, external).map((alert) => {
    const { routes, doubtful } = routesFor(config.route, alert.labels, regexMatches);
    return { alert, doubtful, stops: routes.map((route) => stopAt(route, config, expected)) };
  });
}

function stopAt(route: ReachedRoute, { receivers }: AlertmanagerConfig, expected: ExpectedFacts): Stop {
  const receiver = receivers.find(({ name }) => name === route.receiver);
  return {
    route,
    others: receiver?.others ?? [],
    hooks: (receiver?.webhooks ?? []).map((webhook) => ({
      kind: hookKind(webhook, expected),
      receiver: route.receiver,
      webhook,
    })),
  };
}

/** What a webhook of any receiver is to this service. */
export function hookKind({ url }: Webhook, { address }: Pick<ExpectedFacts, 'address'>): HookKind {
  if (url === null) return 'hidden';
  const answer = whose(url, address);
  if (answer === 'elsewhere') return 'elsewhere';
  const prefix = new URL(address.external_url).pathname.replace(/\/$/, '');
  const { pathname } = new URL(url);
  if (pathname !== '/webhook' && pathname !== `${prefix}/webhook`)
    return answer === 'ours' ? 'wrong_path' : 'elsewhere';
  return answer;
}

function expectedAlerts({ expected, targets }: Facts, external: Labels): readonly ExpectedAlert[] {
  return expected.rules.flatMap((rule) => {
    const labels = rendered(rule.labels);
    const mapping = expected.mapping.mappings.find(({ id }) => id === labels['mapping']);
    if (mapping === undefined) return [];
    return subjectsOf(mapping, { expected, targets }).map((subject) => ({
      name: rule.alert,
      urgent: labels['remediation'] === 'manual',
      mapping,
      labels: { ...external, alertname: rule.alert, ...subject, ...labels },
    }));
  });
}

function subjectsOf(mapping: Mapping, { expected, targets }: Pick<Facts, 'expected' | 'targets'>): readonly Labels[] {
  const known = targets.filter((target) => findMapping(expected.mapping, target) === mapping);
  if (known.length === 0) {
    return [{ prediction_type: mapping.prediction_type, resource: exampleOf(mapping.resource_filter) }];
  }
  return known.map(({ prediction_type, resource, host }) => ({
    prediction_type,
    resource,
    ...(host === null ? {} : { host }),
  }));
}

/** A resource that a filter matches. */
function exampleOf(filter: string): string {
  const example = filter.replaceAll('*', 'example').replaceAll('?', 'x');
  return globMatches(filter, example) ? example : filter;
}

/** Labels as Prometheus sets them: in the rule `{{` is written as a template of itself. */
function rendered(labels: ExpectedRule['labels']): Labels {
  return Object.fromEntries(Object.entries(labels).map(([name, text]) => [name, text.replaceAll('{{"{{"}}', '{{')]));
}

/** An alert as people tell it from others. */
export function alertText({ name, labels }: ExpectedAlert): string {
  const host = labels['host'] === undefined ? '' : ` on ${labels['host']}`;
  return `${name} (${labels['resource']}${host})`;
}
