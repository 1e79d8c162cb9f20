import type { InhibitRule, RouteNode } from './alertmanager-config.ts';
import { allHold, type Labels, type RegexMatches } from './matcher.ts';

/** Where an alert ends up, with everything that its route inherits. Durations are milliseconds. */
export interface ReachedRoute {
  /** Where it stands in the file: `route.routes[1]`. */
  readonly path: string;
  readonly receiver: string;
  /** Null: every label (`...`). */
  readonly group_by: readonly string[] | null;
  readonly group_wait: number;
  readonly group_interval: number;
  readonly repeat_interval: number;
  readonly mute_time_intervals: readonly string[];
  readonly active_time_intervals: readonly string[];
}

export interface Routing {
  readonly routes: readonly ReachedRoute[];
  /** Paths of routes whose matchers could not be judged; they are taken as not matching. */
  readonly doubtful: readonly string[];
}

const SECOND = 1000;
/** What Alertmanager takes where nothing is written. */
const DEFAULTS: Omit<ReachedRoute, 'path'> = {
  receiver: '',
  group_by: [],
  group_wait: 30 * SECOND,
  group_interval: 300 * SECOND,
  repeat_interval: 4 * 3600 * SECOND,
  mute_time_intervals: [],
  active_time_intervals: [],
};

/**
 * The routes that an alert takes, as Alertmanager walks its tree: a route that matches hands the alert to its children in
 * their order, up to the first that takes it and does not `continue`; where none does, it is its own end.
 */
export function routesFor(root: RouteNode, labels: Labels, regexMatches: RegexMatches): Routing {
  const doubtful: string[] = [];

  function walk(node: RouteNode, path: string, above: Omit<ReachedRoute, 'path'>): readonly ReachedRoute[] {
    const matched = allHold(node.matchers, labels, regexMatches);
    if (matched === null) doubtful.push(path);
    if (matched !== true) return [];
    const own = inherited(node, above);
    const below: ReachedRoute[] = [];
    for (const [at, child] of node.routes.entries()) {
      const reached = walk(child, `${path}.routes[${at}]`, own);
      below.push(...reached);
      if (reached.length > 0 && !child.continue) break;
    }
    return below.length > 0 ? below : [{ path, ...own }];
  }

  return { routes: walk(root, 'route', DEFAULTS), doubtful };
}

function inherited(node: RouteNode, above: Omit<ReachedRoute, 'path'>): Omit<ReachedRoute, 'path'> {
  const groupBy = node.group_by?.includes('...') ? null : node.group_by;
  return {
    // An empty name is what an unset one is written as.
    receiver: node.receiver || above.receiver,
    group_by: groupBy === null && node.group_by === null ? above.group_by : groupBy,
    group_wait: node.group_wait ?? above.group_wait,
    group_interval: node.group_interval ?? above.group_interval,
    repeat_interval: node.repeat_interval ?? above.repeat_interval,
    mute_time_intervals: node.mute_time_intervals,
    active_time_intervals: node.active_time_intervals,
  };
}

/** Whether a rule holds one alert back while the other fires; null where that cannot be judged. */
export function inhibits(
  rule: InhibitRule,
  alerts: { readonly source: Labels; readonly target: Labels },
  regexMatches: RegexMatches,
): boolean | null {
  const label = (labels: Labels, name: string) => (Object.hasOwn(labels, name) ? labels[name] : '');
  if (rule.equal.some((name) => label(alerts.source, name) !== label(alerts.target, name))) return false;
  // An alert that both sides match is not held back by another one that both sides match.
  const source = allHold(rule.source, alerts.source, regexMatches);
  const target = allHold(rule.target, alerts.target, regexMatches);
  const both =
    source === true &&
    target === true &&
    allHold(rule.target, alerts.source, regexMatches) === true &&
    allHold(rule.source, alerts.target, regexMatches) === true;
  if (source === false || target === false || both) return false;
  return source === null || target === null ? null : true;
}
