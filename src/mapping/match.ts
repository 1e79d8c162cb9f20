import type { Target } from '../prediction/prediction.ts';
import { globMatches } from './glob.ts';
import type { ActionMapping, Mapping } from './mapping.ts';

/** The first mapping that matches type and resource decides; null when none does. */
export function findMapping(actionMapping: Pick<ActionMapping, 'mappings'>, target: Target): Mapping | null {
  for (const mapping of actionMapping.mappings) {
    if (mapping.prediction_type === target.prediction_type && globMatches(mapping.resource_filter, target.resource)) {
      return mapping;
    }
  }
  return null;
}
