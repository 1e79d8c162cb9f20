import { z } from 'zod';
import { FINAL_STATES, UNFINISHED_STATES } from '../../execution/execution.ts';
import { instant, instantOrNull, listOf } from './common.ts';
import { prediction } from './predictions.ts';

export const checkResult = z.strictObject({
  check: z.string().meta({ description: 'The expression as written.', examples: ['disk_usage < 95%'] }),
  value: z
    .union([z.number(), z.boolean(), z.null()])
    .meta({ description: 'What the fact answered; null where it could not be had. Percentages are 0 to 100.' }),
  passed: z.boolean().meta({ description: 'False as well where the fact is unknown.' }),
  message: z.string().meta({ description: 'What was compared, or why there was nothing to compare.' }),
});

const bytes = (description: string) => z.number().meta({ description: `${description} Bytes.` });

export const playbookResult = z.strictObject({
  summary: z.string().nullable().meta({ description: 'In its own words.' }),
  changes: z
    .number()
    .nullable()
    .meta({ description: 'How many things it would change (dry run) or changed; null where it does not say.' }),
  freed_bytes: bytes('What it freed, as it says.').nullable(),
  downtime_seconds: z.number().nullable().meta({ description: 'How long something was down, seconds.' }),
  affects: z.array(z.string()).meta({ description: 'Services that it touches.' }),
});

export const phaseOutcome = z.strictObject({
  exit_code: z
    .int()
    .nullable()
    .meta({ description: 'Null where it did not exit by itself: ended by a signal, timed out, never started.' }),
  duration_seconds: z.number().min(0).meta({ description: 'Seconds.' }),
  result: playbookResult.nullable().meta({ description: 'What it wrote to its result file.' }),
  used_bytes: z
    .strictObject({ before: bytes('Just before.'), after: bytes('Just after.') })
    .nullable()
    .meta({ description: "Bytes in use on the target's file system, around the real run." }),
  error: z.string().nullable().meta({ description: 'Why it failed; null: success.' }),
});

export const answered = z.strictObject({
  by: z.string().meta({ description: 'Name of the token, or `cli:USER`.', examples: ['anna'] }),
  from: z.string().nullable().meta({ description: 'Address that the answer came from; null for the command line.' }),
  at: instant,
});

export const execution = z.strictObject({
  id: z.string().meta({ description: 'Opaque.' }),
  state: z
    .enum([...UNFINISHED_STATES, ...FINAL_STATES])
    .meta({ description: `Final ones: ${FINAL_STATES.map((state) => `\`${state}\``).join(', ')}.` }),
  playbook: z.string().meta({ examples: ['disk-cleanup'] }),
  mapping: z.string().meta({ description: 'Id of the mapping that approved it.' }),
  prediction: prediction.meta({ description: 'As it was when it was approved.' }),
  decision_id: z.string().meta({ description: 'The decision that claimed it.' }),
  trigger: z.enum(['webhook', 'api', 'run', 'cli']).meta({ description: 'What asked for that decision.' }),
  mode: z.enum(['live', 'dry-run']).meta({ description: '`dry-run`: it was asked to stop after the dry run.' }),
  claimed_at: instant.meta({ description: 'ISO 8601, UTC.' }),
  started_at: instantOrNull('Start of the real run; null without one.'),
  finished_at: instantOrNull('Null while it is not in a final state.'),
  safety_checks: z.array(checkResult),
  dry_run: phaseOutcome.nullable().meta({ description: 'Null before its end.' }),
  run: phaseOutcome.nullable().meta({ description: 'Null before its end, and without a real run.' }),
  verify_at: instantOrNull('When it is found out whether it helped; null where it did not succeed.'),
  verified_at: instantOrNull('When that was found out.'),
  outcome: z.enum(['effective', 'ineffective', 'unknown']).nullable().meta({
    description:
      'Whether it helped; null until that was looked at. `unknown`: in doubt, such as without a newer forecast.',
  }),
  outcome_message: z.string().nullable().meta({ description: 'Why, in one sentence; null with `outcome`.' }),
  days_before: z
    .number()
    .nullable()
    .meta({ description: 'Days until critical before it ran; null: no crossing, or no run.' }),
  days_after: z.number().nullable().meta({
    description:
      'Days until critical when it was verified; null: the prediction is gone or has no crossing, or the outcome is not known.',
  }),
  answered: answered.nullable().meta({ description: 'Who approved or rejected it; null where nobody did.' }),
  message: z.string().meta({ description: 'One sentence: how it stands or how it ended.' }),
});

export const executionList = listOf(execution, 'Newest first.');
