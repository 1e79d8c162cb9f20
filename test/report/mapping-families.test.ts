import { describe, expect, it } from 'vitest';
import type { Prediction } from '../../src/prediction/prediction.ts';
import { renderMappings } from '../../src/report/mapping-families.ts';
import { permittingMapping, permittingPrediction } from '../support/decision.ts';

const exact = permittingMapping({ id: 'exact', resource_filter: '/srv' });
const rest = permittingMapping({
  id: 'rest"',
  resource_filter: '*',
  conditions: { min_days_until_critical: null, max_days_until_critical: 30, min_confidence: 0.5 },
  action: { playbook: 'other' },
});
const drift = permittingMapping({
  id: 'drift',
  prediction_type: 'service_drift',
  conditions: { min_days_until_critical: null, max_days_until_critical: null },
});
const mapping = { mappings: [exact, rest, drift] };

const samples = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
const actionable = (...predictions: (Partial<Prediction> & { readonly stale?: boolean })[]) =>
  samples(
    renderMappings(
      mapping,
      predictions.map(({ stale = false, ...changes }) => ({ prediction: permittingPrediction(changes), stale })),
    ),
  )
    .filter((line) => line.startsWith('proactive_remediation_actionable_predictions{'))
    .map((line) => Number(line.split(' ').at(-1)));

describe('the gauges of the mapping', () => {
  it('show the conditions, and leave out a bound that is not set', () => {
    const labels = {
      exact: '{mapping="exact",prediction_type="disk_exhaustion",playbook="disk-cleanup"}',
      rest: '{mapping="rest\\"",prediction_type="disk_exhaustion",playbook="other"}',
      drift: '{mapping="drift",prediction_type="service_drift",playbook="disk-cleanup"}',
    };
    expect(samples(renderMappings(mapping, null))).toEqual([
      `proactive_remediation_mapping_min_days${labels.exact} 7`,
      `proactive_remediation_mapping_max_days${labels.exact} 10`,
      `proactive_remediation_mapping_max_days${labels.rest} 30`,
      `proactive_remediation_mapping_min_confidence${labels.exact} 0.7`,
      `proactive_remediation_mapping_min_confidence${labels.rest} 0.5`,
      `proactive_remediation_mapping_min_confidence${labels.drift} 0.7`,
    ]);
  });

  it.each([
    ['none', [], [0, 0, 0]],
    ['in the window, counted at the first mapping that matches', [{}, { host: 'b' }], [2, 0, 0]],
    [
      'out of the first window counts nowhere: the later mapping does not decide',
      [{ days_until_critical: 20 }],
      [0, 0, 0],
    ],
    ['both bounds are inside', [{ days_until_critical: 7 }, { days_until_critical: 10, host: 'b' }], [2, 0, 0]],
    ['more urgent than the window', [{ days_until_critical: 6.9 }], [0, 0, 0]],
    ['no crossing', [{ days_until_critical: null }], [0, 0, 0]],
    ['not sure enough', [{ confidence: 0.69 }], [0, 0, 0]],
    ['stale', [{ stale: true }], [0, 0, 0]],
    ['another resource', [{ resource: '/x', days_until_critical: 0 }], [0, 1, 0]],
    ['a mapping without days', [{ prediction_type: 'service_drift', days_until_critical: null }], [0, 0, 1]],
    ['a type that no mapping names', [{ prediction_type: 'x' }], [0, 0, 0]],
  ] as const)('count what could be acted on: %s', (_title, predictions, counts) => {
    expect(actionable(...predictions)).toEqual(counts);
  });

  it('show no count where the predictions could not be read', () => {
    expect(renderMappings(mapping, null)).not.toContain('actionable_predictions{');
  });
});
