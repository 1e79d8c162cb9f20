import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readNotification } from '../../src/alert/notification.ts';
import { predictionFromAnnotations, situationOf, targetOf } from '../../src/alert/situation.ts';
import { mutatedBody } from './mutations.ts';

/** Reads a body as far as the rooms behind do; gives what they would see. */
function readToTheEnd(body: unknown): void {
  const reading = readNotification(body);
  if (!reading.ok) {
    expect(reading.problems.length).toBeGreaterThan(0);
    return;
  }
  expect(reading.notification.alerts.some((read) => read.ok)).toBe(true);
  for (const read of reading.notification.alerts) {
    const situation = situationOf(read);
    expect(situation.problem === null).toBe(read.ok);
    if (!read.ok) continue;
    expect(Number.isFinite(read.alert.starts_at)).toBe(true);
    expect(read.alert.fingerprint).toMatch(/^[\x21-\x7e]{1,128}$/);
    targetOf(read.alert);
    predictionFromAnnotations(read.alert, 0);
    for (const value of Object.values(read.alert.labels)) expect(value.isWellFormed()).toBe(true);
  }
}

test('property: any JSON is read or refused, and nothing throws', () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 6 }), readToTheEnd), { numRuns: 1000 });
});

test('property: real bodies with any part replaced are read or refused, and nothing throws', () => {
  fc.assert(fc.property(mutatedBody(), readToTheEnd), { numRuns: 1000 });
});
