import { FORECASTS_KEPT_FOR, SAMPLES_KEPT_FOR, SAMPLES_THINNED_TO, SAMPLES_WHOLE_FOR, SKEW } from '../rules.ts';
import type { KeptForecast, MeasuredSample } from '../stores.ts';
import { sameText } from './facts.ts';
import { insertRows, type Query } from './query.ts';

/**
 * Keeps those that are newer than what is known of their series; the number kept. What a clock that was ahead has left is
 * dropped first, so that it does not hold everything else off. Thinned with the first sample of an hour.
 */
export async function addSamples(query: Query, samples: readonly MeasuredSample[], now: number): Promise<number> {
  const usable = samples.filter(({ at, value }) => Number.isFinite(value) && at <= now + SKEW);
  const newest = await newestOf(query, [...new Set(usable.map(({ series }) => series))], now);
  const kept: MeasuredSample[] = [];
  const toThin = new Set<string>();
  for (const sample of usable) {
    const { series, at } = sample;
    const known = newest.get(series);
    if (known !== undefined && at <= known) continue;
    if (known === undefined || hourOf(known) !== hourOf(at)) toThin.add(series);
    newest.set(series, at);
    kept.push(sample);
  }
  await insertRows(query, 'samples', { series: 'text', at: 'float8', value: 'float8' }, kept);
  for (const series of toThin) await thin(query, series, now);
  // Of every series: what is not measured any more ages too.
  if (toThin.size > 0) await query('DELETE FROM samples WHERE at < $1', [now - SAMPLES_KEPT_FOR]);
  return kept.length;
}

/** The newest sample of each series that has any, without those that are dated ahead: they are dropped. */
async function newestOf(query: Query, all: readonly string[], now: number): Promise<Map<string, number>> {
  if (all.length === 0) return new Map();
  await query(
    `DELETE FROM samples USING unnest($1::text[]) AS asked (series)
     WHERE ${sameText('samples.series', 'asked.series')} AND samples.at > $2`,
    [all, now + SKEW],
  );
  const rows = await query<{ series: string; at: number }>(
    `SELECT asked.series, newest.at FROM unnest($1::text[]) AS asked (series), LATERAL (
       SELECT at FROM samples WHERE ${sameText('samples.series', 'asked.series')} ORDER BY at DESC LIMIT 1
     ) AS newest`,
    [all],
  );
  return new Map(rows.map(({ series, at }) => [series, at]));
}

function hourOf(at: number): number {
  return Math.floor(at / SAMPLES_THINNED_TO);
}

/** Of what is old, one that another of its hour follows goes. */
async function thin(query: Query, series: string, now: number): Promise<void> {
  await query(
    `DELETE FROM samples WHERE ctid = ANY (ARRAY(
       SELECT place FROM (
         SELECT ctid AS place, at, lead(at) OVER (ORDER BY at) AS next FROM samples WHERE ${sameText('series', '$1')}
       ) AS followed
       WHERE at < $2 AND floor(next / ${SAMPLES_THINNED_TO}) = floor(at / ${SAMPLES_THINNED_TO})))`,
    [series, now - SAMPLES_WHOLE_FOR],
  );
}

export async function samplesSince(
  query: Query,
  series: string,
  from: number,
  now: number,
): Promise<readonly (readonly [at: number, value: number])[]> {
  const rows = await query<{ at: number; value: number }>(
    `SELECT at, value FROM samples WHERE ${sameText('series', '$1')} AND at >= $2 AND at <= $3 ORDER BY at`,
    [series, from, now + SKEW],
  );
  return rows.map(({ at, value }) => [at, value] as const);
}

export async function keepForecasts(
  query: Query,
  source: string,
  at: number,
  entries: readonly KeptForecast[],
): Promise<void> {
  const last = new Map(entries.map((entry) => [entry.target, entry]));
  await insertRows(
    query,
    'forecasts',
    { source: 'text', target: 'text', at: 'float8', body: 'text' },
    [...last.values()].map(({ target, body }) => ({ source, target, at, body })),
    'ON CONFLICT (text_key(source), text_key(target)) DO UPDATE SET at = excluded.at, body = excluded.body',
  );
}

export async function endForecasts(query: Query, source: string, at: number): Promise<void> {
  await query('DELETE FROM forecasts WHERE text_key(source) = text_key($1) AND at <> $2', [source, at]);
  await query('DELETE FROM forecasts WHERE at < $1', [at - FORECASTS_KEPT_FOR]);
}

export async function forecastsOf(
  query: Query,
  source: string,
): Promise<readonly (KeptForecast & { readonly at: number })[]> {
  return await query<KeptForecast & { at: number }>(
    'SELECT at, target, body FROM forecasts WHERE text_key(source) = text_key($1) ORDER BY target',
    [source],
  );
}
