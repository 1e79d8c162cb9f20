import { expect, test } from 'vitest';
import { decide } from '../../src/decision/decide.ts';
import type { Decision, DecisionInput } from '../../src/decision/decision.ts';
import type { VerifiedRun } from '../../src/execution/gains.ts';
import { decided } from '../../src/ledger/decided.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { createEscalations } from '../../src/loop/escalations.ts';
import type { Prediction } from '../../src/prediction/prediction.ts';
import { sqliteStore } from '../ledger/sqlite-store.ts';
import { claim, inputAbout, step } from '../ledger/support.ts';
import { recordingLog } from '../report/recording-log.ts';
import { DAY, HOUR, NOW, permittingMapping, permittingPrediction } from '../support/decision.ts';
import { finishedExecution } from '../support/execution.ts';

const TOO_URGENT = [{ playbook: 'disk-cleanup', reason: 'too_urgent' }];
const MASKED = [{ playbook: 'disk-cleanup', reason: 'masked' }];

/** Escalations of two processes over one store, whose clock and predictions the test sets. */
async function world() {
  const state = { now: NOW, predictions: [] as Prediction[] };
  const store = sqliteStore();
  const { log, lines } = recordingLog();
  const config = {
    mapping: { mappings: [permittingMapping()], global_settings: { exclude: [], enable_auto_remediation: true } },
    playbooks: { 'disk-cleanup': {} },
    predictions: { stale_after: 26 * HOUR },
    execution: { approval_timeout: 12 * HOUR, retry_after: HOUR, circuit_breaker: { failures: 3, reset_after: DAY } },
    forecast: null,
  } as any;
  const open = async () => {
    const ledger = await store.open({ now: () => state.now });
    const escalations = createEscalations({
      ledger,
      logger: log,
      now: () => state.now,
      config: () => config,
      timeZone: () => 'UTC',
      predictions: {
        current: async ({ resource }) => state.predictions.find((one) => one.resource === resource) ?? null,
        recent: () => [],
      },
      playbooks: { unsafeValue: () => null, fleet: () => null },
    });
    return { ledger, escalations };
  };
  return { state, lines, one: await open(), two: await open() };
}

const urgent = (changes: Partial<Prediction> = {}) =>
  permittingPrediction({ days_until_critical: 1.5, observed_at: NOW - HOUR, ...changes });

/** What a prediction is asked with, and what is decided. */
async function asked(ledger: Ledger, prediction: Prediction, changes: Partial<DecisionInput> = {}) {
  const input = { ...inputAbout(), mapping: permittingMapping(), target: prediction, prediction, ...changes };
  const draft = decide(input, await ledger.facts(input));
  const decision: Decision = decided(input, draft, { id: 'dec', execution_id: null, repeats: 0, last_at: input.now });
  return { input, decision };
}

test('what is too urgent is escalated, for every process, as long as it is', async () => {
  const { state, one, two } = await world();
  state.predictions = [urgent()];
  const { input, decision } = await asked(one.ledger, urgent());
  expect(decision.reason).toBe('too_urgent');
  // Nobody was told of it yet.
  expect(await two.escalations.now()).toEqual([]);
  await one.escalations.note([input, input], [decision, decision]);
  for (const { escalations } of [one, two]) expect(await escalations.now()).toEqual(TOO_URGENT);
  state.predictions = [urgent({ days_until_critical: 9 })];
  expect(await two.escalations.now()).toEqual([]);
  state.predictions = [urgent({ days_until_critical: 2 })];
  expect(await two.escalations.now()).toEqual(TOO_URGENT);
  state.now += 26 * HOUR;
  expect(await two.escalations.now()).toEqual([]);
  state.predictions = [];
  expect(await two.escalations.now()).toEqual([]);
});

test('it is forgotten a week after it was said last', async () => {
  const { state, one, two } = await world();
  const { input, decision } = await asked(one.ledger, urgent());
  for (const day of [0, 5]) {
    state.now = NOW + day * DAY;
    await one.escalations.note([input], [decision]);
  }
  const seen = async (day: number) => {
    state.now = NOW + day * DAY;
    state.predictions = [urgent({ observed_at: state.now })];
    return await two.escalations.now();
  };
  expect(await seen(11.9)).toEqual(TOO_URGENT);
  expect(await seen(12.1)).toEqual([]);
});

