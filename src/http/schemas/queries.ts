import { z } from 'zod';
import { FINAL_STATES, UNFINISHED_STATES } from '../../execution/execution.ts';
import { parseDuration } from '../../mapping/duration.ts';

const LIMIT = 'expected a whole number from 1 to 500';

const limit = z
  .string()
  .regex(/^[1-9]\d{0,2}$/, LIMIT)
  .transform(Number)
  .pipe(z.int().min(1).max(500, LIMIT))
  .default(50)
  .meta({ description: 'How many items at most, in decimal digits.', examples: [100] });

const before = z
  .string()
  .regex(/^[\x21-\x7e]{1,256}$/, 'expected the `next` of an earlier answer')
  .optional()
  .meta({ description: 'The `next` of the page before: what follows comes after it, older and older.' });

export const executionsQuery = z.strictObject({
  playbook: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ description: 'Only those of this playbook.', examples: ['disk-cleanup'] }),
  state: z
    .enum([...UNFINISHED_STATES, ...FINAL_STATES])
    .optional()
    .meta({ description: 'Only those in this state.', examples: ['awaiting_approval'] }),
  limit,
  before,
});

export const decisionsQuery = z.strictObject({ limit, before });

/** So far back is on record. */
const LONGEST_SINCE = 400 * 86_400_000;

/** A duration as text in milliseconds; null for what is none, or longer than anything is on record. */
export function sinceOf(text: string): number | null {
  const length = parseDuration(text);
  return length !== null && length > 0 && length <= LONGEST_SINCE ? length : null;
}

export const accuracyQuery = z.strictObject({
  since: z
    .string()
    .refine((text) => sinceOf(text) !== null, 'expected a duration such as 90d, at most 400d')
    .default('90d')
    .meta({ description: 'How far back windows may have closed.', examples: ['30d'] }),
  type: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ description: 'Only this prediction type.', examples: ['disk_exhaustion'] }),
  resource: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .meta({ description: 'Only this resource.', examples: ['/srv'] }),
});

export const outputQuery = z.strictObject({
  phase: z
    .enum(['dry_run', 'run'])
    .default('run')
    .meta({ description: 'Whose output: of the dry run, or of the real run.', examples: ['run'] }),
});

export const modeQuery = z.strictObject({
  mode: z
    .enum(['live', 'dry-run', 'explain', 'publish'])
    .default('live')
    .meta({
      description:
        '`live` decides and acts; `dry-run` stops after the dry run; `explain` decides and does nothing; `publish` only exports the predictions.',
      examples: ['explain'],
    }),
});
