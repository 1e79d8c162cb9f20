import type { DecisionInput } from '../decision/decision.ts';
import type { PastExecution } from './record.ts';

const MINUTE = 60_000;

/** Milliseconds from the claim to the run, and from there to its end. */
interface Course {
  readonly delay: number;
  readonly duration: number;
}

/** How long a playbook takes, learnt from what it took. */
export interface Typical {
  note(execution: PastExecution): void;
  of(playbook: string): Course;
}

export function createTypical(): Typical {
  const seen = new Map<string, { readonly delays: number[]; readonly durations: number[] }>();
  return {
    note({ playbook, claimed_at, counted_at, finished_at }) {
      if (counted_at === null || finished_at === null) return;
      const known = seen.get(playbook) ?? { delays: [], durations: [] };
      seen.set(playbook, known);
      known.delays.push(counted_at - claimed_at);
      known.durations.push(finished_at - counted_at);
    },
    of(playbook) {
      const { delays = [], durations = [] } = seen.get(playbook) ?? {};
      return { delay: median(delays) ?? 0, duration: median(durations) ?? MINUTE };
    },
  };
}

function median(values: readonly number[]): number | null {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? null;
}

/**
 * The execution that an approval would have made: it takes as long as the playbook typically does, succeeds, and is found
 * effective as soon as that is due.
 */
export function imagined(id: string, input: DecisionInput, { delay, duration }: Course): PastExecution {
  const { mapping, mode, now, policy } = input;
  const target = input.target ?? input.prediction;
  if (mapping === null || target === null) throw new Error('an approval without a mapping or a target');
  const counted_at = now + delay;
  const { prediction_type, resource, host } = target;
  const common = {
    id,
    playbook: mapping.action.playbook,
    target: { prediction_type, resource, host },
    mode,
    claimed_at: now,
  };
  if (mode === 'dry-run' || policy.dry_run_mode) {
    const rehearsal = { state: 'dry_run_only', finished_at: counted_at, verify_at: null, verified_at: null } as const;
    const counts_as = mode === 'dry-run' ? null : ('rehearsal' as const);
    return { ...common, ...rehearsal, counts_as, counted_at: counts_as === null ? null : counted_at, outcome: null };
  }
  const finished_at = counted_at + duration;
  const verified_at = finished_at + mapping.action.verify.after;
  const run = { counts_as: 'live', counted_at, state: 'succeeded', finished_at } as const;
  return { ...common, ...run, verify_at: verified_at, verified_at, outcome: 'effective' };
}
