import { isByName } from '../prediction/by-name.ts';
import type { Prediction, Target } from '../prediction/prediction.ts';
import { globMatches } from './glob.ts';
import type { ActionMapping, AlertMatch, Mapping } from './mapping.ts';

/** The first mapping of predictions that matches type and resource decides; null when none does. */
export function findMapping(actionMapping: Pick<ActionMapping, 'mappings'>, target: Target): Mapping | null {
  for (const mapping of actionMapping.mappings) {
    if (mapping.alert !== null) continue;
    if (mapping.prediction_type === target.prediction_type && globMatches(mapping.resource_filter, target.resource)) {
      return mapping;
    }
  }
  return null;
}

/** The first mapping by `alertname` that matches an alert's labels; null when none does. */
export function findMappingByName(
  actionMapping: Pick<ActionMapping, 'mappings'>,
  labels: Readonly<Record<string, string>>,
): MappingByName | null {
  return actionMapping.mappings.filter(isMappingByName).find(({ alert }) => matches(alert, labels)) ?? null;
}

type MappingByName = Mapping & { readonly alert: AlertMatch };

function isMappingByName(mapping: Mapping): mapping is MappingByName {
  return mapping.alert !== null;
}

/** The mapping that decides on it, whether it was forecast or stands for an alert. */
export function mappingOf(actionMapping: Pick<ActionMapping, 'mappings'>, prediction: Prediction): Mapping | null {
  return isByName(prediction)
    ? findMappingByName(actionMapping, prediction.labels)
    : findMapping(actionMapping, prediction);
}

/** A label that is missing or empty, which is the same, matches nothing. */
function matches({ alertname, labels: wanted }: AlertMatch, labels: Readonly<Record<string, string>>): boolean {
  if (labels['alertname'] !== alertname) return false;
  return Object.entries(wanted).every(([name, pattern]) => {
    const value = Object.hasOwn(labels, name) ? labels[name] : '';
    return value !== undefined && value !== '' && globMatches(pattern, value);
  });
}
