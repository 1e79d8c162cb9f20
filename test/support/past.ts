import { decide } from '../../src/decision/decide.ts';
import type { AlertSituation, Decision, DecisionInput, Mode, Policy } from '../../src/decision/decision.ts';
import type { FinalState, Outcome } from '../../src/execution/execution.ts';
import type { Hold, Instance, Ledger } from '../../src/ledger/ledger.ts';
import type { ActionMapping } from '../../src/mapping/mapping.ts';
import { mappingOf } from '../../src/mapping/match.ts';
import type { Prediction } from '../../src/prediction/prediction.ts';
import { permittingPolicy } from './decision.ts';

/** What becomes of an execution. Milliseconds. */
export interface Course {
  /** From the claim to the run, or to the end where it does not run. */
  readonly delay: number;
  /** Null: it runs. */
  readonly stopped: FinalState | null;
  readonly duration: number;
  readonly end: 'succeeded' | 'failed' | 'interrupted';
  readonly outcome: Outcome;
  /** After it was due. */
  readonly verifiedLate: number;
}

export const WELL: Course = {
  delay: 5_000,
  stopped: null,
  duration: 60_000,
  end: 'succeeded',
  outcome: 'effective',
  verifiedLate: 1_000,
};

export interface Arrival {
  readonly prediction: Prediction;
  readonly alert: AlertSituation | null;
  readonly mode?: Mode;
  readonly consecutive?: number;
  readonly fleet?: number | null;
}

/** A service as the ledger sees it, by a clock that is driven. */
export interface Past {
  readonly now: () => number;
  /** Everything that is due until then; then the clock stands there. */
  until(at: number): Promise<void>;
  /** Decides on what arrives now. */
  arrive(arrivals: readonly Arrival[]): Promise<readonly Decision[]>;
  /** Settings of the service; `global_settings` are those of the mapping. */
  policy: Policy;
}

const OWNER: Instance = { id: 'process-a', host_key: 'boot:pid', pid: 4711, pid_started: 99 };

export function firing(alertname: string, starts_at: number): AlertSituation {
  return { problem: null, status: 'firing', alertname, fingerprint: alertname, starts_at, is_prediction: true };
}

export function policyFrom({ global_settings }: ActionMapping, changes: Partial<Policy> = {}): Policy {
  const { enable_auto_remediation, dry_run_mode, max_daily_executions, exclude, time_zone } = global_settings;
  const settings = { enable_auto_remediation, dry_run_mode, max_daily_executions, exclude };
  return permittingPolicy({ ...changes, ...settings, time_zone: time_zone ?? 'UTC' });
}

/** `courseOf`: what becomes of what is claimed. `onRun`: told of each real run that ended well. */
export function createPast(options: {
  readonly ledger: (now: () => number) => Promise<Ledger>;
  readonly start: number;
  readonly mapping: ActionMapping;
  readonly courseOf: (decision: Decision) => Course;
  readonly onRun?: (decision: Decision, at: number) => void;
}): Promise<Past & { readonly ledger: Ledger }> {
  return build(options);
}

async function build(options: Parameters<typeof createPast>[0]): Promise<Past & { readonly ledger: Ledger }> {
  const { mapping, courseOf } = options;
  let clock = options.start;
  const now = () => clock;
  const ledger = await options.ledger(now);
  const due: { at: number; act: () => Promise<void> }[] = [];
  const plan = (at: number, act: () => Promise<void>) => void due.push({ at, act });
  let policy = policyFrom(mapping);

  async function until(at: number): Promise<void> {
    for (;;) {
      due.sort((a, b) => a.at - b.at);
      const next = due[0];
      if (next === undefined || next.at >= at) break;
      due.shift();
      clock = Math.max(clock + 1, next.at);
      await next.act();
    }
    clock = Math.max(clock + 1, at);
  }

  function inputFor({ prediction, alert, mode = 'live', consecutive = 1, fleet = 10 }: Arrival): DecisionInput {
    const { prediction_type, resource, host } = prediction;
    return {
      trigger: alert === null ? 'run' : 'webhook',
      mode,
      now: clock,
      alert,
      target: { prediction_type, resource, host },
      prediction,
      prediction_problem: null,
      mapping: mappingOf(mapping, prediction),
      unsafe_value: null,
      fleet,
      silence: null,
      consecutive,
      policy,
    };
  }

  function carryOn(arrival: Arrival, decision: Decision, hold: Hold): void {
    const course = courseOf(decision);
    const input = () => ({ ...inputFor(arrival), prediction: { ...arrival.prediction, observed_at: clock } });
    const end = async (to: FinalState) => void (await ledger.advance(hold, { to, at: clock, message: to }));
    plan(clock + course.delay, async () => {
      if (course.stopped !== null) return await end(course.stopped);
      const look = input();
      if (arrival.mode === 'dry-run') return await end('dry_run_only');
      if (look.policy.dry_run_mode) return await rehearse(look, hold);
      const draft = await ledger.begin(hold, look, 'running');
      if (draft?.verdict !== 'approved') return await end('rejected');
      plan(clock + course.duration, () => finish(decision, hold, course, look));
    });
  }

  async function rehearse(look: DecisionInput, hold: Hold): Promise<void> {
    const draft = decide(look, await ledger.facts(look, hold.execution_id));
    const fine = draft.verdict === 'approved';
    const to = fine ? ('dry_run_only' as const) : ('rejected' as const);
    await ledger.advance(hold, { to, at: clock, message: to, ...(fine ? { counts_as: 'rehearsal' } : {}) });
  }

  async function finish(decision: Decision, hold: Hold, course: Course, { mapping }: DecisionInput): Promise<void> {
    const { end, outcome } = course;
    const verify = mapping!.action.verify;
    await ledger.advance(hold, { to: end, at: clock, message: end, ...(end === 'succeeded' ? { verify } : {}) });
    if (end !== 'succeeded') return;
    options.onRun?.(decision, clock);
    plan(clock + verify.after + course.verifiedLate, async () => {
      const verdict = { outcome, message: outcome, days_after: null, min_days_gained: null, reports: [] };
      await ledger.verify(hold.execution_id, { ...verdict, at: clock });
    });
  }

  return {
    ledger,
    now,
    until,
    get policy() {
      return policy;
    },
    set policy(changed) {
      policy = changed;
    },
    async arrive(arrivals) {
      const recorded = await ledger.record(arrivals.map(inputFor), OWNER);
      recorded.forEach(({ decision, hold }, at) => {
        if (hold !== null) carryOn(arrivals[at]!, decision, hold);
      });
      return recorded.map(({ decision }) => decision);
    },
  };
}
