import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CheckResult } from '../../src/execution/execution.ts';
import { judge, type Look, type ReadSource } from '../../src/execution/judgement.ts';
import { DAY, HOUR, MINUTE, NOW, permittingMapping, permittingPrediction } from '../support/decision.ts';
import { finishedExecution } from '../support/execution.ts';

/** The run ended at `NOW`; it is looked at a day later. */
const LATER = NOW + DAY;
const FILE = permittingPrediction().source;

const source = (changes: Partial<ReadSource> = {}): ReadSource => ({
  source: FILE,
  up: true,
  problem: null,
  problems: 0,
  dated_at: LATER - HOUR,
  ...changes,
});

const look = (changes: Partial<Look> = {}): Look => ({
  now: LATER,
  stale_after: 26 * HOUR,
  current: permittingPrediction({ observed_at: LATER - HOUR, days_until_critical: 19.6 }),
  source: source(),
  check: null,
  heard: null,
  conditions: permittingMapping().conditions,
  ...changes,
});

const forecast = (days: number | null, observed_at = LATER - HOUR) => ({
  current: permittingPrediction({ days_until_critical: days, observed_at }),
});
const GONE = { current: null } as const;
const execution = finishedExecution();
const withoutDays = finishedExecution({ days_before: null });

describe('by the forecast', () => {
  it.each([
    ['its days grew', forecast(19.6), 'effective', 19.6, /critical in 19\.6 days; critical in 8\.2 days before$/],
    ['its days grew by very little', forecast(8.200001), 'effective', 8.200001, /critical in 8\.200001 days;/],
    [
      'its days are the same',
      forecast(8.2),
      'ineffective',
      8.2,
      /critical in 8\.2 days; critical in 8\.2 days before$/,
    ],
    ['its days shrank', forecast(7.3), 'ineffective', 7.3, /critical in 7\.3 days;/],
    ['it is critical now', forecast(0), 'ineffective', 0, /critical in 0 days;/],
    ['there is no crossing', forecast(null), 'effective', null, /\/srv: no crossing; critical in 8\.2 days before$/],
    ['it is gone', GONE, 'effective', null, /\/srv is not predicted any more; critical in 8\.2 days before$/],
  ] as const)('%s', (_what, changes, outcome, days_after, says) => {
    expect(judge(execution, look(changes))).toEqual({ outcome, days_after, message: expect.stringMatching(says) });
  });

  it.each([
    ['gone', GONE, 'effective', /not predicted any more; no crossing before$/],
    ['as before', forecast(null), 'ineffective', /is predicted as before$/],
    ['now with days', forecast(5), 'ineffective', /critical in 5 days; no crossing before$/],
  ] as const)('without days before: %s', (_what, changes, outcome, says) => {
    const { min_confidence } = permittingMapping().conditions;
    const conditions = {
      min_days_until_critical: null,
      max_days_until_critical: null,
      min_confidence,
      min_consecutive: 1,
    };
    const judged = judge(withoutDays, look({ ...changes, conditions }));
    expect(judged).toMatchObject({ outcome, message: expect.stringMatching(says) });
  });

  it('without days on either side, and not what the mapping asks for any more, nothing is sure', () => {
    expect(judge(withoutDays, look(forecast(null))).outcome).toBe('unknown');
    expect(judge(withoutDays, look({ ...forecast(null), conditions: null })).outcome).toBe('unknown');
  });
});

const DOUBTS: readonly (readonly [string, Partial<Look>, RegExp])[] = [
  ['its source is down', { source: source({ up: false, problem: 'is not JSON' }) }, /is down: is not JSON$/],
  ['its source is down and it is gone', { ...GONE, source: source({ up: false }) }, /is down: no reason is known$/],
  [
    'nothing was forecast since the run',
    forecast(30, NOW),
    /no forecast since the run, the newest is of 2026-06-16T09/,
  ],
  ['the forecast is stale', { ...forecast(30, NOW + MINUTE), stale_after: HOUR }, /of 2026-06-16T09:31:00Z, is stale$/],
  ['the forecast is dated in the future', forecast(30, LATER + HOUR), /is stale$/],
  ['it is gone from a file of before the run', { ...GONE, source: source({ dated_at: NOW }) }, /is not newer than/],
  ['it is gone from a file that says no time', { ...GONE, source: source({ dated_at: null }) }, /is not newer than/],
  [
    'it is gone from a stale file',
    { ...GONE, source: source({ dated_at: NOW + 1 }), stale_after: HOUR },
    /is stale: it/,
  ],
  [
    'it is gone from a file of the future',
    { ...GONE, source: source({ dated_at: LATER + HOUR }) },
    /is stale: it is of/,
  ],
  [
    'it is gone from a file with bad entries',
    { ...GONE, source: source({ problems: 2 }) },
    /2 entries of it cannot be/,
  ],
  ['it is gone with its source', { ...GONE, source: null }, /and file:\S+ does not say why$/],
];

