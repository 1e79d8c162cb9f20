import { decide } from '../decision/decide.ts';
import type { DecisionInput, Draft, Facts, Mode } from '../decision/decision.ts';

/** The last look at an execution that was claimed in this mode; anything but an approval keeps it from running. */
export function lookBeforeRun(mode: Mode, input: DecisionInput, facts: Facts): Draft {
  const draft = decide(input, facts);
  if (draft.verdict !== 'approved') return draft;
  return mode !== 'live' || input.policy.dry_run_mode ? onlyRehearsing(draft) : draft;
}

/** What dry run mode forbids is no gate's business before the run; a reload may have switched it on since the claim. */
function onlyRehearsing(draft: Draft): Draft {
  return {
    ...draft,
    verdict: 'rejected',
    reason: 'kill_switch',
    message: 'only a dry run is allowed: nothing is run for real',
  };
}
