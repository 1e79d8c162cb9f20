import { criticalAt, type Prediction } from '../prediction/prediction.ts';
import { type Family, labelText, renderFamilies } from './exposition.ts';

export interface ExportedPrediction {
  readonly prediction: Prediction;
  readonly stale: boolean;
}

/**
 * The gauges of the current predictions in the text exposition format. Two predictions that differ in nothing that a
 * label shows are one series, the newer one: a repeated series would make Prometheus refuse the whole scrape.
 */
export function renderPredictions(predictions: readonly ExportedPrediction[]): string {
  const byLabels = new Map<string, ExportedPrediction>();
  for (const exported of predictions) {
    const { prediction } = exported;
    const labels = labelText({
      prediction_type: prediction.prediction_type,
      resource: prediction.resource,
      source: prediction.source,
      host: prediction.host,
    });
    const known = byLabels.get(labels);
    if (known === undefined || known.prediction.observed_at < prediction.observed_at) byLabels.set(labels, exported);
  }
  const current = [...byLabels.values()];
  return renderFamilies([...byLabels.keys()], families(current));
}

function families(current: readonly ExportedPrediction[]): readonly Family[] {
  const family = (name: string, help: string, value: (exported: ExportedPrediction) => number | undefined): Family => ({
    name,
    help,
    type: 'gauge',
    values: current.map(value),
  });
  return [
    family(
      'prediction_days_until_critical',
      'Days from the observation until the resource is critical; +Inf where no crossing is expected.',
      ({ prediction }) => prediction.days_until_critical ?? Infinity,
    ),
    family(
      'prediction_confidence',
      'Probability that the prediction comes true, from 0 to 1.',
      ({ prediction }) => prediction.confidence,
    ),
    family(
      'prediction_critical_timestamp_seconds',
      'When the resource is expected to be critical; absent where no crossing is expected.',
      ({ prediction }) => {
        const at = criticalAt(prediction);
        return at === null ? undefined : at / 1000;
      },
    ),
    family(
      'prediction_observed_timestamp_seconds',
      'When the prediction was made.',
      ({ prediction }) => prediction.observed_at / 1000,
    ),
    family(
      'prediction_stale',
      '1 where the prediction is too old to be acted on, or dated in the future.',
      ({ stale }) => (stale ? 1 : 0),
    ),
  ];
}
