import { z } from 'zod';
import { plainDecimal } from '../../prediction/decimal.ts';
import { isoInstant } from '../../prediction/instant.ts';

const MAX_TEXT = 65_536;
const MAX_LABELS = 64;
const PLAIN_DECIMAL = '^-?\\d+(\\.\\d+)?([eE][+-]?\\d+)?$';

const text = z
  .string()
  .max(MAX_TEXT)
  .refine((value) => value.isWellFormed());
const name = text.min(1);
const decimalWithin = (least: number, most: number) =>
  z
    .string()
    .max(64)
    .refine((value) => {
      const number = plainDecimal(value);
      return number !== null && number >= least && number <= most;
    })
    .meta({ description: 'A plain decimal, as Go prints it too: `8.2e+00`.', pattern: PLAIN_DECIMAL });

/** How long until critical. */
export const timeLeft = z
  .union([z.number().min(0), z.enum(['never', 'now']), decimalWithin(0, Number.MAX_VALUE), z.null()])
  .meta({ description: 'A number of 0 or more; null or `never`: no crossing; `now`: 0.', examples: [8.2] });

const unusable = z.unknown().meta({ description: 'Anything else is skipped and named in `problems`.' });
const notLookedAt = z.unknown().meta({ description: 'Of any type beside a `days_until_critical`.' });

const shared = {
  host: name.nullish().meta({ description: 'On which host; null or left out where none is named.', examples: ['nas'] }),
  confidence: z
    .union([z.number().min(0).max(1), decimalWithin(0, 1)])
    .meta({ description: 'Probability that it comes true, 0 to 1.', examples: [0.85] }),
  observed_at: z
    .string()
    .max(64)
    .refine((value) => isoInstant(value) !== null)
    .nullish()
    .meta({
      description:
        "When it was made, ISO 8601, without a zone in the service's local time; left out: the document's `generated_at`, else now. At most five minutes in the future.",
      examples: ['2026-03-01T12:00:00Z'],
    }),
  labels: z
    .record(text, text)
    .refine((all) => Object.keys(all).length <= MAX_LABELS)
    .nullish()
    .meta({ description: 'At most 64, of texts.', maxProperties: MAX_LABELS }),
};

/** One prediction as `POST /api/v1/predictions` and prediction files take it. */
export const givenPrediction = z
  .looseObject({
    prediction_type: name.meta({ description: 'What is predicted.', examples: ['disk_exhaustion'] }),
    resource: name.meta({ description: 'Of what: a mount point, a service.', examples: ['/srv'] }),
    days_until_critical: timeLeft.optional().meta({ description: 'Days. Left out: no crossing.' }),
    days_to_exhaustion: z.union([timeLeft, notLookedAt]).optional().meta({
      description: 'Another name of `days_until_critical`, read where that one is null or left out.',
    }),
    ...shared,
  })
  .refine(
    ({ days_until_critical: days, days_to_exhaustion: other }) =>
      (days ?? null) !== null || other === undefined || timeLeft.safeParse(other).success,
  )
  .meta({ description: 'A prediction. More fields are ignored.' });

const cached = {
  ...shared,
  mountpoint: z.unknown().optional().meta({ description: 'Of a `disk`: the resource, a text.' }),
  service: z
    .unknown()
    .optional()
    .meta({ description: 'Of a `memory`: the resource, a text; left out: `system_memory`.' }),
};
const TIME_LEFT = { $ref: '#/components/schemas/TimeLeft' };

export const cacheEntry = z.looseObject(cached).meta({
  description:
    'An entry of the homelab cache. The one key that begins `days_until_` or `hours_until_` says how long is left, in that unit.',
  patternProperties: { '^(days|hours)_until_': TIME_LEFT },
});

const cacheKind = z.union([cacheEntry, z.array(z.union([cacheEntry, unusable])), unusable]).optional();

const generatedAt = z
  .unknown()
  .optional()
  .meta({ description: 'When the document was made, ISO 8601, for entries that do not say it themselves.' });

const list = z
  .array(z.union([givenPrediction, unusable]))
  .min(1)
  .refine((all) => all.some((one) => givenPrediction.safeParse(one).success))
  .meta({
    description: 'At least one can be used; the others are `problems` of the answer. At most 10,000.',
    contains: { $ref: '#/components/schemas/GivenPrediction' },
  });

export const predictionDocument = z.looseObject({ generated_at: generatedAt, predictions: list });

export const homelabCache = z.looseObject({
  generated_at: generatedAt,
  predictions: z.looseObject({
    disk: cacheKind.meta({ description: 'One entry, or an array of them; each is a `disk_exhaustion`.' }),
    memory: cacheKind.meta({ description: 'One entry, or an array of them; each is a `memory_exhaustion`.' }),
  }),
});

/**
 * The body of `POST /api/v1/predictions`. It describes what `readPredictions` takes and is no part of taking it: that
 * reader says of each entry what is wrong with it, and skips it.
 */
export const predictionsBody = z
  .union([predictionDocument, homelabCache, list, givenPrediction])
  .meta({ description: 'Predictions in any of the documented shapes.' });
