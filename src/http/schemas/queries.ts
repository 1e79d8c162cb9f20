import { z } from 'zod';
import { FINAL_STATES, UNFINISHED_STATES } from '../../execution/execution.ts';

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
