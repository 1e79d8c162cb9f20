import type { DecisionInput } from '../../src/decision/decision.ts';
import type { Advance, Hold, Instance, Ledger } from '../../src/ledger/ledger.ts';
import type { Action } from '../../src/mapping/mapping.ts';
import type { Target } from '../../src/prediction/prediction.ts';
import {
  HOUR,
  MINUTE,
  NOW,
  permittingInput,
  permittingMapping,
  permittingPolicy,
  permittingPrediction,
} from '../support/decision.ts';

export function owner(id = 'process-a'): Instance {
  return { id, host_key: 'boot:pid', pid: 4711, pid_started: 99 };
}

/** A permitted input about another target, or at another time; limits far away unless the action says so. */
export function inputAbout(
  changes: Partial<Target> & { readonly now?: number; readonly action?: Partial<Action> } & Partial<
      Pick<DecisionInput, 'mode' | 'policy' | 'alert' | 'trigger'>
    > = {},
): DecisionInput {
  const {
    now = NOW,
    action = {},
    mode = 'live',
    policy = permittingPolicy({ max_daily_executions: null }),
    ...rest
  } = changes;
  const { alert, trigger, ...about } = rest;
  const target = { prediction_type: 'disk_exhaustion', resource: '/srv', host: 'nas', ...about };
  const base = permittingInput();
  return {
    ...base,
    now,
    mode,
    policy,
    target,
    trigger: trigger ?? base.trigger,
    alert: alert ?? { ...base.alert!, starts_at: now - 5 * MINUTE },
    prediction: permittingPrediction({ ...target, observed_at: now - HOUR }),
    mapping: permittingMapping({
      prediction_type: target.prediction_type,
      action: { max_executions_per_week: null, cooldown_hours: 0, limits: [], blast_radius: null, ...action },
    }),
  };
}

/** Claims an execution and returns its hold. Throws when the claim is refused. */
export async function claim(ledger: Ledger, input: DecisionInput = inputAbout(), by = owner()): Promise<Hold> {
  const [recorded] = await ledger.record([input], by);
  if (recorded?.hold == null)
    throw new Error(`not claimed: ${recorded?.decision.reason} ${recorded?.decision.message}`);
  return recorded.hold;
}

export const step = (to: Advance['to'], at: number, more: Partial<Advance> = {}): Advance => ({
  to,
  at,
  message: `now ${to}`,
  ...more,
});

/** Claims, runs and ends an execution: a real run that started at `input.now`. */
export async function runOnce(
  ledger: Ledger,
  input: DecisionInput = inputAbout(),
  end: Advance['to'] = 'succeeded',
  more: Partial<Advance> = {},
): Promise<string> {
  const hold = await claim(ledger, input);
  const begun = await ledger.begin(hold, input, 'running');
  if (begun?.verdict !== 'approved') throw new Error(`not begun: ${begun?.message}`);
  await ledger.advance(hold, step(end, input.now + 1000, more));
  return hold.execution_id;
}
