import { pass, policyGate, stop } from '../gate.ts';
import { atTime } from '../words.ts';

/** One unfinished execution per playbook in its scope. */
export const inProgress = policyGate('in_progress', (_prediction, { action }, _input, { unfinished }) =>
  unfinished === null
    ? pass(`${action.playbook} is idle`)
    : stop(
        `${action.playbook} ${unfinished.state === 'awaiting_approval' ? 'waits for confirmation' : `is ${unfinished.state}`} as ${unfinished.execution_id} since ${atTime(unfinished.claimed_at)}`,
      ),
);
