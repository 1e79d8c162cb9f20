import { z } from 'zod';
import { count, instant, instantOrNull } from './common.ts';
import { target } from './predictions.ts';

const share = (description: string) => z.number().min(0).max(1).meta({ description });
const shareOrNull = (description: string) =>
  z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .meta({ description: `${description} Null: nothing to say it from.` });

const scoreFields = {
  scored: count('Forecasts that were compared with what happened.'),
  came_true: count('Those of them that came true.'),
  cut_short: count('Not counted: a run or a cleanup came first.'),
  unknown: count('Not counted: what happened cannot be found out.'),
  open: count('Not judged yet.'),
  absolute_error_days: z
    .number()
    .min(0)
    .nullable()
    .meta({ description: 'Mean error of those that named days within 14 and became critical; null without one.' }),
  brier_score: shareOrNull('Mean squared error of the confidence; 0 is perfect.'),
  calibration_error: shareOrNull('Mean distance between what was stated and what came true, over tenths.'),
  actionable: count('Of the scored ones those that would have been acted on.'),
  precision: shareOrNull('Share of the actionable ones that came true.'),
};

const score = z.strictObject(scoreFields);

export const calibrationBin = z.strictObject({
  from: share('Least confidence of the bin.'),
  to: share('End of the bin.'),
  forecasts: count('Scored ones in it.'),
  stated: share('Their mean confidence.'),
  came_true: share('Share of them that came true.'),
});

const typeScore = z.strictObject({
  prediction_type: z.string(),
  ...scoreFields,
  calibration: z.array(calibrationBin).meta({ description: 'Tenths of the confidence in which anything was scored.' }),
  correction: z
    .strictObject({
      slope: z.number(),
      shift: z.number(),
      forecasts: count('Scored forecasts that it was fitted on.'),
    })
    .nullable()
    .meta({
      description:
        'How the built-in forecaster corrects its probabilities: logit(p) times the slope plus the shift. Null: not at all.',
    }),
});

const sourceScore = z.strictObject({
  prediction_type: z.string(),
  source: z.string(),
  ...scoreFields,
  proof: z
    .strictObject({ scored: count('Actionable ones that were scored.'), came_true: count('Those that came true.') })
    .meta({ description: 'What the gate `unproven` asks, always over 90 days.' }),
  standing: z.enum(['too_few', 'proven', 'unproven']).meta({ description: 'What the gate makes of it.' }),
});

export const accuracyAnswer = z.strictObject({
  since: instant.meta({ description: 'Forecasts whose window closed since then count.' }),
  until: instant,
  all: score.meta({ description: 'Over everything that was asked for.' }),
  next_closes_at: instantOrNull('When the first window of an open forecast closes; null: none is open.'),
  types: z.array(typeScore),
  sources: z.array(sourceScore),
  resources: z.array(z.strictObject({ ...target.shape, ...scoreFields })),
});
