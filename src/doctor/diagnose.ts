import { deliveryFindings, testFindings } from './deliveries.ts';
import type { AlertmanagerFacts, Facts } from './facts.ts';
import { broken, type Finding, ok } from './finding.ts';
import { inhibitionFindings, silenceFindings } from './holding-back.ts';
import { notReloaded, reachFindings, remedyFor, senderFindings } from './prometheus.ts';
import { receiverFindings } from './receivers.ts';
import { routeFindings } from './routes.ts';
import { ruleFindings } from './rules.ts';
import { predictionFindings, scrapeFindings } from './scrape.ts';
import { clockFindings, modeFindings, serviceFindings } from './service.ts';
import { survey } from './survey.ts';
import { timingFindings } from './timing.ts';

/** Every finding, in the order in which an alert travels: from the gauges to the webhook. */
export function diagnose(facts: Facts): readonly Finding[] {
  return [
    ...serviceFindings(facts),
    ...prometheusFindings(facts),
    ...alertmanagerFindings(facts),
    ...testFindings(facts),
    ...clockFindings(facts),
    ...modeFindings(facts),
  ];
}

function prometheusFindings(facts: Facts): readonly Finding[] {
  const { prometheus } = facts;
  if (prometheus === null) {
    const why = 'Whether rules are loaded and this service is scraped cannot be told.';
    return [
      broken(
        'prometheus',
        'prometheus.url is not set',
        why,
        'prometheus: { url: http://127.0.0.1:9090 }   # forestall.yaml',
      ),
    ];
  }
  const reached = reachFindings(facts, prometheus);
  // One that does not answer is told about once.
  if (!prometheus.version.ok) return reached;
  return [
    ...reached,
    ...scrapeFindings(facts, prometheus),
    ...predictionFindings(prometheus),
    ...ruleFindings(facts, prometheus),
    ...senderFindings(facts, prometheus),
  ];
}

function alertmanagerFindings(facts: Facts): readonly Finding[] {
  const { alertmanager } = facts;
  const why = 'Whether a route delivers the alerts here cannot be told.';
  if (alertmanager === null) {
    return [
      broken(
        'alertmanager',
        'alertmanager.url is not set',
        why,
        'alertmanager: { url: http://127.0.0.1:9093 }   # forestall.yaml',
      ),
    ];
  }
  const { version, config } = alertmanager;
  if (!version.ok) {
    return [broken('alertmanager', version.trouble.message, why, remedyFor(version.trouble, 'alertmanager'))];
  }
  return [
    ok('alertmanager', `Alertmanager ${version.value} answers at ${alertmanager.url}`),
    ...(alertmanager.reloaded === false ? [notReloaded('Alertmanager', 'amtool check-config alertmanager.yml')] : []),
    ...(config.ok
      ? wayFindings(facts, alertmanager)
      : [
          broken(
            'alertmanager-config',
            config.trouble.message,
            why,
            'amtool config routes show   # look at the routes by hand',
          ),
        ]),
    ...deliveryFindings(facts, alertmanager),
  ];
}

function wayFindings(facts: Facts, alertmanager: AlertmanagerFacts): readonly Finding[] {
  if (!alertmanager.config.ok) return [];
  const config = alertmanager.config.value;
  const surveyed = survey(facts, config);
  return [
    ...routeFindings(facts, config, surveyed),
    ...receiverFindings(facts, alertmanager, surveyed),
    ...timingFindings(facts, surveyed),
    ...inhibitionFindings(facts, config, surveyed),
    ...silenceFindings(alertmanager, surveyed),
  ];
}
