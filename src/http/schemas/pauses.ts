import { z } from 'zod';
import { readDuration } from '../duration.ts';

/** What reads as a duration; `readDuration` says as well that one without any part is none. */
const DURATION = '^(\\d+y)?(\\d+w)?(\\d+d)?(\\d+h)?(\\d+m)?(\\d+s)?(\\d+ms)?$';

const line = (max: number) =>
  z
    .string()
    .max(max)
    .refine((text) => !/\p{Cc}|[\u2028\u2029]/u.test(text), 'control characters are not accepted')
    .refine((text) => text.isWellFormed(), 'half a character (a lone surrogate) is not accepted');

const pauseName = line(64)
  .min(1)
  .meta({
    description: 'Pauses are apart by name: lifting one leaves the others. At most 64 characters in one line.',
    examples: ['backup'],
  });

export const pauseBody = z.strictObject({
  name: pauseName.default('manual'),
  for: z
    .string()
    .meta({
      description: 'How long, a Prometheus duration above 0 (`30m`, `1h30m`, `2d`); left out: until it is lifted.',
      pattern: DURATION,
      minLength: 2,
      maxLength: 40,
      examples: ['2h'],
    })
    .transform(readDuration)
    .refine((value) => value === null || value > 0, 'expected more than 0')
    .refine((value) => value !== null, 'expected a duration such as 30m or 2h')
    .optional(),
  reason: line(500)
    .nullable()
    .default(null)
    .meta({ description: 'Why, at most 500 characters in one line.', examples: ['moving the disks'] }),
});

export const resumeBody = z
  .strictObject({
    name: pauseName.optional(),
    all: z.boolean().default(false).meta({ description: 'Lifts every pause.' }),
  })
  .refine(({ name, all }) => name === undefined || !all, 'give either name or all');
