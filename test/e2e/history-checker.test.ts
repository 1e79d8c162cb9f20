import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type DecisionRow,
  type ExecutionRow,
  type History,
  problemsOf,
  type Step,
  type Told,
} from './history-checker.ts';
import { soundHistories } from './history-checker-model.ts';

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

/** The way of one execution: a word for each write, `STATE` or `STATE FENCE`. */
function way(...writes: readonly string[]): readonly Step[] {
  return writes.map((write, at) => {
    const [state, fence = '1'] = write.split(' ') as [string, string?];
    const hasEnded = ['succeeded', 'interrupted', 'failed'].includes(state);
    const hasBegun = hasEnded || state === 'running';
    const instants = { started_at: hasBegun ? 1_000 : null, finished_at: hasEnded ? 2_000 : null };
    return { id: 'a', at, state, fence: Number(fence), ...instants };
  });
}

const TIMED = ['run a /data @1010', 'run-end a @1900'];

/** Two runs half a cooldown after each other that are all right, but for what the records say of their times. */
const pair = (records: readonly string[]): Partial<History> => ({
  ...second({ started_at: 1_500, finished_at: 4_000 }),
  records,
  cooldown: 500,
});

const told = (process: string, at: number): Told => ({ execution_id: 'a', process, at });

const ruleOf = (sentence: string): string => sentence.split(':')[0]!;

