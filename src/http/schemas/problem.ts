import { z } from 'zod';
import { VERDICT_OF } from '../../decision/reason.ts';
import { FINAL_STATES, UNFINISHED_STATES } from '../../execution/execution.ts';
import { ERROR_CODES } from '../problem.ts';
import { issue } from './common.ts';
import { answered } from './executions.ts';

const fields = {
  code: z.enum(ERROR_CODES).meta({ description: 'For programs: one of a closed set.' }),
  message: z.string().meta({ description: 'For people: what is wrong and what to do.' }),
  issues: z.array(issue).meta({
    description:
      'What exactly, where there is more to say. An answer that refuses is at most 300 bytes long, so that logs of senders hold it; the last issues are left out first.',
  }),
};

/** Every answer that says no, on every route. */
export const problemAnswer = z.strictObject({ error: z.strictObject(fields) });

/** An execution that cannot be approved or rejected now. */
export const conflictAnswer = z.strictObject({
  error: z.strictObject({
    ...fields,
    reason: z
      .enum([...(Object.keys(VERDICT_OF) as (keyof typeof VERDICT_OF)[]), 'expired'])
      .optional()
      .meta({ description: 'With `refused`: the gate that stops it now; `expired`: it waited for too long.' }),
    state: z
      .enum([...UNFINISHED_STATES, ...FINAL_STATES])
      .optional()
      .meta({ description: 'With `not_waiting`: the state that it is in.' }),
    answered: answered
      .nullable()
      .optional()
      .meta({ description: 'With `not_waiting`: who was first, if anybody was.' }),
  }),
});
