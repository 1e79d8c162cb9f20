import type { AlertmanagerConfig } from './alertmanager-config.ts';
import type { Facts } from './facts.ts';
import type { Labels } from './matcher.ts';
import { type ReachedRoute, routesFor } from './routing.ts';
import { type ExpectedAlert, hookKind, survey } from './survey.ts';

export interface TestAlert {
  readonly labels: Labels;
  /** How long Alertmanager may hold it before it is delivered, milliseconds. */
  readonly held: number;
}

/** Not a prediction by its name alone; nothing runs for it. */
const NAME = 'TestAlert';

/**
 * The labels of an alert that takes the way of a window alert here and is ignored at its end: without `prediction_type`,
 * or under a name that is never a prediction. `mark` tells it from others. Null where no such alert would be delivered.
 */
export function testAlert(facts: Facts, config: AlertmanagerConfig, mark: string): TestAlert | null {
  const window = survey(facts, config).filter(({ alert }) => !alert.urgent);
  for (const { alert } of window) {
    for (const labels of candidates(alert, mark)) {
      const { routes } = routesFor(config.route, labels, facts.regexMatches);
      const here = routes.filter(({ receiver }) => leadsHere(receiver, config, facts));
      if (here.length > 0)
        return { labels, held: Math.max(...here.map((route) => heldBy(route, labels, alert.labels))) };
    }
  }
  return null;
}

function candidates({ labels: all }: ExpectedAlert, mark: string): readonly Labels[] {
  const { prediction_type: _type, ...untyped } = all;
  const marked = { forestall_doctor: mark };
  const own = { resource: `forestall-doctor-${mark}` };
  return [own, {}].flatMap((resource) => [
    { ...untyped, ...marked, ...resource, alertname: NAME },
    { ...untyped, ...marked, ...resource },
    { ...all, ...marked, ...resource, alertname: NAME },
  ]);
}

function leadsHere(name: string, { receivers }: AlertmanagerConfig, { expected }: Facts): boolean {
  const webhooks = receivers.find((receiver) => receiver.name === name)?.webhooks ?? [];
  return webhooks.some((webhook) => ['ours', 'perhaps', 'hidden'].includes(hookKind(webhook, expected)));
}

/** A group of its own is delivered after `group_wait`, one that is there already at its next interval. */
function heldBy({ group_by, group_wait, group_interval }: ReachedRoute, labels: Labels, like: Labels): number {
  const apart = group_by === null || group_by.some((name) => (labels[name] ?? '') !== (like[name] ?? ''));
  return apart ? group_wait : group_wait + group_interval;
}
