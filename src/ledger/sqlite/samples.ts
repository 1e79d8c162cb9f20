import type { MeasuredSample } from '../ledger.ts';
import type { Sql } from './statements.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Every sample is kept for so long, then the last one of each hour, then none. */
const WHOLE_FOR = 2 * DAY;
const KEPT_FOR = 60 * DAY;
/** A sample dated further ahead than this was taken while the clock was wrong. */
export const SKEW = 5 * 60_000;

/**
 * Keeps those that are newer than what is known of their series; the number kept. What a clock that was ahead has left is
 * dropped first, so that it does not hold everything else off. Thinned with the first sample of an hour.
 */
export function addSamples(sql: Sql, samples: readonly MeasuredSample[], now: number): number {
  let kept = 0;
  for (const { series, at, value } of samples) {
    if (!Number.isFinite(value) || at > now + SKEW) continue;
    sql('DELETE FROM samples WHERE series = ? AND at > ?').run(series, now + SKEW);
    const newest = (sql('SELECT max(at) AS at FROM samples WHERE series = ?').get(series)?.['at'] ?? null) as
      | number
      | null;
    if (newest !== null && at <= newest) continue;
    sql('INSERT INTO samples (series, at, value) VALUES (?, ?, ?)').run(series, at, value);
    kept += 1;
    if (newest === null || Math.floor(newest / HOUR) !== Math.floor(at / HOUR)) thin(sql, series, now);
  }
  return kept;
}

function thin(sql: Sql, series: string, now: number): void {
  sql(
    `DELETE FROM samples WHERE series = ?1 AND at < ?2 AND EXISTS (
       SELECT 1 FROM samples AS later
       WHERE later.series = ?1 AND later.at > samples.at AND later.at < (samples.at / ${HOUR} + 1) * ${HOUR}
     )`,
  ).run(series, now - WHOLE_FOR);
  // Of every series: what is not measured any more ages too.
  sql('DELETE FROM samples WHERE at < ?').run(now - KEPT_FOR);
}
