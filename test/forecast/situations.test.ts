import { describe, expect, test } from 'vitest';
import { forecast } from '../../src/forecast/forecast.ts';
import { forecastOf, hourly, lineOf, NOW, THRESHOLD, unrest } from './series-of.ts';

const HOUR = 3600;

describe('what rises is named with its days', () => {
  test('a steady rise: the line', () => {
    const { days_until_critical, confidence, p_within_14d, reasons } = forecastOf(hourly(30, lineOf(0.78, 0.015)));
    expect(days_until_critical).toBeGreaterThan(6.4);
    expect(days_until_critical).toBeLessThan(9.6);
    expect(confidence).toBeGreaterThan(0.8);
    expect(confidence).toBe(p_within_14d);
    expect(reasons).toContain('climbs 1.7 % of the threshold a day over the last 7 days');
  });

  test('a rise that is months from the threshold is no alarm', () => {
    const { days_until_critical, confidence, p_within_14d } = forecastOf(hourly(40, lineOf(0.45, 0.004)));
    expect(days_until_critical === null || days_until_critical > 14).toBe(true);
    expect(confidence).toBeGreaterThan(0.9);
    expect(confidence).toBeCloseTo(1 - p_within_14d, 12);
  });

  test('a rate that changed two days ago: the new rate', () => {
    const path = (day: number, hour: number) => 0.6 + (day < -2 ? 0.003 * (day + 2) : 0.05 * (day + 2)) + unrest(hour);
    const { days_until_critical, reasons } = forecastOf(hourly(30, path));
    expect(days_until_critical).toBeGreaterThan(2.5);
    expect(days_until_critical).toBeLessThan(6);
    expect(reasons.join()).toMatch(/\+0\.\d % a day until 2 days ago, \+5\.\d % a day since/);
  });

  test('an accelerating leak is nearer than its line', () => {
    const { days_until_critical, reasons } = forecastOf(
      hourly(40, (day, hour) => 0.2 + 0.55 * ((day + 40) / 40) ** 3 + unrest(hour)),
    );
    expect(days_until_critical).toBeLessThan(5);
    expect(reasons).toContain('climbs faster from day to day');
  });

  test('gaps do not bend the line', () => {
    const whole = hourly(30, lineOf(0.78, 0.015));
    const holed = whole.filter((_, i) => i > whole.length - 4 || (i % 3 !== 0 && !(i > 300 && i < 360)));
    const { days_until_critical, reasons } = forecastOf(holed);
    expect(days_until_critical).toBeGreaterThan(6);
    expect(days_until_critical).toBeLessThan(10);
    expect(reasons.join()).toMatch(/% of the hours are missing/);
  });

  test('a stale tail: the hours since the last sample count', () => {
    const { days_until_critical, reasons } = forecastOf(
      hourly(30, lineOf(0.84, 0.02)).filter(([time]) => time <= NOW - 30 * HOUR),
    );
    expect(days_until_critical).toBeLessThan(4.5);
    expect(reasons).toContain('the last sample is 30 hours old');
  });

  test('six hours of history are enough to say something, and not to be sure', () => {
    const { p_within_14d, reasons } = forecastOf(hourly(0.25, lineOf(0.8, 0.1)));
    expect(p_within_14d).toBeGreaterThan(0.3);
    expect(reasons).toContain('only 7 hours of history');
  });

  test('a resize is no fall: what counts is the rise since', () => {
    const { p_within_14d } = forecastOf(
      hourly(30, (day, hour) => (0.75 + 0.02 * day) * (day < -4 ? 1.5 : 1) + unrest(hour)),
    );
    expect(p_within_14d).toBeGreaterThan(0.5);
  });

  test('samples every five minutes say what hourly ones say', () => {
    const often = Array.from({ length: 12 * 24 * 20 }, (_, i) => {
      const day = (i - 12 * 24 * 20 + 1) / 288;
      return [NOW + day * 86_400, 0.78 + 0.015 * day + unrest(i)] as const;
    });
    expect(forecastOf(often).days_until_critical).toBeGreaterThan(6);
    expect(forecastOf(often).days_until_critical).toBeLessThan(10);
  });
});

