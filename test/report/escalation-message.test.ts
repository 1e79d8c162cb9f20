import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Execution } from '../../src/execution/execution.ts';
import { attemptsInWords } from '../../src/report/attempts.ts';
import { discordBody } from '../../src/report/discord-message.ts';
import { messageOf } from '../../src/report/message.ts';
import type { Message } from '../../src/report/message-parts.ts';
import { DAY, HOUR, NOW, permittingPrediction } from '../support/decision.ts';
import { escalation, finishedExecution } from '../support/execution.ts';

/** A run so many days ago. */
const ago = (days: number, changes: Partial<Execution> = {}): Execution =>
  finishedExecution({ id: `exe-${days}`, claimed_at: NOW - days * DAY, started_at: NOW - days * DAY, ...changes });

const PHASE = finishedExecution().run!;
const helped = ago(12, { outcome: 'effective', days_after: 22.2 });
const lessSo = ago(9, { outcome: 'effective', days_after: 12.4 });
const useless = ago(6, { outcome: 'ineffective', days_after: 7.2 });
const failed = ago(3, { state: 'failed', run: { ...PHASE, exit_code: 3, error: 'exited with 3' } });
const stopped = ago(1, { state: 'rejected', started_at: null, run: null, message: 'no_active_backups: 1 is not 0' });
const HISTORY = [stopped, failed, useless, lessSo, helped];

const named = ({ details }: Message) => Object.fromEntries(details.map(({ name, value }) => [name, value]));

describe('what was tried', () => {
  it('is told one line a run, the oldest first, with how each ended and what it bought', () => {
    expect(attemptsInWords(HISTORY)).toEqual([
      '2026-06-04T09:30:00Z: disk-cleanup effective, bought 14.0 days',
      '2026-06-07T09:30:00Z: disk-cleanup effective, bought 4.2 days',
      '2026-06-10T09:30:00Z: disk-cleanup ineffective, lost 1.0 days',
      '2026-06-13T09:30:00Z: disk-cleanup failed: exited with 3',
      '2026-06-15T09:30:00Z: disk-cleanup did not run: no_active_backups: 1 is not 0',
    ]);
  });

  it.each([
    [ago(0), 'succeeded'],
    [ago(0, { verify_at: NOW + DAY }), 'succeeded, not verified yet'],
    [ago(0, { outcome: 'unknown' }), 'succeeded, whether it helped is unknown'],
    [ago(0, { outcome: 'effective' }), 'effective, no crossing any more'],
    [ago(0, { outcome: 'effective', days_before: null }), 'effective'],
    [ago(0, { state: 'interrupted', run: null, message: 'the service stopped' }), 'interrupted: the service stopped'],
    [ago(0, { state: 'nothing_to_do', started_at: null }), 'found nothing to do'],
  ])('%#: as %s', (execution, words) => {
    expect(attemptsInWords([execution])).toEqual([`2026-06-16T09:30:00Z: disk-cleanup ${words}`]);
  });

  it('is the newest five, each on one line and whole in a field, whatever the errors say', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 200, maxLength: 400 }), (error) => {
        const many = Array.from({ length: 9 }, (_, at) =>
          ago(at, { state: 'failed', run: { ...PHASE, error: `x\n${error}` } }),
        );
        const words = attemptsInWords(many);
        expect(words.map((line) => line.slice(0, 11))).toEqual([12, 13, 14, 15, 16].map((day) => `2026-06-${day}T`));
        expect(words.join('')).not.toMatch(/[\r\n]/);
      }),
    );
  });

  it('keeps its lines on Discord, whatever is in them, within every limit', () => {
    const line = fc.string({ unit: 'binary', maxLength: 400 });
    fc.assert(
      fc.property(fc.array(fc.array(line, { minLength: 1, maxLength: 12 }), { maxLength: 12 }), (values) => {
        const message = messageOf({ kind: 'escalation', decision: escalation() });
        const given = { ...message, details: values.map((value) => ({ name: 'name', value })) };
        const [{ title, description, footer, fields }] = discordBody(given, null).embeds;
        const texts = [title, description, footer.text, ...fields.flatMap(({ name, value }) => [name, value])];
        expect(texts.join('').length).toBeLessThanOrEqual(6000);
        for (const [at, { value }] of fields.entries()) {
          expect(value.length).toBeLessThanOrEqual(1024);
          expect(value.split('\n')).toHaveLength(values[at]!.length);
          expect(value.isWellFormed()).toBe(true);
        }
      }),
    );
  });

  it('reaches Discord whole', () => {
    const many = Array.from({ length: 5 }, (_, at) =>
      ago(at, {
        state: 'failed',
        run: { ...PHASE, error: 'the playbook_of_the_disk (a) said: no such file '.repeat(5) },
      }),
    );
    const message = messageOf({ kind: 'escalation', decision: escalation() }, many);
    const [{ fields }] = discordBody(message, null).embeds;
    const tried = fields.find(({ name }) => name === 'Tried')!;
    expect(tried.value.split('\n').map((line) => line.slice(0, 7))).toEqual(Array(5).fill('2026-06'));
    expect(tried.value.length).toBeLessThanOrEqual(1024);
  });
});

