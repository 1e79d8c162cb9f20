import type { CounterRow } from '../summary.ts';
import { knownLabel } from '../type-labels.ts';
import { insertRows, type Query } from './query.ts';

interface CounterAdd {
  readonly kind: CounterRow['kind'];
  readonly a: string;
  readonly b: string;
  readonly c: string;
  readonly count: number;
}

export interface TypeCount {
  readonly type: string;
  readonly verdict: string;
  readonly reason: string;
  readonly count: number;
}

/** Counts decisions under types that the wire named; the hundred first types are kept apart, the rest is `other`. */
export async function countDecisions(query: Query, counts: readonly TypeCount[]): Promise<void> {
  await countLabelled(
    query,
    counts.map(({ type, verdict, reason, count }) => ({ kind: 'decision', a: type, b: verdict, c: reason, count })),
  );
}

/** Forecasts that were compared with what happened, under their types as decisions are. */
export async function countScored(query: Query, types: readonly string[]): Promise<void> {
  await countLabelled(
    query,
    types.map((type) => ({ kind: 'scored', a: type, b: '', c: '', count: 1 })),
  );
}

/** `a` is a type that the wire named. */
async function countLabelled(query: Query, counts: readonly CounterAdd[]): Promise<void> {
  if (counts.length === 0) return;
  const rows = await query<{ name: string }>('SELECT name FROM prediction_types');
  const known = new Set(rows.map(({ name }) => name));
  const fresh: { name: string }[] = [];
  const adds = counts.map((add): CounterAdd => {
    const label = knownLabel(add.a, known);
    if (label === null) {
      known.add(add.a);
      fresh.push({ name: add.a });
    }
    return { ...add, a: label ?? add.a };
  });
  await insertRows(query, 'prediction_types', { name: 'text' }, fresh);
  await count(query, adds);
}

/** Adds to counters; each may be there more than once. */
export async function count(query: Query, adds: readonly CounterAdd[]): Promise<void> {
  const sums = new Map<string, { -readonly [K in keyof CounterAdd]: CounterAdd[K] }>();
  for (const add of adds) {
    const key = JSON.stringify([add.kind, add.a, add.b, add.c]);
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { ...add });
    else sum.count += add.count;
  }
  await insertRows(
    query,
    'counters',
    { kind: 'text', a: 'text', b: 'text', c: 'text', count: 'bigint' },
    [...sums.values()],
    'ON CONFLICT (kind, a, b, c) DO UPDATE SET count = counters.count + excluded.count',
  );
}