describe('in doubt it is unknown', () => {
  it.each(DOUBTS)('%s', (_what, changes, says) => {
    const judged = judge(execution, look(changes));
    expect(judged).toEqual({ outcome: 'unknown', days_after: null, message: expect.stringMatching(says) });
  });

  it('only its alert knew of it', () => {
    const alerted = finishedExecution({ prediction: permittingPrediction({ source: 'alert' }) });
    expect(judge(alerted, look({ ...GONE, source: null }))).toMatchObject({
      outcome: 'unknown',
      message: 'only its alert knew of it',
    });
  });

  it('a forecaster leaves out what it cannot forecast, which says nothing of a danger that is over', () => {
    const forecasted = finishedExecution({ prediction: permittingPrediction({ source: 'forecast:local' }) });
    const its = source({ source: 'forecast:local' });
    expect(judge(forecasted, look({ ...GONE, source: its })).outcome).toBe('unknown');
    expect(judge(forecasted, look({ ...forecast(null), source: its })).outcome).toBe('effective');
  });

  it('a prediction by hand has no source that could be down, and no end that would say that it is gone', () => {
    const prediction = permittingPrediction({ source: 'api' });
    const posted = finishedExecution({ prediction });
    expect(judge(posted, look({ ...GONE, source: null })).outcome).toBe('unknown');
    expect(judge(posted, look({ ...forecast(30), source: null })).outcome).toBe('effective');
  });

  it('never effective without a fresh forecast since the run, whatever the clock shows', () => {
    const instant = fc.integer({ min: -400 * DAY, max: 400 * DAY }).map((offset) => NOW + offset);
    const current = fc.option(
      fc.record({ observed_at: instant, days: fc.option(fc.double({ min: 0, max: 100, noNaN: true })) }),
    );
    const read = fc.option(fc.record({ up: fc.boolean(), problems: fc.nat({ max: 1 }), dated_at: fc.option(instant) }));
    fc.assert(
      fc.property(instant, current, read, (now, known, its) => {
        const judged = judge(
          execution,
          look({
            now,
            ...(known === null ? GONE : forecast(known.days, known.observed_at)),
            source: its === null ? null : source(its),
          }),
        );
        if (judged.outcome === 'unknown') return;
        const made = known === null ? its?.dated_at : known.observed_at;
        expect(its?.up).not.toBe(false);
        expect(made).toBeGreaterThan(NOW);
        expect(now - made!).toBeLessThanOrEqual(26 * HOUR);
        expect(made! - now).toBeLessThanOrEqual(5 * MINUTE);
        if (known === null) expect(its).toMatchObject({ up: true, problems: 0 });
        else if (known.days !== null) expect(judged.outcome).toBe(known.days > 8.2 ? 'effective' : 'ineffective');
      }),
      { numRuns: 3000 },
    );
  });
});

describe('by what was expected', () => {
  const check = (changes: Partial<CheckResult> = {}): { check: CheckResult } => ({
    check: { check: 'disk_usage < 85%', value: 80, passed: true, message: 'disk_usage is 80', ...changes },
  });

  it('decides, whatever the forecast says, and notes its days', () => {
    expect(judge(execution, look({ ...check(), ...forecast(2) }))).toEqual({
      outcome: 'effective',
      message: 'as expected: disk_usage < 85% (disk_usage is 80)',
      days_after: 2,
    });
    expect(judge(execution, look({ ...check({ passed: false, value: 90 }), ...GONE }))).toMatchObject({
      outcome: 'ineffective',
      message: expect.stringMatching(/^not as expected: disk_usage < 85%/),
      days_after: null,
    });
  });

  it.each(DOUBTS)('needs no forecast: %s', (_what, changes) => {
    expect(judge(execution, look({ ...changes, ...check() }))).toMatchObject({
      outcome: 'effective',
      days_after: null,
    });
  });

  it('that cannot be answered is unknown', () => {
    const judged = judge(execution, look({ ...check({ value: null, passed: false, message: 'no such file' }) }));
    expect(judged).toMatchObject({ outcome: 'unknown', days_after: null, message: expect.stringContaining('no such') });
  });
});
