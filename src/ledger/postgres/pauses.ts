import type { Pause } from '../../decision/decision.ts';
import type { EndedPause } from '../ledger.ts';
import { FORGOTTEN_AFTER } from '../rules.ts';
import type { Query } from './query.ts';

/** Everything that the kill switch refused since the ledger began, repeats that were written back among it. */
const REFUSED = `(SELECT coalesce(sum(count), 0)::bigint FROM counters WHERE kind = 'decision' AND c = 'kill_switch')`;
const ENDED = `name, reason, since, until, ${REFUSED} - refused_before AS refused`;

/** Sets or replaces the pause of that name; what it refuses is counted from here. */
export async function setPause(query: Query, { name, reason, since, until }: Pause): Promise<void> {
  await query(
    `INSERT INTO pauses (name, reason, since, until, refused_before) VALUES ($1, $2, $3, $4, ${REFUSED})
     ON CONFLICT (text_key(name)) DO UPDATE SET reason = excluded.reason, since = excluded.since, until = excluded.until,
       refused_before = excluded.refused_before, told = false`,
    [name, reason, since, until],
  );
  await query('DELETE FROM pauses WHERE until < $1', [since - FORGOTTEN_AFTER]);
}

/** Lifts the pause of that name, or all when null. */
export async function lift(query: Query, name: string | null, now: number): Promise<readonly EndedPause[]> {
  const ended = await query<EndedPause>(
    `DELETE FROM pauses WHERE ($1::text IS NULL OR name = $1::text) AND (until IS NULL OR until > $2) RETURNING ${ENDED}`,
    [name, now],
  );
  return inOrder(ended);
}

/** True where a pause is over that nobody was told of. */
export async function hasEndedPause(query: Query, now: number): Promise<boolean> {
  return (await query('SELECT name FROM pauses WHERE until <= $1 AND NOT told LIMIT 1', [now])).length > 0;
}

/** Those whose time is over and that nobody was told of. They stay: a clock that is put back makes them hold again. */
export async function takeEnded(query: Query, now: number): Promise<readonly EndedPause[]> {
  return inOrder(
    await query<EndedPause>(`UPDATE pauses SET told = true WHERE until <= $1 AND NOT told RETURNING ${ENDED}`, [now]),
  );
}

function inOrder(ended: readonly EndedPause[]): readonly EndedPause[] {
  return ended.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
