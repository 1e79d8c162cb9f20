import type { Reason } from '../decision/reason.ts';
import type { PastExecution } from './record.ts';

/** What happened to a playbook, and what would have. Runs are what counts towards its limits: in dry run mode the dry runs. */
export interface PlaybookSum {
  readonly playbook: string;
  readonly runs_before: number;
  readonly runs_after: number;
  /** Runs that took place and would not have at that time. */
  readonly saved: number;
  /** Runs that did not take place and would have, as far as that can be told. */
  readonly added: number;
  /** How often each guard over past runs or hours would have held it back, the one that binds most often first. */
  readonly held_by: readonly { readonly reason: Reason; readonly decisions: number }[];
}

/** Reasons that come of runs, hours and hosts, not of the prediction. */
const GUARDS: readonly Reason[] = [
  'in_progress',
  'circuit_open',
  'cooldown',
  'settling',
  'retry_later',
  'limit',
  'weekly_limit',
  'daily_limit',
  'blast_radius',
  'outside_hours',
];

interface Counts {
  before: number;
  after: number;
  saved: number;
  added: number;
  readonly held: Map<Reason, number>;
}

export interface Sums {
  ran(execution: PastExecution): void;
  kept(execution: PastExecution): void;
  saved(execution: PastExecution): void;
  added(execution: PastExecution): void;
  held(playbook: string, reason: Reason): void;
  all(): readonly PlaybookSum[];
}

export function createSums(): Sums {
  const known = new Map<string, Counts>();

  function of(playbook: string): Counts {
    const counts = known.get(playbook) ?? { before: 0, after: 0, saved: 0, added: 0, held: new Map() };
    known.set(playbook, counts);
    return counts;
  }

  function add({ playbook, counted_at }: PastExecution, ...to: readonly Exclude<keyof Counts, 'held'>[]): void {
    const counts = of(playbook);
    if (counted_at !== null) for (const sum of to) counts[sum]++;
  }

  return {
    ran: (execution) => add(execution, 'before'),
    kept: (execution) => add(execution, 'after'),
    saved: (execution) => add(execution, 'saved'),
    added: (execution) => add(execution, 'added', 'after'),
    held(playbook, reason) {
      const { held } = of(playbook);
      if (GUARDS.includes(reason)) held.set(reason, (held.get(reason) ?? 0) + 1);
    },
    all: () =>
      [...known]
        .map(([playbook, { before, after, saved, added, held }]) => ({
          playbook,
          runs_before: before,
          runs_after: after,
          saved,
          added,
          held_by: [...held]
            .map(([reason, decisions]) => ({ reason, decisions }))
            .sort((a, b) => b.decisions - a.decisions),
        }))
        .sort((a, b) => (a.playbook < b.playbook ? -1 : 1)),
  };
}
