import { formatDuration } from './duration.ts';
import { isGlob } from './glob.ts';
import { found, type Issue, type IssuePath } from './issue.ts';
import type { Action, ActionMapping, Mapping } from './mapping.ts';
import { shadowedBy } from './shadow.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

/** What can be read and used, and does not do what it seems to. Each with its place in the mapping's document. */
export function lintMapping(actionMapping: ActionMapping): Issue[] {
  const { mappings } = actionMapping;
  return [
    ...mappings.flatMap((mapping, at) => [
      ...cooldownIssues(mapping, mappings, ['mappings', at]),
      ...limitIssues(mapping, mappings, ['mappings', at]),
      ...windowIssues(mapping, mappings, ['mappings', at]),
    ]),
    ...dailyIssues(actionMapping),
  ];
}

function issue(path: IssuePath, message: string): Issue {
  return { path, on: 'value', message };
}

/** After a run that succeeded its one target is held until the outcome is known, whatever the cooldown says. */
function cooldownIssues(mapping: Mapping, mappings: readonly Mapping[], path: IssuePath): Issue[] {
  const { cooldown_hours, verify } = mapping.action;
  const cooldown = cooldown_hours * HOUR;
  // The end of an alert ends the wait for its outcome.
  const waitsForAlert = mapping.alert !== null && verify.expect === null;
  if (waitsForAlert || cooldown === 0 || cooldown >= verify.after || !holdsOneTarget(mapping, mappings)) return [];
  const message = `the cooldown of ${formatDuration(cooldown)} is over before verify.after (${formatDuration(verify.after)}): until then the target is settling, so the cooldown counts after failed runs only; make it as long, or verify sooner`;
  return [issue([...path, 'action', 'cooldown_hours'], message)];
}

/** Whether the cooldown holds for nothing but the target that was remediated. */
function holdsOneTarget({ action, alert, resource_filter }: Mapping, mappings: readonly Mapping[]): boolean {
  if (action.limit_scope === 'resource') return true;
  const isOne = alert === null ? !isGlob(resource_filter) : alert.resource !== null;
  return isOne && sharing(action, mappings).length === 1;
}

function sharing({ playbook }: Action, mappings: readonly Mapping[]): readonly Action[] {
  return mappings.map(({ action }) => action).filter((action) => action.playbook === playbook);
}

interface Window {
  readonly runs: number;
  /** Milliseconds. */
  readonly per: number;
  readonly name: string;
  readonly key: IssuePath;
}

function limitsOf({ max_executions_per_week: weekly, limits }: Action): Window[] {
  const windows = limits.map(({ runs, per }, at): Window => {
    return { runs, per, name: `${runs} runs in ${formatDuration(per)}`, key: ['limits', at] };
  });
  if (weekly === null) return windows;
  const name = `${weekly} runs in a week`;
  return [{ runs: weekly, per: WEEK, name, key: ['max_executions_per_week'] }, ...windows];
}

/** Runs that a trailing window of `per` can hold at most, where no more than `runs` begin in any `within`. */
function mostRuns(runs: number, within: number, per: number): number {
  return runs * Math.ceil(per / within);
}

/** Limits are counted over all mappings of a playbook: what only one of several keeps to bounds nothing. */
function limitIssues({ action }: Mapping, mappings: readonly Mapping[], path: IssuePath): Issue[] {
  if (sharing(action, mappings).length > 1) return [];
  const limits = limitsOf(action);
  const cooldown = action.cooldown_hours * HOUR;
  return limits.flatMap((limit): Issue[] => {
    const stricter = limits.find(
      (other) => other !== limit && mostRuns(other.runs, other.per, limit.per) <= limit.runs && !isSame(other, limit),
    );
    const byCooldown = cooldown > 0 && mostRuns(1, cooldown, limit.per) <= limit.runs;
    if (!byCooldown && stricter === undefined) return [];
    const by = byCooldown ? `the cooldown of ${formatDuration(cooldown)}` : (stricter?.name ?? '');
    const message = `the limit of ${limit.name} is never reached: ${by} allows no more; remove it, or make it smaller`;
    return [issue([...path, 'action', ...limit.key], message)];
  });
}

function isSame(one: Window, other: Window): boolean {
  return one.runs === other.runs && one.per === other.per;
}

/** A daily limit that all playbooks together cannot reach, even where a week's runs fall on one day. */
function dailyIssues({ mappings, global_settings }: ActionMapping): Issue[] {
  const most = global_settings.max_daily_executions;
  if (most === null || mappings.length === 0) return [];
  const playbooks = new Set(mappings.map(({ action }) => action.playbook));
  let sum = 0;
  for (const playbook of playbooks) sum += mostADay(mappings.filter(({ action }) => action.playbook === playbook));
  if (sum > most) return [];
  const message = `the limit of ${most} runs in 24 hours is never reached: the limits of the playbooks allow no more than ${sum} together; remove it, or make it smaller`;
  return [issue(['global_settings', 'max_daily_executions'], message)];
}

/** Infinite where nothing bounds it. The loosest of the mappings that share a playbook counts. */
function mostADay(mappings: readonly Mapping[]): number {
  const each = mappings.map(({ action }) => {
    if (action.limit_scope !== 'playbook') return Number.POSITIVE_INFINITY;
    return Math.min(...limitsOf(action).map(({ runs, per }) => mostRuns(runs, per, DAY)));
  });
  return Math.max(...each);
}

/** Windows of one type and resource do not add up: the first mapping decides, whatever the days. */
function windowIssues(mapping: Mapping, mappings: readonly Mapping[], path: IssuePath): Issue[] {
  const earlier = mapping.alert === null ? shadowedBy(mapping, mappings) : null;
  if (earlier === null) return [];
  const [first, second] = [windowOf(earlier), windowOf(mapping)];
  if (second.from >= first.from && second.to <= first.to) return [];
  const apart = second.from > first.to || second.to < first.from;
  const how = apart ? 'lies apart from' : 'overlaps';
  const message = `its window of ${second.text} ${how} that of ${found(earlier.id)}, ${first.text}, and is never used: the first mapping of a resource decides on it whatever the days; widen that window, or give the two resources of their own`;
  return [issue([...path, 'conditions'], message)];
}

function windowOf({ conditions }: Mapping): { readonly from: number; readonly to: number; readonly text: string } {
  const { min_days_until_critical: least, max_days_until_critical: most } = conditions;
  const from = least ?? 0;
  const text = most === null ? `${from} days and more` : `${from} to ${most} days`;
  return { from, to: most ?? Number.POSITIVE_INFINITY, text };
}
