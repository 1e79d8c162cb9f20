import { SAMPLES_KEPT_FOR, SAMPLES_THINNED_TO, SAMPLES_WHOLE_FOR, SKEW } from '../rules.ts';
import type { MeasuredSample } from '../stores.ts';
import type { Sql } from './statements.ts';

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
    if (newest === null || Math.floor(newest / SAMPLES_THINNED_TO) !== Math.floor(at / SAMPLES_THINNED_TO))
      thin(sql, series, now);
  }
  return kept;
}

function thin(sql: Sql, series: string, now: number): void {
  sql(
    `DELETE FROM samples WHERE series = ?1 AND at < ?2 AND EXISTS (
       SELECT 1 FROM samples AS later
       WHERE later.series = ?1 AND later.at > samples.at AND later.at < (samples.at / ${SAMPLES_THINNED_TO} + 1) * ${SAMPLES_THINNED_TO}
     )`,
  ).run(series, now - SAMPLES_WHOLE_FOR);
  // Of every series: what is not measured any more ages too.
  sql('DELETE FROM samples WHERE at < ?').run(now - SAMPLES_KEPT_FOR);
}
