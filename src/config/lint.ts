import { formatDuration } from '../mapping/duration.ts';
import type { Issue } from '../mapping/issue.ts';
import type { ActionMapping } from '../mapping/mapping.ts';
import type { Settings } from './schema.ts';

/** What of forestall.yaml does not fit the mapping, or itself, though it can be used. */
export function lintSettings({ playbooks, forecast, rules }: Settings, { mappings }: ActionMapping): Issue[] {
  const issues: Issue[] = [];
  const mapped = new Set(mappings.map(({ action }) => action.playbook));
  for (const name of Object.keys(playbooks)) {
    if (mapped.has(name)) continue;
    const message = `no mapping names the playbook ${name}: it never runs; map it, or remove it`;
    issues.push({ path: ['playbooks', name], on: 'key', message });
  }
  if (forecast !== undefined && rules.keep_firing_for < forecast.every) {
    const message = `${formatDuration(rules.keep_firing_for)} is shorter than forecast.every (${formatDuration(forecast.every)}): a forecast near the edge of its window leaves it and comes back, and the alert ends and begins each time; several forecasts, such as 6h, bridge that`;
    issues.push({ path: ['rules', 'keep_firing_for'], on: 'value', message });
  }
  return issues;
}
