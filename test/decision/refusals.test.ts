import { describe, expect, test } from 'vitest';
import { decide, explain, GATES } from '../../src/decision/decide.ts';
import type { DecisionInput, Facts } from '../../src/decision/decision.ts';
import { type Refusal, VERDICT_OF } from '../../src/decision/reason.ts';
import {
  DAY,
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

interface Broken {
  readonly gate: Refusal;
  readonly by: string;
  readonly input?: Partial<DecisionInput>;
  readonly facts?: Partial<Facts>;
  readonly message: string | RegExp;
  /** Null: time alone does not open the gate. */
  readonly opens?: number;
}

const alert = permittingInput().alert!;
const prediction = (changes: Parameters<typeof permittingPrediction>[0]) => ({
  prediction: permittingPrediction(changes),
});
const mapping = (changes: Parameters<typeof permittingMapping>[0]) => ({ mapping: permittingMapping(changes) });
const policy = (changes: Parameters<typeof permittingPolicy>[0]) => ({ policy: permittingPolicy(changes) });
const pause = { name: 'manual', reason: null, since: NOW - DAY, until: null };

const BROKEN: readonly Broken[] = [
  {
    gate: 'unreadable',
    by: 'an alert that could not be read',
    input: { alert: { ...alert, problem: 'labels.resource: expected a string', starts_at: null } },
    message: 'labels.resource: expected a string',
  },
  {
    gate: 'not_firing',
    by: 'a resolved alert',
    input: { alert: { ...alert, status: 'resolved' } },
    message: 'the alert is resolved',
  },
  {
    gate: 'not_a_prediction',
    by: 'an alert without prediction_type',
    input: { alert: { ...alert, alertname: 'Watchdog', is_prediction: false } },
    message: /^Watchdog carries no label prediction_type/,
  },
  {
    gate: 'no_prediction',
    by: 'nothing known',
    input: { prediction: null, prediction_problem: null },
    message: 'nothing is known about this prediction',
  },
  {
    gate: 'no_prediction',
    by: 'an annotation that is no number',
    input: { prediction: null, prediction_problem: 'annotation confidence is "93.4%"' },
    message: 'annotation confidence is "93.4%"',
  },
  {
    gate: 'no_prediction',
    by: 'days below 0',
    input: prediction({ days_until_critical: -1 }),
    message: /^days_until_critical is -1; /,
  },
  {
    gate: 'no_prediction',
    by: 'confidence in percent',
    input: prediction({ confidence: 87 }),
    message: 'confidence is 87; 0 to 1 is wanted',
  },
  {
    gate: 'kill_switch',
    by: 'enable_auto_remediation: false',
    input: policy({ enable_auto_remediation: false }),
    message: 'enable_auto_remediation is false',
  },
  {
    gate: 'kill_switch',
    by: 'a pause without an end',
    facts: { pauses: [{ ...pause, reason: 'moving disks' }] },
    message: 'paused: manual (moving disks), until it is resumed',
  },
  {
    gate: 'kill_switch',
    by: 'a pause with an end',
    facts: { pauses: [{ ...pause, until: NOW + HOUR }] },
    message: 'paused: manual until 2026-06-16T10:30:00Z',
    opens: NOW + HOUR,
  },
  {
    gate: 'kill_switch',
    by: "two people's pauses: the later end counts",
    facts: {
      pauses: [
        { ...pause, until: NOW + 2 * HOUR },
        { ...pause, name: 'backup', until: NOW + HOUR },
      ],
    },
    message: /manual.*backup/,
    opens: NOW + 2 * HOUR,
  },
  {
    gate: 'kill_switch',
    by: 'two pauses, one without an end',
    facts: {
      pauses: [
        { ...pause, until: NOW + HOUR },
        { ...pause, name: 'backup' },
      ],
    },
    message: /manual.*backup/,
  },
  {
    gate: 'silenced',
    by: 'a silence that covers it, in a run pass',
    input: { trigger: 'run', alert: null, silence: 'silenced by anna until 12:00: maintenance' },
    message: 'silenced by anna until 12:00: maintenance',
  },
  {
    gate: 'no_mapping',
    by: 'no mapping that matches',
    input: { mapping: null },
    message: 'no mapping for disk_exhaustion of /srv',
  },
  {
    gate: 'unsafe_value',
    by: 'a value that reads as an option',
    input: { unsafe_value: 'the resource would make an argument begin with -' },
    message: 'the resource would make an argument begin with -',
  },
  {
    gate: 'excluded',
    by: 'an excluded resource',
    input: policy({ exclude: ['db-*', '/sr?'] }),
    message: 'the resource /srv is excluded by /sr?',
  },
  {
    gate: 'excluded',
    by: 'an excluded host',
    input: policy({ exclude: ['n?s'] }),
    message: 'the host nas is excluded by n?s',
  },
  {
    gate: 'stale_prediction',
    by: 'a prediction older than stale_after',
    input: prediction({ observed_at: NOW - 26 * HOUR - 1 }),
    message: 'the prediction is 26 h old, more than stale_after 26 h',
  },
  {
    gate: 'stale_prediction',
    by: 'a prediction of months ago',
    input: prediction({ observed_at: NOW - 100 * DAY }),
    message: 'the prediction is 100 d old, more than stale_after 26 h',
  },
  {
    gate: 'stale_prediction',
    by: 'a prediction from the future',
    input: prediction({ observed_at: NOW + 5 * MINUTE + 1 }),
    message: /^the prediction is dated 2026-06-16T09:35:00Z, which is in the future$/,
  },
  {
    gate: 'stale_prediction',
    by: 'a prediction without a usable time',
    input: prediction({ observed_at: Number.NaN }),
    message: /unknown time/,
  },
  {
    gate: 'stale_prediction',
    by: 'an alert that begins in the future',
    input: { alert: { ...alert, starts_at: NOW + 5 * MINUTE + 1 } },
    message: /^the alert says it began at .*, which is in the future$/,
  },
  {
    gate: 'too_urgent',
    by: 'days below the window',
    input: prediction({ days_until_critical: 6.99999 }),
    message: 'critical in 6.99999 days < 7: people must act now',
  },
  {
    gate: 'too_urgent',
    by: 'critical already',
    input: prediction({ days_until_critical: 0 }),
    message: 'critical in 0 days < 7: people must act now',
  },
  {
    gate: 'not_urgent_yet',
    by: 'days above the window',
    input: prediction({ days_until_critical: 10.00001 }),
    message: 'critical in 10.00001 days > 10',
  },
  {
    gate: 'not_urgent_yet',
    by: 'no crossing',
    input: prediction({ days_until_critical: null }),
    message: 'no crossing is expected',
  },
  {
    gate: 'not_urgent_yet',
    by: 'no crossing, where only a lower bound is set',
    input: {
      ...prediction({ days_until_critical: null }),
      ...mapping({ conditions: { max_days_until_critical: null } }),
    },
    message: 'no crossing is expected',
  },
  {
    gate: 'low_confidence',
    by: 'confidence below min_confidence',
    input: prediction({ confidence: 0.69999 }),
    message: 'confidence 0.69999 < 0.7',
  },
  {
    gate: 'not_persistent',
    by: 'one prediction where three in a row are asked for',
    input: { consecutive: 2, ...mapping({ conditions: { min_consecutive: 3 } }) },
    message: 'in the window for 2 in a row < 3',
  },
  {
    gate: 'unproven',
    by: 'a source that did not keep its word',
    facts: { proof: { scored: 20, came_true: 13 } },
    message: /^13 of 20 forecasts of disk_exhaustion by file:\S+ came true: 0\.65 < 0\.7$/,
  },
  {
    gate: 'in_progress',
    by: 'an unfinished execution',
    facts: { unfinished: { execution_id: 'x1', state: 'awaiting_approval', claimed_at: NOW - MINUTE } },
    message: 'disk-cleanup waits for confirmation as x1 since 2026-06-16T09:29:00Z',
  },
  {
    gate: 'in_progress',
    by: 'an execution that runs',
    facts: { unfinished: { execution_id: 'x1', state: 'running', claimed_at: NOW - MINUTE } },
    message: 'disk-cleanup is running as x1 since 2026-06-16T09:29:00Z',
  },
  {
    gate: 'circuit_open',
    by: 'three failed runs in a row',
    input: mapping({ action: { cooldown_hours: 0, max_executions_per_week: null } }),
    facts: {
      runs: [
        ...runsAt([NOW - 2 * HOUR, NOW - 3 * HOUR], 'failed'),
        ...runsAt([NOW - 4 * HOUR], 'interrupted'),
        ...runsAt([NOW - DAY]),
      ],
    },
    message: 'the last 3 runs of disk-cleanup all failed; held until 2026-06-17T07:30:00Z',
    opens: NOW + 22 * HOUR,
  },
  {
    gate: 'circuit_open',
    by: 'runs in a row of which each failed or did not help',
    input: mapping({ action: { cooldown_hours: 0, max_executions_per_week: null } }),
    facts: {
      runs: [
        ...runsAt([NOW - 2 * HOUR], 'ineffective'),
        ...runsAt([NOW - 3 * HOUR], 'failed'),
        ...runsAt([NOW - 4 * HOUR], 'ineffective'),
      ],
    },
    message: 'the last 3 runs of disk-cleanup all failed or did not help; held until 2026-06-17T07:30:00Z',
    opens: NOW + 22 * HOUR,
  },
  {
    gate: 'cooldown',
    by: 'a run less than cooldown_hours ago',
    facts: { runs: runsAt([NOW - 47 * HOUR]) },
    message: 'disk-cleanup ran 47 h ago, cooldown 48 h until 2026-06-16T10:30:00Z',
    opens: NOW + HOUR,
  },
  {
    gate: 'cooldown',
    by: 'a failed run just as well',
    facts: { runs: runsAt([NOW - HOUR], 'failed') },
    message: /^disk-cleanup ran 1 h ago, cooldown 48 h/,
    opens: NOW + 47 * HOUR,
  },
  {
    gate: 'cooldown',
    by: 'a run by a clock that was ahead',
    facts: { runs: runsAt([NOW + DAY]) },
    message: /^disk-cleanup ran at 2026-06-17T09:30:00Z, which is in the future/,
    opens: NOW + 3 * DAY,
  },
  {
    gate: 'settling',
    by: 'a run of which it is not known yet whether it helped',
    facts: { settling: { execution_id: 'x1', ended_at: NOW - HOUR, verify_at: NOW + 23 * HOUR } },
    message: 'x1 ended 1 h ago; whether it helped is found out at 2026-06-17T08:30:00Z',
    opens: NOW + 23 * HOUR,
  },
  {
    gate: 'retry_later',
    by: 'a safety check that stopped it lately',
    facts: { stopped: { state: 'rejected', at: NOW - 10 * MINUTE } },
    message: 'ended as rejected 10 min ago, next try at 2026-06-16T10:20:00Z',
    opens: NOW + 50 * MINUTE,
  },
  {
    gate: 'limit',
    by: 'a further limit that is reached',
    input: mapping({ action: { cooldown_hours: 0, limits: [{ runs: 1, per: HOUR }] } }),
    facts: { runs: runsAt([NOW - 15 * MINUTE]) },
    message: 'disk-cleanup: 1 of 1 runs in 1 h; the next is possible at 2026-06-16T10:15:00Z',
    opens: NOW + 45 * MINUTE,
  },
  {
    gate: 'limit',
    by: 'two further limits that are reached: the later opening counts',
    input: mapping({
      action: {
        cooldown_hours: 0,
        limits: [
          { runs: 1, per: HOUR },
          { runs: 1, per: 6 * HOUR },
          { runs: 1, per: 2 * HOUR },
        ],
      },
    }),
    facts: { runs: runsAt([NOW - 15 * MINUTE]) },
    message: /^disk-cleanup: 1 of 1 runs in 6 h/,
    opens: NOW + 5.75 * HOUR,
  },
  {
    gate: 'weekly_limit',
    by: 'two runs in seven days',
    facts: { runs: runsAt([NOW - 3 * DAY, NOW - 6 * DAY]) },
    message: 'disk-cleanup: 2 of 2 runs in 7 d; the next is possible at 2026-06-17T09:30:00Z',
    opens: NOW + DAY,
  },
  {
    gate: 'weekly_limit',
    by: 'a weekly limit of 0, whatever ran',
    input: mapping({ action: { max_executions_per_week: 0 } }),
    facts: { runs: [] },
    message: 'disk-cleanup: 0 of 0 runs in 7 d; the limit allows none',
  },
  {
    gate: 'daily_limit',
    by: 'three runs of any playbook in a day',
    facts: { all_runs: [NOW - HOUR, NOW - 2 * HOUR, NOW - 20 * HOUR, NOW - 5 * DAY] },
    message: 'all playbooks: 3 of 3 runs in 24 h; the next is possible at 2026-06-16T13:30:00Z',
    opens: NOW + 4 * HOUR,
  },
  {
    gate: 'blast_radius',
    by: 'as many other hosts as are allowed',
    facts: { hosts: ['a', 'b', 'c'].map((host) => ({ host, at: NOW - 50 * MINUTE })) },
    message: /^disk-cleanup: 3 hosts in 1 h \(a, b, c\), 3 of the inventory's 10 allowed; .* 2026-06-16T09:40:00Z$/,
    opens: NOW + 10 * MINUTE,
  },
  {
    gate: 'outside_hours',
    by: 'a time of day outside of allowed_hours',
    input: mapping({ action: { allowed_hours: { from: 60, to: 300, text: '01:00-05:00' } } }),
    message: '09:30 is outside 01:00-05:00 (UTC)',
    opens: Date.parse('2026-06-17T01:00:00Z'),
  },
];

test('everything permits: approved, every gate asked in order, none stops', () => {
  const draft = decide(permittingInput(), permittingFacts());
  expect(draft).toMatchObject({ verdict: 'approved', reason: 'approved', next_attempt_at: null });
  expect(draft.gates.map((gate) => gate.gate)).toEqual(GATES.map((gate) => gate.reason));
  expect(draft.gates.filter((gate) => gate.outcome === 'stop')).toEqual([]);
  expect(draft.gates.filter((gate) => gate.outcome === 'skip').map((gate) => gate.gate)).toEqual(['silenced']);
});

test('each gate is broken below', () => {
  const broken = new Set(BROKEN.map((one) => one.gate));
  expect(GATES.map((gate) => gate.reason).filter((gate) => !broken.has(gate))).toEqual([]);
});

describe('one thing broken', () => {
  test.each(BROKEN.map((one) => [`${one.gate}: ${one.by}`, one] as const))('%s', (_title, one) => {
    const input = permittingInput(one.input);
    const facts = permittingFacts(one.facts);
    const draft = decide(input, facts);
    expect(draft.reason).toBe(one.gate);
    expect(draft.verdict).toBe(VERDICT_OF[one.gate]);
    if (typeof one.message === 'string') expect(draft.message).toBe(one.message);
    else expect(draft.message).toMatch(one.message);
    expect(draft.next_attempt_at).toBe(one.opens ?? null);

    const place = GATES.findIndex((gate) => gate.reason === one.gate);
    expect(draft.gates).toHaveLength(place + 1);
    expect(draft.gates.slice(0, place).filter((gate) => gate.outcome === 'stop')).toEqual([]);
    expect(draft.gates.at(-1)).toEqual({ gate: one.gate, outcome: 'stop', message: draft.message });
    expect(explain(input, facts)).toEqual({ ...draft, gates: expect.any(Array) });
  });
});
