import { z } from 'zod';
import { instant, listOf } from './common.ts';

const targetFields = {
  prediction_type: z.string().meta({ description: 'What is predicted.', examples: ['disk_exhaustion'] }),
  resource: z.string().meta({ description: 'Of what: a mount point, a service.', examples: ['/srv'] }),
  host: z
    .string()
    .optional()
    .meta({ description: 'On which host; left out where none is named.', examples: ['nas'] }),
};

/** What a prediction is about. */
export const target = z.strictObject(targetFields);

const predictionFields = {
  ...targetFields,
  days_until_critical: z
    .number()
    .min(0)
    .nullable()
    .meta({ description: 'Days from `observed_at` until it is critical; null: no crossing.', examples: [8.2] }),
  confidence: z
    .number()
    .min(0)
    .max(1)
    .meta({ description: 'Probability that the prediction comes true, 0 to 1.', examples: [0.85] }),
  observed_at: instant.meta({ description: 'When it was made, ISO 8601 in UTC.' }),
  source: z.string().meta({
    description: 'Where it came from: `file:PATH`, `api`, `alert`, `cli`.',
    examples: ['file:/var/lib/forestall/predictions.json'],
  }),
  labels: z.record(z.string(), z.string()).meta({ description: 'What else the prediction says about itself.' }),
};

/** A forecast as it was known. */
export const prediction = z.strictObject(predictionFields);

export const currentPrediction = z.strictObject({
  ...predictionFields,
  age_seconds: z.number().meta({ description: 'Seconds since `observed_at`; below 0 where clocks differ.' }),
  stale: z
    .boolean()
    .meta({ description: 'True: too old to act on (`predictions.stale_after`), or dated in the future.' }),
  mapping: z.string().nullable().meta({ description: 'Id of the mapping that it meets; null when none does.' }),
});

export const currentPredictions = listOf(currentPrediction, 'One per target, all of them: `next` is always null.');
