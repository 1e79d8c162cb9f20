import { z } from 'zod';
import { instant, listOf } from './common.ts';

const targetFields = {
  prediction_type: z.string().meta({
    description: 'What is predicted; `alert:NAME` for an alert that a mapping names by its `alertname`.',
    examples: ['disk_exhaustion'],
  }),
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
    description:
      'Where it came from: `file:PATH`, `api`, `alert`, `cli`, `forecast:local`, `forecast:prometheus:NAME`.',
    examples: ['file:/var/lib/forestall/predictions.json'],
  }),
  labels: z.record(z.string(), z.string()).meta({ description: 'What else the prediction says about itself.' }),
};

/** A forecast as it was known. */
export const prediction = z.strictObject(predictionFields);

const chance = (days: number) =>
  z
    .number()
    .min(0)
    .max(1)
    .meta({ description: `Probability of being critical within ${days} days.` });

const forecast = z.strictObject({
  p_within_1d: chance(1),
  p_within_3d: chance(3),
  p_within_7d: chance(7),
  p_within_14d: chance(14),
  reasons: z
    .array(z.string())
    .meta({ description: 'Why, in words.', examples: [['climbs 1.9 % of the threshold a day over the last 7 days']] }),
  critical: z.number().meta({ description: 'The value that is critical.', examples: [0.9] }),
  made_at: instant.meta({ description: 'When the forecast was made, ISO 8601 in UTC.' }),
});

export const currentPrediction = z.strictObject({
  ...predictionFields,
  age_seconds: z.number().meta({ description: 'Seconds since `observed_at`; below 0 where clocks differ.' }),
  stale: z
    .boolean()
    .meta({ description: 'True: too old to act on (`predictions.stale_after`), or dated in the future.' }),
  mapping: z.string().nullable().meta({ description: 'Id of the mapping that it meets; null when none does.' }),
  forecast: forecast
    .optional()
    .meta({ description: 'What the prediction rests on; only where the service forecast it itself.' }),
});

export const currentPredictions = listOf(currentPrediction, 'One per target, all of them: `next` is always null.');
