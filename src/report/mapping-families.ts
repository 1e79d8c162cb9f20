import type { ActionMapping, Mapping } from '../mapping/mapping.ts';
import { findMapping } from '../mapping/match.ts';
import { inWindow } from '../prediction/window.ts';
import { type Family, labelText, renderFamilies } from './exposition.ts';
import type { ExportedPrediction } from './prediction-families.ts';

/**
 * The conditions of every mapping of predictions in the text exposition format, and how many predictions meet them now: dashboards draw
 * the one as bands, and an alert compares the other with the decisions that were made. `predictions`: null where they
 * could not be read; then there are no counts.
 */
export function renderMappings(
  actionMapping: Pick<ActionMapping, 'mappings'>,
  predictions: readonly ExportedPrediction[] | null,
): string {
  const mappings = actionMapping.mappings.filter(({ alert }) => alert === null);
  const labels = mappings.map(({ id, prediction_type, action }) =>
    labelText({ mapping: id, prediction_type, playbook: action.playbook }),
  );
  const family = (name: string, help: string, value: (mapping: Mapping) => number | null): Family => ({
    name: `proactive_remediation_${name}`,
    help,
    type: 'gauge',
    values: mappings.map((mapping) => value(mapping) ?? undefined),
  });
  const actionable = predictions === null ? null : countActionable(mappings, predictions);
  return renderFamilies(labels, [
    family(
      'mapping_min_days',
      "Lower bound of the mapping's window; absent without one.",
      ({ conditions }) => conditions.min_days_until_critical,
    ),
    family(
      'mapping_max_days',
      "Upper bound of the mapping's window; absent without one.",
      ({ conditions }) => conditions.max_days_until_critical,
    ),
    family(
      'mapping_min_confidence',
      'Confidence that the mapping asks for, from 0 to 1.',
      ({ conditions }) => conditions.min_confidence,
    ),
    family(
      'actionable_predictions',
      'Current predictions inside of the window and confidence of the mapping that decides on them.',
      (mapping) => actionable?.get(mapping) ?? (actionable === null ? null : 0),
    ),
  ]);
}

function countActionable(
  mappings: readonly Mapping[],
  predictions: readonly ExportedPrediction[],
): ReadonlyMap<Mapping, number> {
  const counts = new Map<Mapping, number>();
  for (const { prediction, stale } of predictions) {
    const mapping = stale ? null : findMapping({ mappings }, prediction);
    if (mapping === null || !inWindow(prediction, mapping.conditions)) continue;
    counts.set(mapping, (counts.get(mapping) ?? 0) + 1);
  }
  return counts;
}