describe('an escalated decision tells', () => {
  it('what, since when, what was tried, and what to look at', () => {
    const message = messageOf({ kind: 'escalation', decision: escalation() }, HISTORY);
    expect(message).toMatchObject({
      tone: 'bad',
      title: 'A person has to act: disk_exhaustion of /srv on nas',
      path: 'decisions/dec-2',
    });
    expect(named(message)).toEqual({
      Reason: 'too_urgent',
      Forecast: 'disk_exhaustion of /srv: critical in 1.5 days (confidence 87 %)',
      Since: '2026-06-16T09:30:00Z, by a forecast of 2026-06-16T08:30:00Z',
      'Playbook that was not run': 'disk-cleanup',
      Alert: 'DiskExhaustionPredicted',
      Tried: attemptsInWords(HISTORY),
      'Look at': ['forestall history --playbook disk-cleanup', 'docs/runbook.md#forestalltoourgent'],
    });
  });

  it('that nothing was tried', () => {
    const message = messageOf({ kind: 'escalation', decision: escalation({ playbook: null, target: null }) });
    expect(named(message)).toMatchObject({
      Tried: 'nothing was run for it before',
      'Look at': ['forestall history', 'docs/runbook.md#forestalltoourgent'],
    });
  });

  it('of an open circuit when it is tried again, and where the last failure is to be read', () => {
    const decision = escalation({ reason: 'circuit_open', next_attempt_at: NOW + 20 * HOUR });
    expect(named(messageOf({ kind: 'escalation', decision }, HISTORY))).toMatchObject({
      Reason: 'circuit_open',
      'Tried again': 'not before 2026-06-17T05:30:00Z',
      'Look at': ['forestall history exe-3 --output run', 'docs/runbook.md#forestallcircuitopen'],
    });
    expect(named(messageOf({ kind: 'escalation', decision }, [useless]))['Look at']![0]).toBe(
      'forestall history --playbook disk-cleanup',
    );
  });

  it('of an alert by its name no forecast', () => {
    const prediction = permittingPrediction({ prediction_type: 'alert:Down', source: 'alert' });
    const message = named(messageOf({ kind: 'escalation', decision: escalation({ prediction, target: prediction }) }));
    expect(message).toMatchObject({ Alert: 'DiskExhaustionPredicted', Since: '2026-06-16T09:30:00Z' });
    expect(message).not.toHaveProperty('Forecast');
  });
});

describe('what nobody confirms', () => {
  it('is told with how to answer, until when, and what was tried', () => {
    const execution = finishedExecution({ state: 'awaiting_approval', run: null, dry_run: PHASE, finished_at: null });
    const expires_at = execution.claimed_at + 12 * HOUR;
    const message = messageOf({ kind: 'unconfirmed', execution, expires_at }, [helped]);
    expect(message).toMatchObject({
      title: 'Nobody has confirmed disk-cleanup yet: /srv on nas',
      text: 'disk-cleanup passed every gate and its dry run, and waits for a person since 2026-06-16T09:28:00Z. Unanswered, it expires at 2026-06-16T21:28:00Z, and nothing is done.',
      path: 'executions/exe-1',
    });
    expect(named(message)).toEqual({
      Forecast: 'disk_exhaustion of /srv: critical in 8.2 days (confidence 87 %)',
      Since: expect.stringMatching(/^2026-06-16T09:28:00Z, by a forecast of /),
      'The dry run found': 'pruned images; 14 changes; 2 GiB freed',
      Tried: attemptsInWords([helped]),
      Answer: 'forestall approve exe-1, or forestall reject exe-1',
      'Look at': ['forestall history exe-1 --output dry_run', 'docs/runbook.md#forestallapprovalawaited'],
    });
  });

  it('says already when it begins to wait what was tried before', () => {
    const execution = finishedExecution({ state: 'awaiting_approval', run: null, finished_at: null });
    const message = messageOf({ kind: 'execution', execution }, [helped]);
    expect(named(message)).toMatchObject({ 'Tried before': attemptsInWords([helped]) });
    expect(named(messageOf({ kind: 'execution', execution }))).not.toHaveProperty('Tried before');
  });
});

it('a run that did not help tells what was tried, and what to look at; one that helped does not', () => {
  const told = (execution: Execution) => named(messageOf({ kind: 'outcome', execution, runs: [] }, HISTORY));
  expect(told(useless)).toMatchObject({
    Tried: attemptsInWords(HISTORY),
    'Look at': ['forestall history exe-6 --output run', 'docs/runbook.md#forestallremediationineffective'],
  });
  expect(told(helped)).not.toHaveProperty('Tried');
  expect(told(helped)).not.toHaveProperty('Look at');
});

it('runs that never helped mask nothing', () => {
  const runs = [6, 9, 12].map((days) => ({
    ...ago(days),
    execution_id: `exe-${days}`,
    started_at: NOW - days * DAY,
    outcome: 'ineffective' as const,
    days_after: 8,
  }));
  const masking = { reasons: ['returns'] as const, runs, min_days_gained: null };
  const message = messageOf({ kind: 'masking', execution: useless, masking });
  expect(message.title).toBe('A person has to act: disk_exhaustion of /srv on nas is not solved by disk-cleanup');
  expect(message.text).toBe(
    'disk_exhaustion of /srv is as bad as before: disk-cleanup ran for it 3 times in 30 days, since 2026-06-04T09:30:00Z, and it never helped. What grows is something that it does not touch.',
  );
  expect(named(message)['Runs']).toEqual(Array(3).fill(expect.stringMatching(/Z: ineffective, lost 0\.2 days$/)));
});
