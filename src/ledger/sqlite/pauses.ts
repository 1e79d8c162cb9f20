import type { Pause } from '../../decision/decision.ts';
import type { EndedPause } from '../ledger.ts';
import { FORGOTTEN_AFTER } from '../rules.ts';
import type { Sql } from './statements.ts';

/** Everything that the kill switch refused since the ledger began, repeats that were written back among it. */
const REFUSED = `(SELECT coalesce(sum(count), 0) FROM counters WHERE kind = 'decision' AND c = 'kill_switch')`;
const ENDED = `name, reason, since, until, ${REFUSED} - refused_before AS refused`;

/** Sets or replaces the pause of that name; what it refuses is counted from here. */
export function setPause(sql: Sql, { name, reason, since, until }: Pause): void {
  sql(
    `INSERT INTO pauses (name, reason, since, until, refused_before) VALUES (?, ?, ?, ?, ${REFUSED})
     ON CONFLICT (name) DO UPDATE SET reason = excluded.reason, since = excluded.since, until = excluded.until,
       refused_before = excluded.refused_before, told = 0`,
  ).run(name, reason, since, until);
  sql('DELETE FROM pauses WHERE until < ?').run(since - FORGOTTEN_AFTER);
}

/** Lifts the pause of that name, or all when null. */
export function lift(sql: Sql, name: string | null, now: number): readonly EndedPause[] {
  return plain(
    sql(`DELETE FROM pauses WHERE (? IS NULL OR name = ?) AND (until IS NULL OR until > ?) RETURNING ${ENDED}`).all(
      name,
      name,
      now,
    ),
  );
}

/** Those whose time is over and that nobody was told of. They stay: a clock that is put back makes them hold again. */
export function takeEnded(sql: Sql, now: number): readonly EndedPause[] {
  return plain(sql(`UPDATE pauses SET told = 1 WHERE until <= ? AND told = 0 RETURNING ${ENDED}`).all(now));
}

/** Rows of SQLite have no prototype; records that leave here are plain objects. */
function plain(rows: readonly object[]): readonly EndedPause[] {
  return rows.map((row) => ({ ...row }) as EndedPause);
}
