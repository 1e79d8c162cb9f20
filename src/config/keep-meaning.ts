import { lookBacksOf } from '../decision/reach.ts';
import { formatDuration } from '../mapping/duration.ts';
import type { Issue } from '../mapping/issue.ts';
import type { ActionMapping } from '../mapping/mapping.ts';
import type { Settings } from './schema.ts';

/** A ledger that forgets runs sooner than a cooldown or a limit counts them would let too many through. */
export function keepIssues({ ledger }: Settings, mapping: ActionMapping): Issue[] {
  return lookBacksOf(mapping)
    .filter(({ length }) => length > ledger.keep)
    .map(({ said_in, length }) => ({
      path: ['ledger', 'keep'],
      on: 'value',
      message: `found ${formatDuration(ledger.keep)}, and ${said_in} of the mapping looks back ${formatDuration(Math.ceil(length))}: keep at least that long`,
    }));
}
