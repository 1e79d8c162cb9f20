import { bytesInWords, num } from '../decision/words.ts';
import type { PlaybookResult } from '../execution/execution.ts';
import { alertnameOf, isByName } from '../prediction/by-name.ts';
import type { Prediction } from '../prediction/prediction.ts';

/** What led to an execution: a forecast, or an alert by its name. */
export function causeOf(prediction: Prediction): 'Forecast' | 'Alert' {
  return isByName(prediction) ? 'Alert' : 'Forecast';
}

/** `disk_exhaustion of /srv: critical in 8.2 days (confidence 87 %)`; of an alert by its name that it fires. */
export function predictionInWords(prediction: Prediction): string {
  const { prediction_type, resource, days_until_critical: days, confidence } = prediction;
  if (isByName(prediction)) return `${alertnameOf(prediction)} of ${resource} fires`;
  const when = days === null ? 'no crossing expected' : days === 0 ? 'critical now' : `critical in ${num(days)} days`;
  return `${prediction_type} of ${resource}: ${when} (confidence ${num(confidence * 100)} %)`;
}

/** What a playbook said about its work; empty where it said nothing. */
export function resultInWords(result: PlaybookResult | null): string {
  if (result === null) return '';
  const { summary, changes, freed_bytes, downtime_seconds, affects } = result;
  const parts: string[] = [];
  if (summary !== null && summary.trim() !== '') parts.push(summary.trim());
  if (changes !== null) parts.push(`${num(changes)} ${changes === 1 ? 'change' : 'changes'}`);
  if (freed_bytes !== null) parts.push(`${bytesInWords(freed_bytes)} freed`);
  if (downtime_seconds !== null && downtime_seconds > 0) parts.push(`${num(downtime_seconds)} s of downtime`);
  if (affects.length > 0) parts.push(`affects ${affects.join(', ')}`);
  return parts.join('; ');
}
