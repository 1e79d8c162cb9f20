import { inWords } from '../decision/words.ts';
import type { Mapping } from '../mapping/mapping.ts';
import type { Facts } from './facts.ts';
import { type Finding, note, ok, some, warning } from './finding.ts';
import type { ReachedRoute } from './routing.ts';
import { keyLines, repeatLine } from './snippets.ts';
import type { Surveyed } from './survey.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LONGEST_WAIT = 10 * MINUTE;
const LONGEST_INTERVAL = HOUR;

interface Delivering {
  readonly route: ReachedRoute;
  readonly mappings: readonly Mapping[];
}

/** Grouping and times of the routes that deliver window alerts here. */
export function timingFindings({ expected }: Facts, surveyed: readonly Surveyed[]): readonly Finding[] {
  const routes = delivering(surveyed);
  const findings = routes.flatMap((one) => [
    ...groupFindings(one),
    ...waitFindings(one),
    ...repeatFindings(one, expected.retry_after),
    ...muteFindings(one),
  ]);
  if (routes.length === 0 || findings.some(({ kind }) => kind !== 'note')) return findings;
  const times = routes.map(
    ({ route }) => `${route.path} after ${inWords(route.group_wait)}, again after ${inWords(route.repeat_interval)}`,
  );
  return [ok('timing', `resources and hosts are told apart; delivered by ${some(times)}`), ...findings];
}

function delivering(surveyed: readonly Surveyed[]): readonly Delivering[] {
  const routes = new Map<string, { route: ReachedRoute; mappings: Set<Mapping> }>();
  for (const { alert, stops } of surveyed) {
    if (alert.urgent) continue;
    for (const { route, hooks } of stops) {
      if (!hooks.some(({ kind }) => kind !== 'elsewhere')) continue;
      const known = routes.get(route.path) ?? { route, mappings: new Set() };
      known.mappings.add(alert.mapping);
      routes.set(route.path, known);
    }
  }
  return [...routes.values()].map(({ route, mappings }) => ({ route, mappings: [...mappings] }));
}

function groupFindings({ route: { path, group_by } }: Delivering): Finding[] {
  if (group_by === null) return [];
  const apart = ['resource', 'host'].filter((name) => !group_by.includes(name));
  const typed = group_by.includes('prediction_type') || group_by.includes('alertname');
  const missing = [...apart, ...(typed ? [] : ['prediction_type'])];
  if (missing.length === 0) return [];
  const message = `${path} groups without ${some(missing)}`;
  const why =
    'Alerts of several resources or hosts become one group: a new one waits for group_interval, and one that ends brings the others again.';
  return [warning('group-by', message, why, keyLines(path, 'group_by: [alertname, prediction_type, resource, host]'))];
}

function waitFindings({ route: { path, group_wait, group_interval } }: Delivering): Finding[] {
  const findings: Finding[] = [];
  if (group_wait > LONGEST_WAIT) {
    findings.push(
      warning(
        'group-wait',
        `${path} waits ${inWords(group_wait)} before the first delivery`,
        'A window can be over by then.',
        keyLines(path, 'group_wait: 10s'),
      ),
    );
  }
  if (group_interval > LONGEST_INTERVAL) {
    const why = 'A delivery that failed, and a change in the group, waits as long.';
    findings.push(
      warning(
        'group-interval',
        `${path} looks at a group only every ${inWords(group_interval)}`,
        why,
        keyLines(path, 'group_interval: 5m'),
      ),
    );
  }
  return findings;
}

function repeatFindings({ route: { path, repeat_interval }, mappings }: Delivering, retryAfter: number): Finding[] {
  const cooldowns = mappings.map(({ action }) => action.cooldown_hours * HOUR).filter((length) => length > 0);
  const shortest = Math.min(...cooldowns);
  const narrowest = Math.min(...mappings.map(windowLength));
  const every = inWords(repeat_interval);
  if (repeat_interval > narrowest) {
    const message = `${path} says an alert again only after ${every}; the narrowest window is ${inWords(narrowest)} wide`;
    const why = 'What was lost once (a restart, a lost record) is not said again while it can still be remedied.';
    return [
      warning(
        'repeat-interval',
        message,
        why,
        keyLines(path, repeatLine(Math.min(narrowest, Math.max(shortest, HOUR)))),
      ),
    ];
  }
  if (cooldowns.length === 0 || repeat_interval >= shortest) return [];
  const message = `${path} says an alert again every ${every}; the shortest cooldown is ${inWords(shortest)}`;
  const change = keyLines(path, repeatLine(Math.min(shortest, narrowest)));
  if (repeat_interval < retryAfter) {
    const why = 'Nothing that refused an alert can have changed by then: each repetition is noise in record and log.';
    return [warning('repeat-interval', message, why, change)];
  }
  return [note('repeat-interval', message, 'Forestall decides again by itself when the cooldown is over.', change)];
}

/** Milliseconds from entering a mapping's window to leaving it; infinite where it has no upper bound. */
function windowLength({ conditions }: Mapping): number {
  const { min_days_until_critical: least, max_days_until_critical: most } = conditions;
  return most === null || most <= (least ?? 0) ? Number.POSITIVE_INFINITY : (most - (least ?? 0)) * DAY;
}

function muteFindings({ route: { path, mute_time_intervals, active_time_intervals } }: Delivering): Finding[] {
  const intervals = [...mute_time_intervals, ...active_time_intervals];
  if (intervals.length === 0) return [];
  const message = `${path} delivers at some times only: ${some(intervals)}`;
  return [
    note(
      'time-intervals',
      message,
      'Alerts outside of them come later. allowed_hours in the mapping says when playbooks may run, and keeps the record.',
    ),
  ];
}
