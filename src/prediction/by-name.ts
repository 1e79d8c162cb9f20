import type { Prediction } from './prediction.ts';

/** The type of what is remediated because of an alert's name alone is this and the name. */
const PREFIX = 'alert:';

/** `alert:ContainerDown`. */
export function typeByName(alertname: string): string {
  return PREFIX + alertname;
}

/**
 * True for what stands for an alert that a mapping names by its `alertname`: nobody forecast anything, so it has no days,
 * and its confidence of 1 says no more than that the alert fires. Its labels are all those of the alert. What was posted
 * or read under such a type is no alert.
 */
export function isByName({ prediction_type, source }: Pick<Prediction, 'prediction_type' | 'source'>): boolean {
  return source === 'alert' && isTypeByName(prediction_type);
}

function isTypeByName(predictionType: string): boolean {
  return predictionType.startsWith(PREFIX);
}

/** The alert's name; the type itself where it is none by name. */
export function alertnameOf({ prediction_type }: Pick<Prediction, 'prediction_type'>): string {
  return isTypeByName(prediction_type) ? prediction_type.slice(PREFIX.length) : prediction_type;
}