describe('what repeats is no crossing', () => {
  const quiet = (samples: ReturnType<typeof hourly>, most = 0.25) => {
    const { p_within_14d, days_until_critical, reasons } = forecastOf(samples);
    expect(p_within_14d).toBeLessThan(most);
    expect(days_until_critical === null || days_until_critical > 14).toBe(true);
    return reasons.join('; ');
  };

  test('weekly cleanups are a policy', () => {
    const saw = (day: number, hour: number) => 0.45 + (0.35 * ((hour + 60) % 168)) / 168 + unrest(hour) + day * 0;
    expect(quiet(hourly(42, saw))).toMatch(/cleanups came every 7 days, the last one \d days ago; they came at 8\d %/);
  });

  test('a restart whenever a level is reached, which takes as long as it takes', () => {
    let level = 0.5;
    const saw = (_: number, hour: number) => {
      level += 0.004 * (1 + 0.9 * Math.sin(hour * hour));
      if (level >= 0.72) level = 0.42;
      return level;
    };
    expect(quiet(hourly(45, saw))).toMatch(/cleanups came every \d days.*; they came at 79 % of the threshold/);
  });

  test('days and weeks', () => {
    const wave = (_: number, hour: number) =>
      0.6 + 0.12 * Math.sin((hour * Math.PI) / 12) * (Math.floor(hour / 24) % 7 < 5 ? 1 : 0.4) + unrest(hour, 0.004);
    expect(quiet(hourly(35, wave))).toMatch(/repeats every day, by \d+ %/);
  });

  test('a backup that fills the disk for an hour each night', () => {
    quiet(hourly(30, (_, hour) => 0.6 + (hour % 24 === 3 ? 0.35 : 0) + unrest(hour)));
  });

  test('a scraper that says 0 and 1 now and then', () => {
    quiet(hourly(30, (_, hour) => (hour % 97 === 5 ? 0 : hour % 131 === 7 ? 1 : 0.7 + unrest(hour))));
  });

  test('a rise that levels off', () => {
    expect(quiet(hourly(40, (day, hour) => 0.8 - 0.5 * Math.exp(-(day + 40) / 9) + unrest(hour)))).not.toMatch(
      /faster/,
    );
  });

  test('a cleanup, and nothing since', () => {
    expect(quiet(hourly(30, (day, hour) => (day < -3 ? 0.85 + 0.01 * (day + 3) : 0.5) + unrest(hour)))).toMatch(
      /was cleaned up once, 3 days ago/,
    );
  });

  test('nothing at all', () => {
    expect(quiet(hourly(30, () => 0.5))).toMatch(/has stood still over the last 7 days/);
  });
});

describe('cleanups', () => {
  test('each is found, with when and how far', () => {
    const { cleanups } = forecastOf(hourly(10, (day) => 0.5 + 0.1 * (day < -4 ? day + 10 - 3 : day + 4)));
    expect(cleanups).toHaveLength(1);
    expect(cleanups[0]!.at).toBeGreaterThan(NOW - 4.2 * 86_400);
    expect(cleanups[0]!.at).toBeLessThan(NOW - 3.8 * 86_400);
    expect(cleanups[0]!.from).toBeCloseTo(0.8, 1);
    expect(cleanups[0]!.to).toBeCloseTo(0.5, 1);
  });

  test('one that is late is said to be, and the rise goes on', () => {
    const saw = (_: number, hour: number) => 0.4 + (0.32 * (hour < 672 ? hour % 168 : hour - 672)) / 168 + unrest(hour);
    const { reasons, p_within_14d } = forecastOf(hourly(37, saw));
    expect(reasons.join()).toMatch(/cleanups came every 7 days and are 2 days late/);
    expect(p_within_14d).toBeGreaterThan(0.3);
  });
});

describe('too little or too old data is no forecast', () => {
  const reasonOf = (samples: ReturnType<typeof hourly>, threshold = THRESHOLD, now = NOW) => {
    const result = forecast(samples, threshold, now);
    return result.kind === 'no forecast' ? result.reason : result;
  };

  test.each([
    ['no samples', [], 'no sample is usable'],
    ['one sample', hourly(0, () => 0.5), 'only 1 hour was measured, 4 are needed'],
    ['three hours', hourly(2 / 24, () => 0.5), 'only 3 hours were measured, 4 are needed'],
    ['no numbers', hourly(5, () => Number.NaN), 'no sample is usable'],
    ['all of the future', hourly(1, () => 0.5).map(([time]) => [time + 90_000, 0.5] as const), 'no sample is usable'],
  ] as const)('%s', (_what, samples, reason) => {
    expect(reasonOf([...samples])).toBe(reason);
  });

  test('a last sample of four days ago', () => {
    expect(reasonOf(hourly(20, lineOf(0.8, 0.01)), THRESHOLD, NOW + 4 * 86_400)).toBe('the last sample is 4 days old');
    expect(reasonOf(hourly(20, lineOf(0.8, 0.01)), THRESHOLD, NOW + 1e7 * 365 * 86_400)).toMatch(/^the last sample is/);
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e301])('a threshold of %d', (threshold) => {
    expect(
      reasonOf(
        hourly(20, () => 0.5),
        threshold,
      ),
    ).toBe('the threshold is not above 0, or beyond all measure');
  });
});

test('what is critical already is critical in 0 days', () => {
  const { days_until_critical, confidence, p_within_1d } = forecastOf(hourly(20, lineOf(0.95, 0.01)));
  expect(days_until_critical).toBe(0);
  expect(confidence).toBe(0.99);
  expect(p_within_1d).toBe(0.99);
});

test('two critical hours are no crisis yet', () => {
  expect(forecastOf(hourly(20, (_, hour) => (hour > 478 ? 0.95 : 0.4 + unrest(hour)))).days_until_critical).not.toBe(0);
});
