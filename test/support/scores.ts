import type { ForecastOnRecord, NotedForecast, OpenForecast } from '../../src/accuracy/record.ts';
import type { Scores } from '../../src/report/metrics-input.ts';
import { DAY, NOW } from './decision.ts';

/** A forecast of our own about `/srv`, of `NOW`; its window is the 14 days from when it was made. */
export function noted(changes: Partial<NotedForecast> = {}): NotedForecast {
  const observed_at = changes.observed_at ?? NOW;
  return {
    prediction_type: 'disk_exhaustion',
    resource: '/srv',
    host: 'nas',
    source: 'forecast:local',
    mapping: 'disk_exhaustion:/srv',
    observed_at,
    days_until_critical: 8.2,
    confidence: 0.87,
    actionable: true,
    raw_within_14d: 0.87,
    critical: 0.9,
    past_cleanups: 0,
    closes_at: observed_at + 14 * DAY,
    ...changes,
  };
}

export function openForecast(changes: Partial<OpenForecast> = {}): OpenForecast {
  const forecast = noted(changes);
  return {
    ...forecast,
    id: 1,
    seen_at: forecast.observed_at,
    silence: 0,
    critical_at: null,
    first_run_at: null,
    ...changes,
  };
}

/** One that came true eight days after it was made. */
export function onRecord(changes: Partial<ForecastOnRecord> = {}): ForecastOnRecord {
  const forecast = noted(changes);
  const fate = changes.fate === undefined ? 'came_true' : changes.fate;
  return {
    ...forecast,
    id: 1,
    fate,
    critical_at: fate === 'came_true' ? forecast.observed_at + 8 * DAY : null,
    judged_at: fate === null ? null : forecast.closes_at,
    ...changes,
  };
}

/** For metrics: of one source that did not keep its word, and one of which nothing is known. */
export const SOME_SCORES: Scores = {
  types: [
    { prediction_type: 'disk_exhaustion', absolute_error_days: 1.5, brier_score: 0.1 },
    { prediction_type: 'memory_exhaustion', absolute_error_days: null, brier_score: null },
  ],
  sources: [
    {
      prediction_type: 'disk_exhaustion',
      source: 'forecast:local',
      proof: { scored: 20, came_true: 12 },
      standing: 'unproven',
    },
    { prediction_type: 'disk_exhaustion', source: 'api', proof: { scored: 0, came_true: 0 }, standing: 'too_few' },
  ],
};
