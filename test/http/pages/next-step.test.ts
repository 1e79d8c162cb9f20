import { describe, expect, test } from 'vitest';
import type { Decision, GateResult } from '../../../src/decision/decision.ts';
import { nextStep, type Situation } from '../../../src/http/pages/next-step.ts';
import { HOUR, MINUTE, NOW, permittingPrediction } from '../../support/decision.ts';
import { finishedExecution } from '../../support/execution.ts';
import { decisionFor } from '../harness.ts';

const prediction = permittingPrediction();
const live: Situation = { automation: { mode: 'live' }, unfinished: [], now: NOW };
const paused: Situation = { ...live, automation: { mode: 'paused' } };
const stops = (gate: GateResult['gate'], message: string): GateResult => ({ gate, outcome: 'stop', message });
const step = (changes: Partial<Decision>, situation = live, asks = false) =>
  nextStep({ prediction, asks, decision: decisionFor({ gates: [], ...changes }) }, situation);

const APPROVED = { verdict: 'approved', reason: 'approved', message: 'every gate passed' } as const;
const COOLDOWN = {
  verdict: 'deferred',
  reason: 'cooldown',
  message: 'disk-cleanup ran 44 h ago',
  next_attempt_at: NOW + 3 * HOUR + 12 * MINUTE,
} as const;
const PAUSED = {
  verdict: 'rejected',
  reason: 'kill_switch',
  message: 'paused: night',
  next_attempt_at: NOW + 2 * HOUR,
} as const;

describe('what happens next', () => {
  test('nothing stands in the way', () => {
    expect(step(APPROVED)).toEqual({ tone: 'run', words: 'runs now', at: NOW });
    expect(step(APPROVED, live, true)).toEqual({ tone: 'ask', words: 'asks for confirmation now', at: NOW });
    expect(step(APPROVED, { ...live, automation: { mode: 'dry_run' } }, true).words).toBe('dry run now');
  });

  test('a gate that opens by itself says when', () => {
    expect(step(COOLDOWN)).toEqual({
      tone: 'wait',
      words: 'in 3 h 12 min, when the cooldown ends',
      at: COOLDOWN.next_attempt_at,
    });
    expect(step({ ...COOLDOWN, reason: 'outside_hours' }).words).toBe('in 3 h 12 min, when its allowed hours begin');
  });

  test('the next one that stops it is told as well, and then no time is promised', () => {
    const gates = [stops('cooldown', COOLDOWN.message), stops('weekly_limit', '2 of 2 runs in 7 d')];
    expect(step({ ...COOLDOWN, gates })).toEqual({
      tone: 'hold',
      words: 'in 3 h 12 min, when the cooldown ends; then also weekly limit: 2 of 2 runs in 7 d',
      at: null,
    });
  });

  test('what no time opens is never', () => {
    const low = { verdict: 'rejected', reason: 'low_confidence', message: 'confidence 0.38 < 0.70' } as const;
    expect(step(low)).toEqual({ tone: 'never', words: 'never: confidence 0.38 < 0.70', at: null });
    expect(step({ verdict: 'rejected', reason: 'stale_prediction', message: '30 h old' }).tone).toBe('hold');
  });

  test('too urgent is for people, behind a pause too', () => {
    const gates = [stops('kill_switch', 'paused: night'), stops('too_urgent', '1 days < 3: people must act now')];
    expect(step({ ...PAUSED, gates }, paused)).toEqual({
      tone: 'people',
      words: 'never: 1 days < 3: people must act now',
      at: null,
    });
  });

  test('the end of a pause is promised only where nothing else stops it', () => {
    expect(step({ ...PAUSED, gates: [stops('kill_switch', '')] }, paused).words).toBe('in 2 h, when the pause ends');
    const gates = [stops('kill_switch', ''), stops('low_confidence', 'confidence 0.38 < 0.7')];
    expect(step({ ...PAUSED, gates }, paused)).toEqual({
      tone: 'never',
      words: 'paused; then never: confidence 0.38 < 0.7',
      at: null,
    });
    expect(step({ ...PAUSED, next_attempt_at: null }, paused).words).toBe('not while paused');
    const disabled: Situation = { ...live, automation: { mode: 'disabled' } };
    const off = { ...PAUSED, next_attempt_at: null, message: 'enable_auto_remediation is false' };
    expect(step(off, disabled).words).toBe('never: enable_auto_remediation is false');
  });

  test('an execution that holds the playbook is named, and its own one is told apart', () => {
    const busy = { verdict: 'deferred', reason: 'in_progress', message: 'disk-cleanup is running as exe-1' } as const;
    const own = finishedExecution({ state: 'running', finished_at: null });
    const other = { ...own, prediction: permittingPrediction({ resource: '/home' }) };
    expect(step(busy, { ...live, unfinished: [own] })).toMatchObject({ tone: 'run', words: 'under way: running' });
    expect(step(busy, { ...live, unfinished: [{ ...own, state: 'awaiting_approval' }] })).toMatchObject({
      tone: 'ask',
      words: 'waits for your approval',
    });
    expect(step(busy, { ...live, unfinished: [other] }).words).toBe(
      'after disk-cleanup for /home on nas, which is under way',
    );
  });
});
