import type { GateResult } from '../../decision/decision.ts';
import type { Reason } from '../../decision/reason.ts';
import { inWords } from '../../decision/words.ts';
import type { Execution } from '../../execution/execution.ts';
import { targetKey } from '../../prediction/prediction.ts';
import type { Automation, OutlookItem } from './ports.ts';
import { plain, targetName } from './words.ts';

/**
 * `run`: nothing stands in the way, or it runs already; `wait`: time alone opens it; `ask`: somebody has to approve it;
 * `hold`: something else has to happen first; `never`: not as it is; `people`: too late for automation.
 */
export type Tone = 'run' | 'wait' | 'ask' | 'hold' | 'never' | 'people';

export interface NextStep {
  readonly tone: Tone;
  readonly words: string;
  /** When it can run, as far as time alone decides; null where it does not. */
  readonly at: number | null;
}

/** What the words depend on beside the decision itself. */
export interface Situation {
  readonly automation: Pick<Automation, 'mode'>;
  readonly unfinished: readonly Execution[];
  readonly now: number;
}

/** What opens, where a gate opens by itself. */
const OPENS: Partial<Record<Reason, string>> = {
  kill_switch: 'when the pause ends',
  circuit_open: 'when the circuit breaker lets it try again',
  cooldown: 'when the cooldown ends',
  settling: 'when it is known whether the last run helped',
  retry_later: 'when it is tried again',
  limit: 'when its limit allows the next run',
  weekly_limit: 'when the weekly limit allows the next run',
  daily_limit: 'when the daily limit allows the next run',
  blast_radius: 'when its blast radius allows another host',
  outside_hours: 'when its allowed hours begin',
};

/** What else has to happen, where time alone does not open a gate. */
const HOLDS: Partial<Record<Reason, string>> = {
  kill_switch: 'not while paused',
  not_urgent_yet: 'not yet',
  not_persistent: 'not yet',
  stale_prediction: 'not before a newer prediction',
  unproven: 'not before its forecasts come true more often',
  in_progress: 'after the one under way',
  circuit_open: 'not before people looked',
  settling: 'not before the outcome is known',
};

/** What happens next to a prediction, in words, out of the decision on it. */
export function nextStep(item: Pick<OutlookItem, 'decision' | 'asks' | 'prediction'>, situation: Situation): NextStep {
  const { decision, asks } = item;
  const { automation, now } = situation;
  const { verdict, reason, message, next_attempt_at: at } = decision;
  if (verdict === 'approved') return approved(automation.mode, asks, now);

  const urgent = decision.gates.find(({ gate, outcome }) => gate === 'too_urgent' && outcome === 'stop');
  if (urgent !== undefined) return { tone: 'people', words: `never: ${urgent.message}`, at: null };
  if (reason === 'kill_switch' && automation.mode === 'disabled') return never(message);
  const underWay = reason === 'in_progress' ? situation.unfinished.find(({ id }) => message.includes(id)) : undefined;
  if (underWay !== undefined) return behind(underWay, item);

  const later = stopsBehind(decision.gates, reason);
  if (reason === 'kill_switch' && later !== undefined) return paused(item, later, situation);
  const also = later === undefined ? '' : `; then also ${plain(later.gate)}: ${later.message}`;
  const opens = OPENS[reason];
  if (at !== null && at > now) {
    const words = `in ${inWords(at - now)}, ${opens ?? `when ${plain(reason)} opens`}${also}`;
    return later === undefined ? { tone: 'wait', words, at } : { tone: 'hold', words, at: null };
  }
  const hold = HOLDS[reason] ?? opens;
  if (hold === undefined) return never(message);
  const words = reason === 'kill_switch' ? hold : `${hold}: ${message}`;
  return { tone: 'hold', words: `${words}${also}`, at: null };
}

/** The end of a pause lets nothing run that another gate stops as well: what that one says is what counts. */
function paused(
  item: Pick<OutlookItem, 'decision' | 'asks' | 'prediction'>,
  { gate, message }: GateResult,
  situation: Situation,
): NextStep {
  const { decision } = item;
  const gates = decision.gates.filter((result) => result.gate !== 'kill_switch');
  const without = { ...decision, gates, reason: gate, message, next_attempt_at: null };
  const { tone, words } = nextStep({ ...item, decision: without }, situation);
  return { tone, words: `paused; then ${words}`, at: null };
}

function approved(mode: Automation['mode'], asks: boolean, now: number): NextStep {
  if (mode === 'dry_run') return { tone: 'run', words: 'dry run now', at: now };
  return asks
    ? { tone: 'ask', words: 'asks for confirmation now', at: now }
    : { tone: 'run', words: 'runs now', at: now };
}

function never(message: string): NextStep {
  return { tone: 'never', words: `never: ${message}`, at: null };
}

/** An execution holds the playbook: this prediction's own, or another's. */
function behind({ state, answered, prediction, playbook }: Execution, item: Pick<OutlookItem, 'prediction'>): NextStep {
  const asks = state === 'awaiting_approval' && answered === null;
  if (targetKey(prediction) === targetKey(item.prediction)) {
    return asks
      ? { tone: 'ask', words: 'waits for your approval', at: null }
      : { tone: 'run', words: `under way: ${plain(state)}`, at: null };
  }
  const words = `after ${playbook} for ${targetName(prediction)}, which ${asks ? 'waits for approval' : 'is under way'}`;
  return { tone: 'hold', words, at: null };
}

/** The first gate that stops it as well, once the one that decides is open. */
function stopsBehind(gates: readonly GateResult[], reason: Reason): GateResult | undefined {
  return gates.find(({ gate, outcome }) => outcome === 'stop' && gate !== reason);
}
