import { expect, test } from 'vitest';
import { decide } from '../../src/decision/decide.ts';
import type { DecisionInput, Facts } from '../../src/decision/decision.ts';
import {
  HOUR,
  MINUTE,
  NOW,
  permittingFacts,
  permittingInput,
  permittingMapping,
  permittingPolicy,
  permittingPrediction,
  runsAt,
} from '../support/decision.ts';

const alert = permittingInput().alert!;
const prediction = (changes: Parameters<typeof permittingPrediction>[0]) => ({
  prediction: permittingPrediction(changes),
});
const mapping = (changes: Parameters<typeof permittingMapping>[0]) => ({ mapping: permittingMapping(changes) });
const policy = (changes: Parameters<typeof permittingPolicy>[0]) => ({ policy: permittingPolicy(changes) });
const pause = { name: 'manual', reason: null, since: 0, until: null };

const approved: readonly (readonly [string, Partial<DecisionInput>, Partial<Facts>])[] = [
  ['the lower bound itself', prediction({ days_until_critical: 7 }), {}],
  ['the upper bound itself', prediction({ days_until_critical: 10 }), {}],
  ['confidence at min_confidence', prediction({ confidence: 0.7 }), {}],
  ['confidence 1', prediction({ confidence: 1 }), {}],
  ['an age of stale_after exactly', prediction({ observed_at: NOW - 26 * HOUR }), {}],
  ['five minutes of clock skew', prediction({ observed_at: NOW + 5 * MINUTE }), {}],
  ['an alert five minutes ahead', { alert: { ...alert, starts_at: NOW + 5 * MINUTE } }, {}],
  ['a silence when an alert came: Alertmanager let it through', { silence: 'silenced' }, {}],
  [
    'no day bounds and no crossing',
    {
      ...prediction({ days_until_critical: null }),
      ...mapping({ conditions: { min_days_until_critical: null, max_days_until_critical: null } }),
    },
    {},
  ],
  [
    'no host, and a glob that would match any host',
    {
      ...prediction({ host: null }),
      ...policy({ exclude: ['n*'] }),
    },
    {},
  ],
  ['a pause that is over', {}, { pauses: [{ ...pause, until: NOW }] }],
  ['a cooldown that ends now', {}, { runs: runsAt([NOW - 48 * HOUR]) }],
  ['a stop that is retry_after ago', {}, { stopped: { state: 'nothing_to_do', at: NOW - HOUR } }],
  [
    'two failures of three',
    mapping({ action: { cooldown_hours: 0, max_executions_per_week: null } }),
    {
      runs: [...runsAt([NOW - 2 * HOUR, NOW - 3 * HOUR], 'failed'), ...runsAt([NOW - 4 * HOUR])],
    },
  ],
  [
    'three failures, reset_after ago',
    mapping({ action: { cooldown_hours: 0, max_executions_per_week: null } }),
    {
      runs: runsAt([NOW - 24 * HOUR, NOW - 25 * HOUR, NOW - 26 * HOUR], 'failed'),
    },
  ],
  [
    'limits that are off',
    {
      ...mapping({ action: { max_executions_per_week: null, limits: [], cooldown_hours: 0, allowed_hours: null } }),
      ...policy({ max_daily_executions: null }),
    },
    { runs: runsAt([NOW, NOW, NOW]), all_runs: [NOW, NOW, NOW] },
  ],
  ['a hand that posts: no alert', { trigger: 'api', alert: null }, {}],
];
test.each(approved)('%s', (_title, input, facts) => {
  const draft = decide(permittingInput(input), permittingFacts(facts));
  expect(draft.message).toBe('every gate passed');
  expect(draft.reason).toBe('approved');
});
