import { expect, it } from 'vitest';
import { createMetrics } from '../../src/report/metrics.ts';
import type { Scores } from '../../src/report/metrics-input.ts';
import { permittingMapping } from '../support/decision.ts';
import { SOME_SCORES } from '../support/scores.ts';

const no = () => Promise.reject(new Error('no'));

/** The families of scores of a service that counted so many scored forecasts. */
async function shown(
  scores: () => Promise<Scores>,
  scored: readonly { prediction_type: string; count: number }[] = [],
) {
  const text = await createMetrics({
    version: '1',
    predictions: async () => [],
    sources: () => [],
    summary: async () => ({
      decisions: [],
      executions: [],
      week: { success: 0, failure: 0 },
      last_run_at: null,
      prevented_incidents: 0,
      outcomes: [],
      scored,
      in_progress: [],
      reports_pending: [],
    }),
    budgets: async () => [],
    awaiting: async () => [],
    escalated: async () => [],
    state: no,
    playbooks: () => [],
    mapping: () => ({ mappings: [permittingMapping()] }),
    scores,
  }).textfile();
  return (series: string) =>
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length + 1);
}

it('shows errors and Brier scores by type, precision by source, and counts by known types', async () => {
  const value = await shown(
    async () => SOME_SCORES,
    [
      { prediction_type: 'disk_exhaustion', count: 20 },
      { prediction_type: 'made_up', count: 1 },
    ],
  );
  expect(value('prediction_absolute_error_days{prediction_type="disk_exhaustion"}')).toBe('1.5');
  expect(value('prediction_absolute_error_days{prediction_type="memory_exhaustion"}')).toBeUndefined();
  expect(value('prediction_brier_score{prediction_type="disk_exhaustion"}')).toBe('0.1');
  expect(value('prediction_scored_total{prediction_type="disk_exhaustion"}')).toBe('20');
  expect(value('prediction_scored_total{prediction_type="other"}')).toBe('1');
  const by = (source: string) => `{prediction_type="disk_exhaustion",source="${source}"}`;
  expect(value(`prediction_precision${by('forecast:local')}`)).toBe('0.6');
  expect(value(`prediction_precision${by('api')}`)).toBeUndefined();
  expect(value(`prediction_unproven${by('forecast:local')}`)).toBe('1');
  expect(value(`prediction_unproven${by('api')}`)).toBe('0');
  expect(value('forestall_ledger_up')).toBe('1');
});

it('what cannot be read is absent, and the ledger is not up', async () => {
  const value = await shown(no);
  expect(value('prediction_brier_score{prediction_type="disk_exhaustion"}')).toBeUndefined();
  expect(value('prediction_scored_total{prediction_type="disk_exhaustion"}')).toBe('0');
  expect(value('forestall_ledger_up')).toBe('0');
});
