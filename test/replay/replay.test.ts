import { describe, expect, test } from 'vitest';
import { decide } from '../../src/decision/decide.ts';
import type { DecisionInput } from '../../src/decision/decision.ts';
import type { ActionMapping, Mapping } from '../../src/mapping/mapping.ts';
import { basisOf, type PastDecision, type PastExecution, type PastStore } from '../../src/replay/record.ts';
import { replay } from '../../src/replay/replay.ts';
import { createWorld } from '../../src/replay/world.ts';
import {
  DAY,
  HOUR,
  MINUTE,
  NOW,
  permittingFacts,
  permittingInput,
  permittingMapping,
  permittingPrediction,
} from '../support/decision.ts';

const ACTION = {
  cooldown_hours: 48,
  max_executions_per_week: null,
  limits: [],
  blast_radius: null,
  allowed_hours: null,
};

const mappingWith = (action: Partial<Mapping['action']> = {}, more: Parameters<typeof permittingMapping>[0] = {}) =>
  permittingMapping({ ...more, action: { ...ACTION, verify: { after: MINUTE, expect: null }, ...action } });

function documentOf(
  mappings: readonly Mapping[],
  settings: Partial<ActionMapping['global_settings']> = {},
): ActionMapping {
  return {
    version: '1',
    last_updated: null,
    mappings,
    global_settings: {
      ...{
        enable_auto_remediation: true,
        dry_run_mode: false,
        require_confirmation: false,
        max_daily_executions: null,
      },
      ...{ notification_channel: 'discord', exclude: [], time_zone: 'UTC', ...settings },
    },
  };
}

interface Asked {
  readonly at: number;
  readonly changes?: Partial<DecisionInput>;
  /** The last of its repetitions. */
  readonly until?: number;
}

/** What a ledger holds of these alerts under a mapping: every approval ran at once, for a minute, and helped. */
function pastOf(mapping: Mapping | null, asked: readonly Asked[]): PastStore & { readonly decisions_: PastDecision[] } {
  const world = createWorld();
  const executions: PastExecution[] = [];
  const decisions = asked.map(({ at, changes = {}, until = at }, number): PastDecision => {
    const prediction = permittingPrediction({ observed_at: at - HOUR });
    const policy = { ...permittingInput().policy, max_daily_executions: null };
    const input = permittingInput({ now: at, prediction, mapping, policy, ...changes });
    const facts = world.facts(input, permittingFacts());
    const draft = decide(input, facts);
    const execution_id = draft.verdict === 'approved' ? `exec_${number}` : null;
    if (execution_id !== null) {
      const execution: PastExecution = {
        ...{
          id: execution_id,
          playbook: mapping!.action.playbook,
          target: input.target!,
          mode: 'live',
          claimed_at: at,
        },
        ...{ counts_as: 'live', counted_at: at, state: 'succeeded', finished_at: at + MINUTE },
        ...{ verify_at: at + 2 * MINUTE, verified_at: at + 2 * MINUTE, outcome: 'effective' },
      };
      executions.push(execution);
      world.add(execution);
    }
    const { trigger, target } = input;
    return {
      decision: {
        ...{ id: `dec_${number}`, decided_at: at, trigger, alertname: null, fingerprint: null, target, execution_id },
        ...{ prediction: input.prediction, mapping: mapping?.id ?? null, playbook: mapping?.action.playbook ?? null },
        ...{ verdict: draft.verdict, reason: draft.reason, message: draft.message },
        ...{ next_attempt_at: draft.next_attempt_at, repeats: until > at ? 3 : 0, last_at: until },
      },
      basis: basisOf(input, facts),
    };
  });
  return {
    decisions_: decisions,
    async *decisions() {
      yield* decisions;
    },
    async *executions() {
      yield* executions;
    },
  };
}

const under = (past: PastStore, mappings: readonly Mapping[], settings = {}, since = 0) =>
  replay(past, { since, mapping: documentOf(mappings, settings), localZone: 'UTC' });

const short = ({ flips }: Awaited<ReturnType<typeof under>>) =>
  flips.map(({ at, was, would_be }) => [(at - NOW) / HOUR, was.reason, would_be.reason]);

const daily = [0, 1, 2, 3, 4, 5].map((day) => ({ at: NOW + day * DAY, until: NOW + day * DAY + 20 * HOUR }));

