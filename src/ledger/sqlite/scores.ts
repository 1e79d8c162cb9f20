import type { ForecastOnRecord, ForecastVerdict, Heard, NotedForecast, OpenForecast } from '../../accuracy/record.ts';
import { isScored } from '../../accuracy/record.ts';
import { targetText } from '../rows.ts';
import { HEARD_EVERY, MOST_SCORES, SCORES_KEPT_FOR, scoreDay } from '../rules.ts';
import { inOrderOfClosing, SCORE_COLUMNS, type ScoreRow, toOpen } from '../scores.ts';
import { countScored } from './counters.ts';
import type { Sql } from './statements.ts';

/** The first of a day is kept of each target and source, and the first that would have been acted on; how many are new. */
export function noteForecasts(sql: Sql, forecasts: readonly NotedForecast[], now: number): number {
  let noted = 0;
  for (const forecast of forecasts) {
    const { changes } = sql(
      `INSERT INTO scores (prediction_type, resource, host, target, source, mapping, observed_at, day, actionable,
         days_until_critical, confidence, raw_within_14d, critical, past_cleanups, closes_at, seen_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (target, source, day, actionable) DO NOTHING`,
    ).run(
      forecast.prediction_type,
      forecast.resource,
      forecast.host,
      targetText(forecast),
      forecast.source,
      forecast.mapping,
      forecast.observed_at,
      scoreDay(forecast.observed_at),
      forecast.actionable ? 1 : 0,
      forecast.days_until_critical,
      forecast.confidence,
      forecast.raw_within_14d,
      forecast.critical,
      forecast.past_cleanups,
      forecast.closes_at,
      forecast.observed_at,
    );
    noted += Number(changes);
  }
  if (noted > 0) sql('DELETE FROM scores WHERE closes_at < ?').run(now - SCORES_KEPT_FOR);
  return noted;
}

/** What is dated after the end of a window tells that there was no silence until then, and nothing else about it. */
export function hear(sql: Sql, heard: readonly Heard[]): void {
  for (const one of heard) {
    if (one.of === 'source') {
      sql(
        `UPDATE scores SET silence = max(silence, ?1 - seen_at), seen_at = ?1
         WHERE source = ?2 AND fate IS NULL AND seen_at <= ?1 - ${HEARD_EVERY}`,
      ).run(one.at, one.source);
      continue;
    }
    const target = targetText(one.target);
    sql(
      `UPDATE scores SET silence = max(silence, ?1 - seen_at), seen_at = ?1
       WHERE target = ?2 AND fate IS NULL AND seen_at <= ?1 - ${HEARD_EVERY}`,
    ).run(one.at, target);
    if (!one.critical) continue;
    sql(
      `UPDATE scores SET critical_at = ?1
       WHERE target = ?2 AND fate IS NULL AND observed_at < ?1 AND closes_at >= ?1
         AND (critical_at IS NULL OR critical_at > ?1)`,
    ).run(one.at, target);
  }
}

/** Conditional updates: of any number of processes one judges a forecast; which it was here. */
export function judge(sql: Sql, verdicts: readonly ForecastVerdict[], at: number): readonly number[] {
  return verdicts
    .filter((verdict) => {
      const { id, fate, critical_at, message } = verdict;
      const row = sql(
        `UPDATE scores SET fate = ?, critical_at = ?, judged_at = ?, message = ? WHERE seq = ? AND fate IS NULL
       RETURNING prediction_type`,
      ).get(fate, critical_at, at, message, id);
      if (row === undefined) return false;
      if (isScored(verdict)) countScored(sql, row['prediction_type'] as string);
      return true;
    })
    .map(({ id }) => id);
}

/** The first that close come first; `after`: the last one of the page before. */
export function dueForecasts(
  sql: Sql,
  at: number,
  after: Pick<OpenForecast, 'closes_at' | 'id'> | null,
  limit: number,
): readonly OpenForecast[] {
  const rows = sql(
    `SELECT *, (SELECT min(started_at) FROM executions WHERE executions.resource = scores.resource
         AND executions.host IS scores.host AND started_at > scores.observed_at AND started_at <= scores.closes_at)
       AS first_run_at
     FROM scores WHERE fate IS NULL AND closes_at <= ? AND (closes_at, seq) > (?, ?) ORDER BY closes_at, seq LIMIT ?`,
  ).all(at, after?.closes_at ?? -1, after?.id ?? -1, limit) as unknown as ScoreRow[];
  return rows.map(toOpen);
}

export function forecastsSince(sql: Sql, closesAfter: number): readonly ForecastOnRecord[] {
  const judged = sql(
    `SELECT ${SCORE_COLUMNS} FROM scores WHERE fate IS NOT NULL AND closes_at > ? ORDER BY closes_at DESC, seq DESC LIMIT ${MOST_SCORES}`,
  ).all(closesAfter) as unknown as ScoreRow[];
  const open = sql(
    `SELECT ${SCORE_COLUMNS} FROM scores WHERE fate IS NULL AND closes_at > ? ORDER BY closes_at, seq LIMIT ${MOST_SCORES}`,
  ).all(closesAfter) as unknown as ScoreRow[];
  return inOrderOfClosing([...judged, ...open]);
}
