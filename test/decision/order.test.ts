import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { GATES } from '../../src/decision/decide.ts';
import { VERDICT_OF } from '../../src/decision/reason.ts';

/** The public table of reasons: what users, dashboards and tests are written against. */
const TABLE = [
  ['unreadable', 'rejected'],
  ['not_firing', 'ignored'],
  ['not_a_prediction', 'ignored'],
  ['no_prediction', 'rejected'],
  ['kill_switch', 'rejected'],
  ['silenced', 'rejected'],
  ['no_mapping', 'rejected'],
  ['unsafe_value', 'rejected'],
  ['excluded', 'rejected'],
  ['stale_prediction', 'rejected'],
  ['too_urgent', 'escalated'],
  ['not_urgent_yet', 'deferred'],
  ['low_confidence', 'rejected'],
  ['not_persistent', 'deferred'],
  ['unproven', 'rejected'],
  ['in_progress', 'deferred'],
  ['circuit_open', 'escalated'],
  ['cooldown', 'deferred'],
  ['settling', 'deferred'],
  ['retry_later', 'deferred'],
  ['limit', 'deferred'],
  ['weekly_limit', 'deferred'],
  ['daily_limit', 'deferred'],
  ['blast_radius', 'deferred'],
  ['outside_hours', 'deferred'],
  ['approved', 'approved'],
];

test('the reasons and their verdicts are the public table, in its order', () => {
  expect(Object.entries(VERDICT_OF)).toEqual(TABLE);
});

test('the gates stand in the order of the reasons, each once', () => {
  expect([...GATES.map((gate) => gate.reason), 'approved']).toEqual(Object.keys(VERDICT_OF));
});

test('one file a gate, named for its reason', () => {
  const files = readdirSync(new URL('../../src/decision/gates/', import.meta.url));
  expect(files.sort()).toEqual(GATES.map((gate) => `${gate.reason.replaceAll('_', '-')}.ts`).sort());
});