describe('replay', () => {
  test('simulates cooldowns forward: what is added holds what comes after it', async () => {
    const past = pastOf(mappingWith(), daily);
    expect(past.decisions_.map(({ decision }) => decision.reason)).toEqual([
      'approved',
      'cooldown',
      'approved',
      'cooldown',
      'approved',
      'cooldown',
    ]);
    const shorter = await under(past, [mappingWith({ cooldown_hours: 24 })]);
    expect(short(shorter)).toEqual([24, 72, 120].map((hour) => [hour, 'cooldown', 'approved']));
    expect(shorter.playbooks).toMatchObject([{ runs_before: 3, runs_after: 6, saved: 0, added: 3 }]);
    const longer = await under(past, [mappingWith({ cooldown_hours: 72 })]);
    // The run of the third day waits for the fourth, whose cooldown is that of the first run no more.
    expect(longer.playbooks).toMatchObject([{ runs_before: 3, runs_after: 2, held_by: [{ reason: 'cooldown' }] }]);
    expect(short(longer)[0]).toEqual([48, 'approved', 'cooldown']);
  });

  test('looks at a refusal again when its gate opens while its alert goes on firing', async () => {
    const past = pastOf(mappingWith(), [{ at: NOW }, { at: NOW + HOUR, until: NOW + 40 * HOUR }]);
    const found = await under(past, [mappingWith({ cooldown_hours: 30 })]);
    expect(short(found)).toEqual([[30, 'cooldown', 'approved']]);
    expect(found.playbooks).toMatchObject([{ runs_before: 1, runs_after: 2, added: 1 }]);
    const past39 = pastOf(mappingWith(), [{ at: NOW }, { at: NOW + HOUR, until: NOW + 29 * HOUR }]);
    expect(short(await under(past39, [mappingWith({ cooldown_hours: 30 })]))).toEqual([]);
  });

  test('looks at a refusal again as of its last repetition, with a prediction that is as old as it was', async () => {
    const past = pastOf(mappingWith({ limit_scope: 'resource' }, { conditions: { min_days_until_critical: 8.5 } }), [
      { at: NOW, until: NOW + 60 * HOUR },
    ]);
    const found = await under(past, [mappingWith()]);
    expect(short(found)).toEqual([
      [0, 'too_urgent', 'approved'],
      [60, 'too_urgent', 'approved'],
    ]);
  });

  test('takes what does not run any more out of what holds later ones', async () => {
    const at = [NOW, NOW + 10 * HOUR];
    const [nas, web] = ['nas', 'web'].map((host, number) => ({
      at: at[number]!,
      changes: {
        target: { prediction_type: 'disk_exhaustion', resource: '/srv', host },
        prediction: permittingPrediction({ host, observed_at: at[number]! }),
      },
    }));
    const past = pastOf(mappingWith(), [nas!, web!]);
    const found = await under(past, [mappingWith()], { exclude: ['nas'] });
    expect(short(found)).toEqual([
      [0, 'approved', 'excluded'],
      [10, 'cooldown', 'approved'],
    ]);
    expect(found.playbooks).toMatchObject([{ runs_before: 1, runs_after: 1, saved: 1, added: 1 }]);
  });

  test('puts off what hours that open later would have let through', async () => {
    const past = pastOf(mappingWith(), [{ at: NOW }]);
    const hours = { from: 60, to: 300, text: '01:00-05:00' };
    const { flips, playbooks } = await under(past, [mappingWith({ allowed_hours: hours })]);
    const opens = Date.parse('2026-06-17T01:00:00Z');
    expect(flips).toMatchObject([
      { was: { reason: 'approved' }, would_be: { reason: 'outside_hours' }, postponed_to: opens },
    ]);
    expect(playbooks).toMatchObject([{ runs_before: 1, runs_after: 1, saved: 1, added: 1 }]);
  });

  test('a record that its own mapping does not bear out flips only where the new one differs', async () => {
    const past = pastOf(mappingWith(), [{ at: NOW }]);
    const [{ decision, basis }] = past.decisions_ as [PastDecision];
    past.decisions_[0] = {
      decision: { ...decision, verdict: 'deferred', reason: 'cooldown', execution_id: null },
      basis,
    };
    const same = await under(past, [mappingWith()]);
    expect(same).toMatchObject({ unexplained: 1, flips: [], decisions: 1 });
    expect(short(await under(past, [mappingWith()], { exclude: ['nas'] }))).toEqual([[0, 'cooldown', 'excluded']]);
  });

  test('says what is not on record and was taken as passed', async () => {
    const past = pastOf(null, [{ at: NOW }]);
    const found = await under(past, [
      mappingWith({ blast_radius: { hosts: null, percent: 10, per: HOUR } }, { conditions: { min_consecutive: 3 } }),
    ]);
    expect(short(found)).toEqual([[0, 'no_mapping', 'approved']]);
    expect(found.assumed).toEqual({ not_persistent: 1, unsafe_value: 1, unproven: 1, blast_radius: 1 });
    const same = pastOf(mappingWith(), [{ at: NOW }]);
    expect(Object.values((await under(same, [mappingWith()])).assumed)).toEqual([0, 0, 0, 0]);
  });

  test('rehearsals count in the place of runs where the mapping says dry run', async () => {
    const past = pastOf(mappingWith(), [{ at: NOW }, { at: NOW + HOUR }]);
    const found = await under(past, [mappingWith()], { dry_run_mode: true });
    // The run of the time counts no more, the rehearsal in its place does.
    expect(found.flips).toEqual([]);
    expect(found.playbooks).toMatchObject([{ runs_before: 1, runs_after: 1, saved: 1, added: 1 }]);
  });

  test('what ran before the span counts, and is not decided on again', async () => {
    const past = pastOf(mappingWith(), [{ at: NOW }, { at: NOW + DAY }]);
    const found = await under(past, [mappingWith({ cooldown_hours: 12 })], {}, NOW + HOUR);
    expect(found.decisions).toBe(1);
    expect(short(found)).toEqual([[24, 'cooldown', 'approved']]);
    expect(short(await under(past, [mappingWith()], { exclude: ['nas'] }, NOW + HOUR))).toEqual([
      [24, 'cooldown', 'excluded'],
    ]);
  });
});
