import { describe, expect, it } from 'vitest';
import type { Execution } from '../../src/execution/execution.ts';
import type { Masking, VerifiedRun } from '../../src/execution/gains.ts';
import { discordBody } from '../../src/report/discord-message.ts';
import { createEvents } from '../../src/report/events.ts';
import { messageOf } from '../../src/report/message.ts';
import type { Metrics } from '../../src/report/metrics-input.ts';
import { outcomeReportsFor } from '../../src/report/policy.ts';
import { DAY, NOW } from '../support/decision.ts';
import { finishedExecution } from '../support/execution.ts';
import { recordingLog } from './recording-log.ts';

const VERIFIED: Partial<Execution> = {
  outcome: 'effective',
  outcome_message: 'disk_exhaustion of /srv: critical in 19.6 days; critical in 8.2 days before',
  days_after: 19.6,
  verify_at: NOW + DAY,
  verified_at: NOW + DAY,
};

const run = (day: number, gained: number): VerifiedRun => ({
  execution_id: `exe-${day}`,
  started_at: NOW + day * DAY,
  outcome: gained > 0 ? 'effective' : 'ineffective',
  days_before: 8.2,
  days_after: 8.2 + gained,
});
const RUNS = [run(0, 11.4), run(-9, 12.1), run(-18, 14), run(-60, 30)];

const outcome = (changes: Partial<Execution> = {}, runs = RUNS) =>
  messageOf({ kind: 'outcome', execution: finishedExecution({ ...VERIFIED, ...changes }), runs });

describe('a verified run is told', () => {
  it('with what it bought, beside what the last three bought', () => {
    expect(outcome()).toEqual({
      tone: 'good',
      title: 'disk-cleanup helped: /srv on nas',
      text: 'bought 11.4 days; the last three bought 14.0, 12.1, 11.4',
      details: [
        { name: 'Outcome', value: `effective: ${VERIFIED.outcome_message}` },
        {
          name: 'Forecast before',
          value: 'disk_exhaustion of /srv: critical in 8.2 days (confidence 87 %)',
        },
        { name: 'Ran', value: '2026-06-16T09:29:00Z' },
      ],
      footer: 'Forestall, execution exe-1',
      at: NOW + DAY,
      path: 'executions/exe-1',
    });
  });

  it('as bad where it did not help', () => {
    const changes = { outcome: 'ineffective', days_after: 7.2 } as const;
    expect(outcome(changes, [run(0, -1), run(-9, 12.1)])).toMatchObject({
      tone: 'bad',
      title: 'disk-cleanup did not help: /srv on nas',
      text: 'lost 1.0 days; the last two bought 12.1, -1.0',
    });
  });

  it('with its reason where there are no days', () => {
    const by = { outcome_message: 'as expected: x < 5 (x is 3)', days_before: null, days_after: null };
    expect(outcome(by, [{ ...run(0, 1), days_before: null }])).toMatchObject({ text: 'as expected: x < 5 (x is 3)' });
  });

  it('to Discord, unless nobody can tell', () => {
    expect(['effective', 'ineffective', 'unknown'].map((one) => outcomeReportsFor(one as 'unknown'))).toEqual([
      ['discord'],
      ['discord'],
      [],
    ]);
  });
});

describe('what is masked is told', () => {
  const masked = (masking: Partial<Masking>) =>
    messageOf({
      kind: 'masking',
      execution: finishedExecution(VERIFIED),
      masking: { reasons: ['returns'], runs: RUNS.slice(0, 3), min_days_gained: null, ...masking },
    });

  it('with what, since when, and each run', () => {
    const { title, text, details, tone } = masked({});
    expect({ title, tone }).toEqual({
      title: 'A person has to act: disk_exhaustion of /srv on nas is masked, not solved',
      tone: 'bad',
    });
    expect(text).toBe(
      'disk_exhaustion of /srv came back again and again: disk-cleanup ran for it 3 times in 30 days, since 2026-05-29T09:30:00Z. It masks a leak or a growth that somebody has to stop.',
    );
    expect(details[0]).toEqual({
      name: 'Runs',
      value: [
        '2026-05-29T09:30:00Z: effective, bought 14.0 days',
        '2026-06-07T09:30:00Z: effective, bought 12.1 days',
        '2026-06-16T09:30:00Z: effective, bought 11.4 days',
      ],
    });
  });

  it('with the gain that was too little', () => {
    expect(masked({ reasons: ['gain'], min_days_gained: 12.5 }).text).toBe(
      'The last run of disk-cleanup bought 11.4 days for disk_exhaustion of /srv, less than min_days_gained (12.5).',
    );
    expect(masked({ reasons: ['returns', 'gain'], min_days_gained: 12 }).text).toMatch(/has to stop\. The last run of/);
  });

  it('within the limits of Discord, however many runs there were', () => {
    const runs = Array.from({ length: 50 }, (_, at) => run(-at / 3, 12));
    const body = discordBody(masked({ runs }), 'http://forestall.example', false);
    const [{ title, description, fields }] = body.embeds;
    expect(title.length + description.length).toBeLessThan(6000);
    for (const { value } of fields) expect(value.length).toBeLessThanOrEqual(1024);
  });
});

it('goes to the log: what helped as information, the rest as a warning, what is masked by itself', () => {
  const { log, lines } = recordingLog();
  const { verified } = createEvents({ logger: log, metrics: {} as Metrics });
  const masking: Masking = { reasons: ['returns'], runs: RUNS, min_days_gained: null };
  for (const changes of [{}, { outcome: 'ineffective' }, { outcome: 'unknown', outcome_message: 'stale' }] as const) {
    verified({ execution: finishedExecution({ ...VERIFIED, ...changes }), runs: RUNS, masking: null });
  }
  verified({ execution: finishedExecution(VERIFIED), runs: RUNS, masking });
  expect(lines.map(({ level }) => level)).toEqual(['info', 'warn', 'warn', 'info', 'warn']);
  expect(lines[0]!.message).toMatch(/^disk-cleanup for \/srv: effective: .*; bought 11\.4 days; the last three bought/);
  expect(lines[2]!.message).toBe('disk-cleanup for /srv: unknown: stale');
  expect(lines[0]!.fields).toMatchObject({ event: 'outcome', execution_id: 'exe-1', outcome: 'effective' });
  expect(lines[4]!.fields).toMatchObject({ event: 'masking', prediction_type: 'disk_exhaustion', resource: '/srv' });
});
