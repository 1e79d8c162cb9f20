import { expect } from 'vitest';
import { readPredictions } from '../../src/prediction/documents.ts';
import type { Prediction } from '../../src/prediction/prediction.ts';

export const NOW = Date.UTC(2026, 2, 1, 12);
export const FALLBACK = NOW - 3_600_000;
export const MINUTE = 60_000;
export const read = (document: unknown) =>
  readPredictions(document, { source: 'file:/p.json', fallbackTime: FALLBACK, now: NOW });
export const P = { prediction_type: 'disk_exhaustion', resource: '/', days_until_critical: 8.2, confidence: 0.85 };

/** The one prediction of a document without problems. */
export function one(document: unknown): Prediction {
  const { predictions, problems, recognised } = read(document);
  expect({ problems, recognised, found: predictions.length }).toEqual({ problems: [], recognised: true, found: 1 });
  return predictions[0] as Prediction;
}

/** The one problem of a document without predictions, as `path message`. */
export function problem(document: unknown): string {
  const { predictions, problems } = read(document);
  expect(predictions).toEqual([]);
  expect(problems).toHaveLength(1);
  return `${problems[0]?.path} ${problems[0]?.message}`;
}