describe('the history checker', () => {
  it('finds nothing in a history that keeps every rule', () => {
    expect(problemsOf(GOOD)).toEqual([]);
    expect(problemsOf({ ...GOOD, ...second({ started_at: 1_000 + 48 * HOUR }) })).toEqual([]);
    expect(problemsOf({ ...GOOD, ...second({ scope: 'recording /srv' }) })).toEqual([]);
    expect(problemsOf({ ...GOOD, ...pair([...TIMED, 'run b /data @1950', 'run-end b @3000']) })).toEqual([]);
  });

  it('finds nothing in what services do that keep every rule, whatever befalls them', () => {
    fc.assert(
      fc.property(soundHistories, (history) => {
        expect(problemsOf(history)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('lets an interrupted execution be one that never got to its start, or not to its end', () => {
    const executions = [execution('a', { state: 'interrupted' })];
    expect(problemsOf({ ...GOOD, executions, records: [] })).toEqual([]);
    expect(problemsOf({ ...GOOD, executions, records: ['run a /data'] })).toEqual([]);
  });

  it.each([
    ['nobody took it over', way('claimed', 'checking', 'dry_run', 'dry_run', 'running', 'succeeded')],
    [
      'taken over before it ran',
      way('claimed', 'dry_run', 'dry_run 2', 'checking 2', 'dry_run 2', 'running 2', 'succeeded 2'),
    ],
    [
      'taken over twice',
      way('checking', 'dry_run', 'dry_run 2', 'dry_run 3', 'checking 3', 'running 3', 'succeeded 3'),
    ],
    ['looked at after its end', way('claimed', 'running', 'succeeded', 'succeeded')],
  ])('takes the way of an execution for what it is: %s', (_what, steps) => {
    expect(problemsOf({ ...GOOD, steps })).toEqual([]);
  });

  it('lets a report be told again where its sender died, slept or was away for long, and only then', () => {
    const outage = (how: 'killed' | 'stopped' | 'cut', from: number, until = Number.POSITIVE_INFINITY) => [
      { process: 'p1', how, from, until },
    ];
    const late = [told('p1', 5_000), told('p2', 65_000)];
    const soon = [told('p1', 5_000), told('p1', 16_000)];
    const sound = [
      { told: late, outages: outage('killed', 5_100) },
      { told: late, outages: outage('cut', 4_000, 45_000) },
      { told: soon, outages: outage('stopped', 5_001, 15_000) },
    ];
    for (const changes of sound) expect(problemsOf({ ...GOOD, ...changes })).toEqual([]);
    const wrong = [
      { told: late },
      { told: late, outages: outage('killed', 1_000) },
      { told: late, outages: outage('cut', 5_000, 15_000) },
      { told: soon, outages: outage('killed', 5_100) },
      { told: soon, outages: outage('stopped', 8_000, 15_000) },
      { told: soon, outages: outage('stopped', 5_001).map((other) => ({ ...other, process: 'p2' })) },
    ];
    for (const changes of wrong) {
      expect(problemsOf({ ...GOOD, ...changes })).toEqual([
        expect.stringMatching(/^told-twice: a was told by p1 and \d+ ms/),
      ]);
    }
  });

  const BROKEN: readonly [string, Partial<History>, RegExp][] = [
    [
      'the same execution started twice',
      { records: [...GOOD.records, 'run a /data'], mostRuns: 2 },
      /^started-twice: a was started 2 times/,
    ],
    ['two ends', { records: [...GOOD.records, 'run-end a'] }, /^started-twice: a came to its end 2 times/],
    ['two starts within the cooldown', second({ started_at: HOUR }), /^cooldown: b started within the cooldown of a/],
    [
      'a start within the cooldown of one that only the ledger knows',
      {
        ...second({ started_at: HOUR }),
        executions: [execution('a', { state: 'interrupted' }), execution('b', { started_at: HOUR })],
        records: ['run b /data'],
      },
      /^cooldown: b started within the cooldown of a/,
    ],
    [
      'more runs than the limit of all time',
      { ...second({ scope: 'other' }), mostRuns: 1 },
      /^limit: 2 runs are more than the limit of 1/,
    ],
    [
      'more runs than a limit of a scope in its time',
      { ...second({ started_at: 5_999 }), cooldown: 0, limits: [{ runs: 1, per: 5_000, within: 'scope' }] },
      /^limit: b was one more than 1 runs in 5000 ms in recording$/,
    ],
    [
      'more runs than a limit over all',
      { ...second({ scope: 'other' }), limits: [{ runs: 1, per: 24 * HOUR, within: 'all' }] },
      /^limit: b was one more than 1 runs in 86400000 ms in all playbooks$/,
    ],
    [
      'a start that is not on record',
      { records: [...GOOD.records, 'run ghost /data'], mostRuns: 2 },
      /^unknown-start: ghost was started and is not on record/,
    ],
    [
      'a start that the record denies',
      { executions: [execution('a', { state: 'expired', started_at: null, counts_as: null })] },
      /^unknown-start: a was started, and the record \(expired\)/,
    ],
    [
      'a start that counts for nothing',
      { executions: [execution('a', { counts_as: null })] },
      /^unknown-start: a was started, and the record/,
    ],
    [
      'an end without a start',
      { records: [...GOOD.records, 'run-end b'] },
      /^unknown-start: b came to its end and was never started/,
    ],
    [
      'a start before the record says that it runs',
      {
        records: ['run a /data @1001', 'run-end a @1010'],
        steps: way('claimed', 'running', 'succeeded').map((step) => ({ ...step, at: step.at + 1_001 })),
      },
      /^early-start: a was started before its record$/,
    ],
    [
      'a start after its end was on record',
      { records: ['run a /data @2001'] },
      /^late-start: a was started 1 ms after its end \(succeeded\) was on record$/,
    ],
    [
      'two playbooks of a scope at the same time',
      pair([...TIMED, 'run b /data @1899', 'run-end b @3000']),
      /^overlap: b was started while a ran in recording$/,
    ],
    [
      'an accepted delivery that got lost',
      { decisions: [decision('dec-a')] },
      /^lost-delivery: decision dec-r \(cooldown\) was answered and is not/,
    ],
    [
      'who accepted what got lost',
      { deliveries: [{ status: 202, decisions: [{ ...REFUSAL, id: 'dec-gone' }], process: 'r2' }] },
      /^lost-delivery: decision dec-gone \(cooldown\) was answered by r2 and is not on record/,
    ],
    [
      'an accepted claim that got lost',
      { executions: [], decisions: [decision('dec-r', { ...REFUSAL })], records: [] },
      /^lost-delivery: execution a was answered and is not on record/,
    ],
    [
      'an answer that differs from the record',
      { deliveries: [{ status: 200, decisions: [{ ...REFUSAL, reason: 'in_progress' }] }] },
      /^lost-delivery: decision dec-r was answered as deferred in_progress and is on record as deferred cooldown/,
    ],
    [
      'an execution that is left unfinished',
      { executions: [execution('a', { state: 'running', finished_at: null })] },
      /^no-end: a was left running/,
    ],
    ['an end that is none', { executions: [execution('a', { state: 'lost' })] }, /^no-end: a was left lost/],
    [
      'a real end without a beginning',
      { executions: [execution('a', { state: 'failed', started_at: null })], records: [] },
      /^no-start: a is failed and never began/,
    ],
    ['a success without a start', { records: [] }, /^no-start: a succeeded and was never started/],
    [
      'an execution without a decision',
      { decisions: [decision('dec-r', { ...REFUSAL })], deliveries: [] },
      /^claim: a has no decision on record/,
    ],
    [
      'half a decision: an approval without its execution',
      { decisions: [...GOOD.decisions, decision('dec-c')] },
      /^claim: decision dec-c is approved and its execution is c/,
    ],
    [
      'two decisions for one execution',
      { decisions: [decision('dec-b', { execution_id: 'a' }), ...GOOD.decisions] },
      /^claim: a was claimed by 2 decisions/,
    ],
    [
      'a fence that goes back',
      { steps: way('claimed', 'claimed 2', 'running 1', 'succeeded 1') },
      /^rewritten: the fence of a went back from 2 to 1$/,
    ],
    [
      'an end that is replaced',
      { steps: way('running', 'interrupted 2', 'succeeded 2') },
      /^rewritten: a had ended as interrupted and was made succeeded$/,
    ],
    [
      'an end that is taken back',
      { steps: way('running', 'succeeded', 'running', 'succeeded') },
      /^rewritten: a had ended as succeeded and was made running$/,
    ],
    [
      'an end that is written a second time',
      {
        steps: way('running', 'succeeded', 'succeeded').map((step, at) => ({
          ...step,
          finished_at: at === 1 ? 1_900 : step.finished_at,
        })),
      },
      /^rewritten: a had ended as succeeded and was made succeeded$/,
    ],
    [
      'a holder that goes back on its way',
      { steps: way('claimed', 'dry_run', 'checking', 'running', 'succeeded') },
      /^rewritten: a went back from dry_run to checking$/,
    ],
    [
      'a run that is made again by whoever took it over',
      { steps: way('running', 'running 2', 'dry_run 2', 'running 2', 'succeeded 2') },
      /^rewritten: a went back from running to dry_run$/,
    ],
    [
      'a run that begins a second time',
      {
        steps: way('running', 'running 2', 'succeeded 2').map((step, at) => ({
          ...step,
          started_at: 1_000 + Math.min(at, 1),
        })),
      },
      /^rewritten: a began a second time$/,
    ],
    [
      'a row that changed unseen',
      { steps: way('claimed', 'running') },
      /^rewritten: a is succeeded, and the last that was seen of it running$/,
    ],
    ['a run that nobody heard of', { told: [] }, /^untold: nobody was told that a succeeded$/],
  ];

  it.each(BROKEN)('finds %s', (_what, changes, problem) => {
    const found = problemsOf({ ...GOOD, ...changes });
    expect(found).toContainEqual(expect.stringMatching(problem));
    expect(new Set(found.map(ruleOf))).toHaveLength(1);
  });

  /** For each rule what comes as near as may be to a breach of it. */
  const NEAR: Readonly<Record<string, Partial<History>>> = {
    'started-twice': { records: [...GOOD.records, 'dry_run a /data --dry-run', 'dry_run-end a'] },
    'unknown-start': { records: [...GOOD.records, 'dry_run ghost /data'] },
    'early-start': {
      records: ['run a /data @1002', 'run-end a @1010'],
      steps: way('claimed', 'running', 'succeeded').map((step) => ({ ...step, at: step.at + 1_001 })),
    },
    'late-start': { records: ['run a /data @2000'] },
    cooldown: second({ started_at: 1_000 + 48 * HOUR }),
    overlap: pair([...TIMED, 'run b /data @1900', 'run-end b @3000']),
    limit: { ...second({ started_at: 6_000 }), cooldown: 0, limits: [{ runs: 1, per: 5_000, within: 'scope' }] },
    'lost-delivery': { deliveries: [{ status: 503, decisions: [{ ...REFUSAL, id: 'dec-gone' }] }] },
    claim: { decisions: [...GOOD.decisions, decision('dec-s', { ...REFUSAL, id: 'dec-s' })] },
    'no-end': { executions: [execution('a', { state: 'failed' })] },
    'no-start': { executions: [execution('a', { state: 'interrupted' })], records: [] },
    rewritten: {
      steps: way('claimed', 'dry_run', 'dry_run 2', 'checking 2', 'running 2', 'succeeded 2', 'succeeded 2'),
    },
    untold: { told: [], untold: ['a'] },
    'told-twice': {
      told: [told('p1', 5_000), told('p2', 65_000)],
      outages: [{ process: 'p1', how: 'killed', from: 5_100, until: Number.POSITIVE_INFINITY }],
    },
  };

  it.each(Object.entries(NEAR))('finds nothing in what keeps to %s but barely', (_rule, changes) => {
    expect(problemsOf({ ...GOOD, ...changes })).toEqual([]);
  });

  it('has a history that breaks each of its rules, and one that barely keeps it', () => {
    const written = ['-starts', '-record', '-reports'].flatMap((part) => {
      const text = readFileSync(new URL(`history-checker${part}.ts`, import.meta.url), 'utf8');
      return [...text.matchAll(/[`']([a-z-]+): /g)].map(([, rule]) => rule!);
    });
    const broken = [...BROKEN.map(([, , problem]) => ruleOf(problem.source.slice(1))), 'told-twice'];
    expect(new Set(broken)).toEqual(new Set(written));
    expect(new Set(Object.keys(NEAR))).toEqual(new Set(written));
  });
});
