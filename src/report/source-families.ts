import { cleanLabel } from './exposition.ts';
import type { Readings } from './metrics-input.ts';

/** A gauge, as far as it is filled here. */
interface Family {
  reset(): void;
  set(labels: Readonly<Record<string, string>>, value: number): void;
}

type Families = Readonly<
  Record<'sourceUp' | 'sourceSuccess' | 'errorDays' | 'brier' | 'precision' | 'unproven', Family>
>;

/** What is said of the sources of predictions, and of how their forecasts did. */
export function fillSources(families: Families, { sources, scores }: Readings): void {
  const { sourceUp, sourceSuccess, errorDays, brier, precision, unproven } = families;
  for (const family of [sourceUp, sourceSuccess, errorDays, brier, precision, unproven]) family.reset();
  for (const { source, up, last_success } of sources ?? []) {
    const labels = { source: cleanLabel(source) };
    sourceUp.set(labels, up ? 1 : 0);
    if (last_success !== null) sourceSuccess.set(labels, last_success / 1000);
  }
  for (const { prediction_type: type, absolute_error_days, brier_score } of scores?.types ?? []) {
    const prediction_type = cleanLabel(type);
    if (absolute_error_days !== null) errorDays.set({ prediction_type }, absolute_error_days);
    if (brier_score !== null) brier.set({ prediction_type }, brier_score);
  }
  for (const { prediction_type, source, proof, standing } of scores?.sources ?? []) {
    const labels = { prediction_type: cleanLabel(prediction_type), source: cleanLabel(source) };
    if (proof.scored > 0) precision.set(labels, proof.came_true / proof.scored);
    unproven.set(labels, standing === 'unproven' ? 1 : 0);
  }
}
