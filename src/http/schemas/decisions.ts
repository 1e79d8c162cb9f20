import { z } from 'zod';
import { VERDICT_OF } from '../../decision/reason.ts';
import { count, instant, instantOrNull, issue, listOf } from './common.ts';
import { prediction, target } from './predictions.ts';

const reasons = Object.keys(VERDICT_OF) as (keyof typeof VERDICT_OF)[];

export const gate = z.strictObject({
  gate: z
    .enum(reasons)
    .exclude(['approved'])
    .meta({ description: 'The reason that this gate gives where it stops.', examples: ['cooldown'] }),
  outcome: z
    .enum(['pass', 'stop', 'skip'])
    .meta({ description: '`skip`: it had nothing to look at.', examples: ['pass'] }),
  message: z.string().meta({ description: 'One sentence with the values compared.' }),
});

export const decision = z.strictObject({
  id: z.string().nullable().meta({ description: 'Null where it is not kept: ignored, or only explained.' }),
  decided_at: instant.meta({ description: 'When the gates were asked, ISO 8601 in UTC.' }),
  trigger: z.enum(['webhook', 'api', 'run', 'cli']).meta({ description: 'What asked for it.' }),
  alertname: z.string().nullable().optional().meta({ description: 'From a webhook only; null where it has none.' }),
  fingerprint: z
    .string()
    .nullable()
    .optional()
    .meta({ description: "From a webhook only: the alert's; null where it cannot be read." }),
  target: target.nullable().meta({ description: 'Null where the alert names none.' }),
  prediction: prediction
    .nullable()
    .meta({ description: 'The prediction that was decided on; null where none is known.' }),
  mapping: z.string().nullable().meta({ description: 'Id of the mapping that it met; null when none did.' }),
  playbook: z.string().nullable().meta({ description: 'The playbook of that mapping.' }),
  verdict: z
    .enum(['approved', 'rejected', 'deferred', 'escalated', 'ignored'])
    .meta({ description: '`deferred` may pass later, `escalated` is for people.' }),
  reason: z.enum(reasons).meta({ description: 'The gate that stopped it, or `approved`.' }),
  message: z.string().meta({ description: 'One sentence with the values compared.' }),
  gates: z.array(gate).meta({ description: 'The gates that were asked, in their order.' }),
  execution_id: z.string().nullable().meta({ description: 'The execution that it claimed.' }),
  next_attempt_at: instantOrNull('When the gate that stopped it opens; null where time alone does not open it.'),
  repeats: count('How often the same refusal came again.'),
  last_at: instant.meta({ description: 'When it came last, ISO 8601 in UTC.' }),
});

export const decisionList = listOf(decision, 'Newest first.');

/** What `POST /webhook` answers. */
export const webhookAnswer = z.strictObject({
  received: count('Alerts in the body.'),
  decisions: z.array(decision).meta({ description: 'One per alert, in their order.' }),
  truncated: count('Alerts that the sender cut off (`max_alerts`); left out where it cut off none.').optional(),
});

/** What `POST /api/v1/predictions` answers. */
export const predictionsAnswer = z.strictObject({
  received: count('Predictions in the body, bad ones among them.'),
  decisions: z
    .array(decision)
    .meta({ description: 'One per prediction that could be read, in their order; none with `mode=publish`.' }),
  problems: z.array(issue).meta({ description: 'One per entry that was skipped.' }),
});
