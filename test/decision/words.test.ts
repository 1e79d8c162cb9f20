import fc from 'fast-check';
import { expect, test } from 'vitest';
import { explain } from '../../src/decision/decide.ts';
import { atTime, inWords, num, shown, since } from '../../src/decision/words.ts';
import { DAY, HOUR, MINUTE, permittingFacts, permittingInput, permittingPrediction } from '../support/decision.ts';

test.each([
  [0, '0 s'],
  [-5, '0 s'],
  [59_400, '59 s'],
  [59_600, '1 min'],
  [12 * MINUTE, '12 min'],
  [3 * HOUR + 12 * MINUTE, '3 h 12 min'],
  [26 * HOUR, '26 h'],
  [52 * HOUR, '2 d 4 h'],
  [7 * DAY, '7 d'],
  [Number.NaN, 'an unknown time'],
  [Infinity, 'an unknown time'],
])('%s ms in words is %s', (milliseconds, words) => {
  expect(inWords(milliseconds)).toBe(words);
});

test('an instant that has no date is told as such', () => {
  expect(atTime(8.64e15)).toBe('+275760-09-13T00:00:00Z');
  for (const none of [8.64e15 + 1, Infinity, -Infinity, Number.NaN]) expect(atTime(none)).toBe('an impossible time');
});

test('what lies in the future is not told as 0 s ago', () => {
  expect(since(0, 3 * HOUR)).toBe('3 h ago');
  expect(since(HOUR, 0)).toBe('at 1970-01-01T01:00:00Z, which is in the future');
});

test('two numbers that differ never read the same', () => {
  expect(num(8.23333333)).toBe('8.2333');
  expect(num(0.69999, 0.7)).toBe('0.69999');
  expect(num(0.7, 0.7)).toBe('0.7');
  expect([num(0, 1e-10), num(1e-10, 0)]).toEqual(['0', '1e-10']);
  fc.assert(
    fc.property(fc.double({ noNaN: true }), fc.double({ noNaN: true }), (value, bound) => {
      fc.pre(value !== bound);
      expect(num(value, bound)).not.toBe(num(bound, value));
    }),
  );
});

test('foreign text stays on one line and short', () => {
  expect(shown('/srv/data')).toBe('/srv/data');
  expect(shown('a\nb\u001b[31m\u2028\u202e')).toBe('a\\u000ab\\u001b[31m\\u2028\\u202e');
  expect(shown('x'.repeat(70_000))).toBe(`${'x'.repeat(120)}…`);
  expect(shown('😀'.repeat(500))).toBe(`${'😀'.repeat(120)}…`);
});

test('no message of any gate holds a control character or grows with what came in', () => {
  const evil = fc
    .string({ unit: 'binary', maxLength: 300 })
    .map((text) => `${text}\r\n\u0000\u001b\u2029${'y'.repeat(5000)}`);
  fc.assert(
    fc.property(evil, (text) => {
      const good = permittingInput();
      const input = permittingInput({
        trigger: 'run',
        alert: { ...good.alert!, alertname: text, is_prediction: false, problem: text },
        prediction_problem: text,
        unsafe_value: text,
        silence: text,
        prediction: permittingPrediction({ prediction_type: text, resource: text, host: text }),
        mapping: null,
        policy: { ...good.policy, exclude: ['*'] },
      });
      const pauses = [{ name: text, reason: text, since: 0, until: null }];
      for (const each of [input, { ...input, mapping: good.mapping }, { ...input, prediction: null }]) {
        for (const { message } of explain(each, permittingFacts({ pauses })).gates) {
          expect(message).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
          expect(message.length).toBeLessThan(4000);
        }
      }
    }),
    { numRuns: 50 },
  );
});