test('what only its alert knew is over with the alert, or when it is stale', async () => {
  const { state, one, two } = await world();
  const annotated = urgent({ source: 'alert' });
  const { input, decision } = await asked(one.ledger, annotated);
  await one.escalations.note([input], [decision]);
  expect(await two.escalations.now()).toEqual(TOO_URGENT);
  state.now += 26 * HOUR;
  expect(await two.escalations.now()).toEqual([]);
  state.now = NOW;
  const resolved = await asked(one.ledger, annotated, { alert: { ...input.alert!, status: 'resolved' } });
  expect(resolved.decision.reason).toBe('not_firing');
  await two.escalations.note([resolved.input], [resolved.decision]);
  for (const { escalations } of [one, two]) expect(await escalations.now()).toEqual([]);
});

test('trials and what is not escalated leave nothing', async () => {
  const { state, one } = await world();
  state.predictions = [urgent(), urgent({ resource: '/calm', days_until_critical: 8 })];
  const trial = await asked(one.ledger, urgent(), { mode: 'dry-run' });
  const calm = await asked(one.ledger, state.predictions[1]!);
  await one.escalations.note([trial.input, calm.input], [trial.decision, calm.decision]);
  expect(await one.ledger.values.list('')).toEqual([]);
  expect(await one.escalations.now()).toEqual([]);
});

test('what is masked is so until its runs are no three in 30 days, or the next says otherwise', async () => {
  const { state, one, two } = await world();
  const runs = [18, 9, 0].map(
    (day): VerifiedRun => ({
      execution_id: `x${day}`,
      started_at: NOW + day * DAY,
      outcome: 'effective',
      days_before: 8,
      days_after: 20,
    }),
  );
  const verdict = (some: readonly VerifiedRun[], outcome: 'effective' | 'unknown' = 'effective') => ({
    execution: finishedExecution({ outcome }),
    runs: some,
    masking: null,
  });
  await one.escalations.verified(verdict(runs.slice(1)), null);
  expect(await two.escalations.now()).toEqual([]);
  state.now = NOW + 19 * DAY;
  await one.escalations.verified(verdict(runs), null);
  expect(await two.escalations.now()).toEqual(MASKED);
  await one.escalations.verified(verdict([], 'unknown'), null);
  expect(await two.escalations.now()).toEqual(MASKED);
  state.now = NOW + 30 * DAY;
  expect(await two.escalations.now()).toEqual([]);
  state.now = NOW + 19 * DAY;
  await one.escalations.verified(verdict(runs.slice(0, 1)), null);
  expect(await two.escalations.now()).toEqual([]);
  await one.escalations.verified(verdict(runs.slice(0, 1)), 13);
  expect(await two.escalations.now()).toEqual(MASKED);
});

test('what waits for confirmation is escalated from half of its time on, until it is answered', async () => {
  const { state, one, two } = await world();
  const hold = await claim(one.ledger);
  await one.ledger.advance(hold, step('awaiting_approval', NOW + 1000));
  state.now = NOW + 6 * HOUR - 1;
  expect(await two.escalations.now()).toEqual([]);
  state.now = NOW + 6 * HOUR;
  expect(await two.escalations.now()).toEqual([{ playbook: 'disk-cleanup', reason: 'unconfirmed' }]);
  const given = { by: 'ann', from: null, at: state.now, approve: true, message: 'yes' };
  await two.ledger.answer(hold.execution_id, null, given);
  expect(await two.escalations.now()).toEqual([]);
});

test('a store that is away stops no decision', async () => {
  const { one, lines } = await world();
  const { input, decision } = await asked(one.ledger, urgent());
  await one.ledger.close();
  await one.escalations.note([input], [decision]);
  await one.escalations.verified(
    { execution: finishedExecution({ outcome: 'effective' }), runs: [], masking: null },
    1,
  );
  expect(lines.map(({ level }) => level)).toEqual(['warn', 'warn']);
  await expect(one.escalations.now()).rejects.toThrow('closed');
});
