import type { LedgerSummary } from '../execution/summary.ts';
import type { TallyBook } from './tally.ts';

export interface CounterRow {
  readonly kind: 'decision' | 'execution' | 'outcome' | 'scored';
  readonly a: string;
  readonly b: string;
  readonly c: string;
  readonly count: number;
}

/** What a store holds of a summary, all of one moment. */
export interface SummaryRows extends Pick<LedgerSummary, 'week' | 'last_run_at' | 'in_progress' | 'reports_pending'> {
  readonly counters: readonly CounterRow[];
  /** The prediction types that have a label of their own. */
  readonly types: readonly string[];
  /** The last batch of this process that the store applied. */
  readonly applied: number;
}

/** With what is counted in memory and not yet written back. */
export function summaryOf({ counters, types, applied, ...rest }: SummaryRows, tallies: TallyBook): LedgerSummary {
  const outcomes = counters
    .filter(({ kind }) => kind === 'outcome')
    .map(({ a: playbook, b: outcome, count }) => ({ playbook, outcome, count }));
  return {
    ...rest,
    decisions: addUp(counters, tallies.countsBeyond(applied, new Set(types))),
    executions: counters
      .filter(({ kind }) => kind === 'execution')
      .map(({ a, b, count }) => ({ playbook: a, result: b as LedgerSummary['executions'][number]['result'], count })),
    prevented_incidents: outcomes.reduce((sum, { outcome, count }) => sum + (outcome === 'effective' ? count : 0), 0),
    outcomes,
    scored: counters
      .filter(({ kind }) => kind === 'scored')
      .map(({ a: prediction_type, count }) => ({ prediction_type, count })),
  };
}

function addUp(
  counters: readonly CounterRow[],
  pending: ReturnType<TallyBook['countsBeyond']>,
): LedgerSummary['decisions'] {
  const sums = new Map<string, { prediction_type: string; verdict: string; reason: string; count: number }>();
  const add = (prediction_type: string, verdict: string, reason: string, count: number) => {
    const key = JSON.stringify([prediction_type, verdict, reason]);
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { prediction_type, verdict, reason, count });
    else sum.count += count;
  };
  for (const { kind, a, b, c, count } of counters) if (kind === 'decision') add(a, b, c, count);
  for (const { type, verdict, reason, count } of pending) add(type, verdict, reason, count);
  return [...sums.values()];
}
