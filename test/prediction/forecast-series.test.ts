import { describe, expect, test } from 'vitest';
import { corrected, fitCalibration, UNCORRECTED } from '../../src/forecast/calibration.ts';
import { forecastSeries } from '../../src/prediction/forecast-series.ts';
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

describe('corrected by how earlier forecasts did', () => {
  const gloomy = fitCalibration(Array.from({ length: 30 }, () => ({ probability: 0.9, came: false, weight: 1 })));
  const made = (rise: number, calibration = gloomy) => {
    const outcome = forecastSeries(seriesOf({ samples: climbing({ rise }) }), NOW, calibration);
    if (outcome.kind !== 'forecast') throw new Error(outcome.reason);
    return outcome;
  };

  test('every probability, in their order; the days stay, and what it would have been is kept', () => {
    for (const rise of [0, 0.004, 0.01, 0.012, 0.03]) {
      const before = made(rise, UNCORRECTED);
      const after = made(rise);
      expect(after.raw_within_14d).toBe(before.p_within_14d);
      expect(after.p_within_14d).toBe(corrected(before.p_within_14d, gloomy));
      const chances = [after.p_within_1d, after.p_within_3d, after.p_within_7d, after.p_within_14d];
      expect(chances).toEqual(chances.toSorted((a, b) => a - b));
      const { days_until_critical: days, confidence } = after.prediction;
      expect(days).toBe(before.prediction.days_until_critical);
      expect(confidence).toBe(days !== null && days <= 14 ? after.p_within_14d : 1 - after.p_within_14d);
    }
  });

  test('the reasons say so; without a correction they are as before', () => {
    const before = made(0.012, UNCORRECTED);
    const { reasons } = made(0.012);
    expect(reasons.slice(0, -1)).toEqual(before.reasons);
    expect(reasons.at(-1)).toMatch(
      /^the probability within 14 days is corrected from \d+ % to \d+ %, by how 30 earlier forecasts came true$/,
    );
    expect(before.reasons.join()).not.toContain('corrected');
  });

  test('what is critical now is measured: nothing is corrected', () => {
    const samples = climbing({ end: 0.97 });
    expect(forecastSeries(seriesOf({ samples }), NOW, gloomy)).toEqual(forecastSeries(seriesOf({ samples }), NOW));
  });
});
