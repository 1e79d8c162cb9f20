import { describe, expect, test } from 'vitest';
import { forecastSeries } from '../../src/prediction/forecasted.ts';
import { DAY, HOUR, NOW } from '../support/decision.ts';
import { climbing, seriesOf, someForecast } from '../support/forecasted.ts';

describe('a forecast as a prediction', () => {
  test('names its target and source, and is dated by its newest sample', () => {
    const { prediction, made_at } = someForecast();
    expect(prediction).toMatchObject({
      prediction_type: 'disk_exhaustion',
      resource: '/srv',
      host: 'nas',
      source: 'forecast:local',
      observed_at: NOW,
    });
    expect(made_at).toBe(NOW);
  });

  test('of a series that stands still it grows older with every pass, and the crossing stays where it was', () => {
    const samples = climbing({ now: NOW - 6 * HOUR });
    const early = someForecast({ samples }, NOW - 6 * HOUR);
    const late = someForecast({ samples }, NOW);
    expect(late.prediction.observed_at).toBe(early.prediction.observed_at);
    expect(late.made_at - late.prediction.observed_at).toBe(6 * HOUR);
  });

  test('days and confidence speak of the same fortnight', () => {
    for (const rise of [0.004, 0.008, 0.01, 0.0105, 0.012, 0.03]) {
      const { prediction, p_within_14d } = someForecast({ samples: climbing({ rise, now: NOW - 5 * HOUR }) });
      const { days_until_critical: days, confidence } = prediction;
      expect(confidence).toBe(days !== null && days <= 14 ? p_within_14d : 1 - p_within_14d);
    }
  });

  test('too little, too old or no data is none, with its reason', () => {
    const none = { kind: 'no forecast', source: 'forecast:local' };
    expect(forecastSeries(seriesOf({ samples: [] }), NOW)).toMatchObject({ ...none, reason: 'no sample is usable' });
    expect(forecastSeries(seriesOf({ samples: [[NOW / 1000, Number.NaN]] }), NOW)).toMatchObject(none);
    const old = seriesOf({ samples: climbing({ now: NOW - 5 * DAY }) });
    expect(forecastSeries(old, NOW)).toMatchObject({ ...none, reason: expect.stringMatching(/5 days old/) });
  });

  test('its past is in equal spans, with gaps where nothing was measured', () => {
    const samples = climbing().filter(([at]) => Math.abs(at - (NOW / 1000 - 7 * 86_400)) > 43_200);
    const { history } = someForecast({ samples: [...samples, [NOW / 1000 - 100, Number.NaN]] });
    expect(history.values).toHaveLength(84);
    expect(history.from + 84 * history.step).toBe(NOW);
    expect(history.values.filter((value) => value === null).length).toBeGreaterThanOrEqual(5);
    const measured = history.values.flatMap((value) => value ?? []);
    expect(measured).toEqual(measured.toSorted((a, b) => a - b));
  });
});
