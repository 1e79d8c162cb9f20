import { describe, expect, it } from 'vitest';
import { type DecisionRow, type ExecutionRow, type History, problemsOf } from './history-checker.ts';

const HOUR = 3_600_000;

function execution(id: string, changes: Partial<ExecutionRow> = {}): ExecutionRow {
  return {
    id,
    state: 'succeeded',
    playbook: 'recording',
    resource: '/data',
    host: null,
    scope: 'recording',
    decision_id: `dec-${id}`,
    claimed_at: 0,
    started_at: 1_000,
    finished_at: 2_000,
    counts_as: 'live',
    ...changes,
  };
}

function decision(id: string, changes: Partial<DecisionRow> = {}): DecisionRow {
  return { id, verdict: 'approved', reason: 'approved', execution_id: id.slice(4), repeats: 0, ...changes };
}

const APPROVAL = { id: 'dec-a', verdict: 'approved', reason: 'approved', execution_id: 'a' };
const REFUSAL = { id: 'dec-r', verdict: 'deferred', reason: 'cooldown', execution_id: null };

/** One delivery that ran, and its twin that was refused. */
const GOOD: History = {
  deliveries: [
    { status: 200, decisions: [APPROVAL] },
    { status: 200, decisions: [REFUSAL] },
    { status: null, decisions: [] },
  ],
  executions: [execution('a')],
  decisions: [decision('dec-a'), decision('dec-r', { ...REFUSAL })],
  records: ['dry_run a /data --dry-run', 'dry_run-end a', 'run a /data', 'run-end a'],
  cooldown: 48 * HOUR,
  mostRuns: 1,
};

const second = (changes: Partial<ExecutionRow>): Partial<History> => ({
  executions: [execution('a'), execution('b', changes)],
  decisions: [...GOOD.decisions, decision('dec-b')],
  records: [...GOOD.records, 'run b /data', 'run-end b'],
  mostRuns: 2,
});

describe('the history checker', () => {
  it('finds nothing in a history that keeps every rule', () => {
    expect(problemsOf(GOOD)).toEqual([]);
    expect(problemsOf({ ...GOOD, ...second({ started_at: 1_000 + 48 * HOUR }) })).toEqual([]);
    expect(problemsOf({ ...GOOD, ...second({ scope: 'recording /srv' }) })).toEqual([]);
  });

  it('lets an interrupted execution be one that never got to its start, or not to its end', () => {
    const executions = [execution('a', { state: 'interrupted' })];
    expect(problemsOf({ ...GOOD, executions, records: [] })).toEqual([]);
    expect(problemsOf({ ...GOOD, executions, records: ['run a /data'] })).toEqual([]);
  });

  const BROKEN: readonly [string, Partial<History>, RegExp][] = [
    [
      'the same execution started twice',
      { records: [...GOOD.records, 'run a /data'], mostRuns: 2 },
      /^a was started 2 times/,
    ],
    ['two starts within the cooldown', second({ started_at: HOUR }), /^b started within the cooldown of a/],
    [
      'a start within the cooldown of one that only the ledger knows',
      {
        ...second({ started_at: HOUR }),
        executions: [execution('a', { state: 'interrupted' }), execution('b', { started_at: HOUR })],
        records: ['run b /data'],
      },
      /^b started within the cooldown of a/,
    ],
    [
      'more runs than the limit',
      { ...second({ scope: 'other' }), mostRuns: 1 },
      /^2 runs are more than the limit of 1/,
    ],
    [
      'a start that is not on record',
      { records: [...GOOD.records, 'run ghost /data'], mostRuns: 2 },
      /^ghost was started and is not on record/,
    ],
    [
      'a start that the record denies',
      { executions: [execution('a', { state: 'expired', started_at: null, counts_as: null })] },
      /^a was started, and the record \(expired\)/,
    ],
    [
      'a start that counts for nothing',
      { executions: [execution('a', { counts_as: null })] },
      /^a was started, and the record/,
    ],
    ['two ends', { records: [...GOOD.records, 'run-end a'] }, /^a came to its end 2 times/],
    ['an end without a start', { records: [...GOOD.records, 'run-end b'] }, /^b came to its end and was never started/],
    ['a success without a start', { records: [] }, /^a succeeded and was never started/],
    [
      'an accepted delivery that got lost',
      { decisions: [decision('dec-a')] },
      /^decision dec-r \(cooldown\) was answered and is not/,
    ],
    [
      'an accepted claim that got lost',
      { executions: [], decisions: [decision('dec-r', { ...REFUSAL })], records: [] },
      /^execution a was answered and is not on record/,
    ],
    [
      'an answer that differs from the record',
      { deliveries: [{ status: 200, decisions: [{ ...REFUSAL, reason: 'in_progress' }] }] },
      /^decision dec-r was answered as deferred in_progress and is on record as deferred cooldown/,
    ],
    [
      'an execution that is left unfinished',
      { executions: [execution('a', { state: 'running', finished_at: null })] },
      /^a was left running/,
    ],
    ['an end that is none', { executions: [execution('a', { state: 'lost' })] }, /^a was left lost/],
    [
      'a real end without a beginning',
      { executions: [execution('a', { started_at: null })] },
      /^a is succeeded and never began/,
    ],
    [
      'an execution without a decision',
      { decisions: [decision('dec-r', { ...REFUSAL })], deliveries: [] },
      /^a has no decision on record/,
    ],
    [
      'half a decision: an approval without its execution',
      { decisions: [...GOOD.decisions, decision('dec-c')] },
      /^decision dec-c is approved and its execution is c/,
    ],
    [
      'two decisions for one execution',
      { decisions: [decision('dec-b', { execution_id: 'a' }), ...GOOD.decisions] },
      /^a was claimed by 2 decisions/,
    ],
  ];

  it.each(BROKEN)('finds %s', (_what, changes, problem) => {
    expect(problemsOf({ ...GOOD, ...changes })).toContainEqual(expect.stringMatching(problem));
  });
});
