import { FORECASTS_KEPT_FOR } from '../rules.ts';
import type { KeptForecast } from '../stores.ts';
import type { Sql } from './statements.ts';

export function keepForecasts(sql: Sql, source: string, entries: readonly KeptForecast[], at: number): void {
  for (const { target, body } of entries) {
    sql(
      `INSERT INTO forecasts (source, target, at, body) VALUES (?, ?, ?, ?)
       ON CONFLICT (source, target) DO UPDATE SET at = excluded.at, body = excluded.body`,
    ).run(source, target, at, body);
  }
}

export function endForecasts(sql: Sql, source: string, at: number): void {
  sql('DELETE FROM forecasts WHERE source = ? AND at <> ?').run(source, at);
  sql('DELETE FROM forecasts WHERE at < ?').run(at - FORECASTS_KEPT_FOR);
}
