import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createReadAlert } from '../../src/alert/read-again.ts';
import { readAlert } from '../../src/alert/read-alert.ts';
import { alertEntry } from './bodies.ts';
import { mutated } from './mutations.ts';

const never = () => undefined;

const copy = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test('property: whatever was read before, an alert is read as it is', () => {
  const entries = fc.array(mutated(fc.constantFrom<unknown>(alertEntry(), alertEntry({ annotations: {} })), 2), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(entries, (alerts) => {
      const read = createReadAlert(never);
      for (const alert of [...alerts, ...alerts]) {
        expect(read(copy(alert), 'alerts[0]')).toEqual(readAlert(alert, 'alerts[0]'));
      }
    }),
    { numRuns: 500 },
  );
});

describe('an alert that comes again is the same object', () => {
  const twice = (first: unknown, second: unknown) => {
    const read = createReadAlert(never);
    return [read(first, 'alerts[0]'), read(second, 'alerts[7]')];
  };

  test('as it was, whatever else its sender says of it', () => {
    const [first, second] = twice(alertEntry(), alertEntry({ endsAt: 'another time', generatorURL: 'elsewhere' }));
    expect(second).toBe(first);
  });

  test.each<[string, object]>([
    ['status', { status: 'resolved' }],
    ['time', { startsAt: '2026-11-22T18:13:39.089240179Z' }],
    ['fingerprint', { fingerprint: '24c8e1a665d15cb6' }],
    ['label', { labels: { ...(alertEntry()['labels'] as object), resource: '/data' } }],
    ['new label', { labels: { ...(alertEntry()['labels'] as object), more: 'x' } }],
    ['annotation', { annotations: { days_until_critical: '8.3', confidence: '0.87', summary: '/srv fills up' } }],
    ['annotation less', { annotations: { days_until_critical: '8.2', confidence: '0.87' } }],
    [
      'name of an annotation',
      { annotations: { days_until_critical: '8.2', confidence: '0.87', other: '/srv fills up' } },
    ],
  ])('not with another %s', (_what, changes) => {
    const [first, second] = twice(alertEntry(), alertEntry(changes));
    expect(second).not.toBe(first);
    expect(second).toEqual(readAlert(alertEntry(changes), 'alerts[7]'));
  });

  test('not where the sender gave it no fingerprint', () => {
    const [first, second] = twice(alertEntry({ fingerprint: '' }), alertEntry({ fingerprint: '' }));
    expect(second).not.toBe(first);
  });

  test('not where its texts are long', () => {
    const long = (length: number) => alertEntry({ annotations: { description: 'x'.repeat(length) } });
    const [first, second] = twice(long(8_000), long(8_000));
    expect(second).toBe(first);
    const [third, fourth] = twice(long(8_192), long(8_192));
    expect(fourth).not.toBe(third);
  });

  test('until it is forgotten', () => {
    const forgets: (() => void)[] = [];
    const read = createReadAlert((forget) => forgets.push(forget));
    const first = read(alertEntry(), 'alerts[0]');
    expect(read(alertEntry(), 'alerts[0]')).toBe(first);
    forgets[0]!();
    const second = read(alertEntry(), 'alerts[0]');
    expect(second).not.toBe(first);
    expect(read(alertEntry(), 'alerts[0]')).toBe(second);
    expect(forgets).toHaveLength(2);
  });

  test('of the last few thousand, which is all that is kept', () => {
    const read = createReadAlert(never);
    const numbered = (at: number) => alertEntry({ fingerprint: `f-${at}` });
    const first = read(numbered(0), 'alerts[0]');
    for (let at = 1; at < 2_500; at++) read(numbered(at), 'alerts[0]');
    expect(read(numbered(0), 'alerts[0]')).toBe(first);
    read(numbered(2_500), 'alerts[0]');
    expect(read(numbered(0), 'alerts[0]')).not.toBe(first);
  });
});
