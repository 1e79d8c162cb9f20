import type { ForecastOnRecord, ForecastVerdict, Heard, NotedForecast, OpenForecast } from '../../accuracy/record.ts';
import { isScored } from '../../accuracy/record.ts';
import { targetText } from '../rows.ts';
import { HEARD_EVERY, MOST_SCORES, SCORES_KEPT_FOR, scoreDay } from '../rules.ts';
import { inOrderOfClosing, SCORE_COLUMNS, type ScoreRow, type ScoreStore, toOpen } from '../scores.ts';
import type { Connections } from './connections.ts';
import { countScored } from './counters.ts';
import { ranOn, sameText } from './facts.ts';
import { insertRows, type Query } from './query.ts';
import type { Writer } from './writer.ts';

/** So many are written in one transaction: others get their turn in between. */
const CHUNK = 500;

export function postgresScores(options: {
  readonly read: Connections['read'];
  readonly write: Writer['write'];
  readonly now: () => number;
}): ScoreStore {
  const { read, write, now } = options;
  return {
    async note(forecasts, heard) {
      let noted = 0;
      for (let from = 0; from < Math.max(forecasts.length, heard.length); from += CHUNK) {
        noted += await write(async (query) => {
          await hear(query, heard.slice(from, from + CHUNK));
          return await noteForecasts(query, forecasts.slice(from, from + CHUNK), now());
        });
      }
      return noted;
    },
    due: (at, after, limit) => read((query) => dueForecasts(query, at, after, limit)),
    judge: (verdicts, at) =>
      verdicts.length === 0 ? Promise.resolve([]) : write((query) => judge(query, verdicts, at)),
    since: (closesAfter) => read((query) => forecastsSince(query, closesAfter)),
  };
}

/** The first of a day is kept of each target and source, and the first that would have been acted on; how many are new. */
async function noteForecasts(query: Query, forecasts: readonly NotedForecast[], now: number): Promise<number> {
  const noted = await insertRows(
    query,
    'scores',
    {
      prediction_type: 'text',
      resource: 'text',
      host: 'text',
      target: 'text',
      source: 'text',
      mapping: 'text',
      observed_at: 'float8',
      day: 'bigint',
      actionable: 'boolean',
      days_until_critical: 'float8',
      confidence: 'float8',
      raw_within_14d: 'float8',
      critical: 'float8',
      past_cleanups: 'bigint',
      closes_at: 'float8',
      seen_at: 'float8',
    },
    forecasts.map((forecast) => ({
      ...forecast,
      target: targetText(forecast),
      day: scoreDay(forecast.observed_at),
      seen_at: forecast.observed_at,
    })),
    'ON CONFLICT (text_key(target), text_key(source), day, actionable) DO NOTHING RETURNING seq',
  );
  if (noted.length > 0) await query('DELETE FROM scores WHERE closes_at < $1', [now - SCORES_KEPT_FOR]);
  return noted.length;
}

/** What is dated after the end of a window tells that there was no silence until then, and nothing else about it. */
async function hear(query: Query, heard: readonly Heard[]): Promise<void> {
  const noted = (
    where: string,
  ) => `UPDATE scores SET silence = greatest(silence, $1::float8 - seen_at), seen_at = $1::float8
     WHERE ${where} AND fate IS NULL AND seen_at <= $1::float8 - ${HEARD_EVERY}`;
  for (const one of heard) {
    if (one.of === 'source') {
      await query(noted(sameText('source', '$2')), [one.at, one.source]);
      continue;
    }
    const target = targetText(one.target);
    await query(noted(sameText('target', '$2')), [one.at, target]);
    if (!one.critical) continue;
    await query(
      `UPDATE scores SET critical_at = $1
       WHERE ${sameText('target', '$2')} AND fate IS NULL AND observed_at < $1 AND closes_at >= $1
         AND (critical_at IS NULL OR critical_at > $1)`,
      [one.at, target],
    );
  }
}

/** Conditional updates: of any number of processes one judges a forecast; which it was here. */
async function judge(query: Query, verdicts: readonly ForecastVerdict[], at: number): Promise<readonly number[]> {
  const judged: number[] = [];
  const scored: string[] = [];
  for (const verdict of verdicts) {
    const { id, fate, critical_at, message } = verdict;
    const [row] = await query<{ prediction_type: string }>(
      `UPDATE scores SET fate = $1, critical_at = $2, judged_at = $3, message = $4 WHERE seq = $5 AND fate IS NULL
       RETURNING prediction_type`,
      [fate, critical_at, at, message, id],
    );
    if (row === undefined) continue;
    judged.push(id);
    if (isScored(verdict)) scored.push(row.prediction_type);
  }
  await countScored(query, scored);
  return judged;
}

/** The first that close come first; `after`: the last one of the page before. */
async function dueForecasts(
  query: Query,
  at: number,
  after: Pick<OpenForecast, 'closes_at' | 'id'> | null,
  limit: number,
): Promise<readonly OpenForecast[]> {
  const rows = await query<ScoreRow>(
    `SELECT *, (SELECT min(e.started_at) FROM executions AS e WHERE ${ranOn('e', 'scores.resource', 'scores.host')}
         AND e.started_at > scores.observed_at AND e.started_at <= scores.closes_at)
       AS first_run_at
     FROM scores WHERE fate IS NULL AND closes_at <= $1 AND (closes_at, seq) > ($2, $3) ORDER BY closes_at, seq LIMIT $4`,
    [at, after?.closes_at ?? -1, after?.id ?? -1, limit],
  );
  return rows.map(toOpen);
}

async function forecastsSince(query: Query, closesAfter: number): Promise<readonly ForecastOnRecord[]> {
  const judged = await query<ScoreRow>(
    `SELECT ${SCORE_COLUMNS} FROM scores WHERE fate IS NOT NULL AND closes_at > $1
     ORDER BY closes_at DESC, seq DESC LIMIT ${MOST_SCORES}`,
    [closesAfter],
  );
  const open = await query<ScoreRow>(
    `SELECT ${SCORE_COLUMNS} FROM scores WHERE fate IS NULL AND closes_at > $1 ORDER BY closes_at, seq LIMIT ${MOST_SCORES}`,
    [closesAfter],
  );
  return inOrderOfClosing([...judged, ...open]);
}
