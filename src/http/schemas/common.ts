import { z } from 'zod';

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** ISO 8601 in UTC with milliseconds, as every answer writes it. */
export const instant = z
  .string()
  .regex(INSTANT)
  .meta({ format: 'date-time', description: 'ISO 8601, UTC.', examples: ['2026-03-01T12:00:00.000Z'] });

export const instantOrNull = (description: string) => instant.nullable().meta({ description });

export const count = (description: string) => z.int().min(0).meta({ description });

/** One page of a list. */
export const listOf = <T extends z.ZodType>(item: T, order: string) =>
  z.strictObject({
    items: z.array(item).meta({ description: order }),
    next: z
      .string()
      .nullable()
      .meta({ description: 'Pass it as `before` for the next page, with the same filters; null at the end.' }),
  });

export const issue = z.strictObject({
  path: z.string().meta({
    description: 'Where in the body or query; empty for the whole.',
    examples: ['predictions[3].confidence'],
  }),
  message: z.string().meta({ description: 'What was found and what is allowed, for people.' }),
});
