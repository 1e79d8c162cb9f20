import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CheckExpression,
  evaluateCheck,
  parseCheckExpression,
  resolveFact,
} from '../../src/mapping/check-expression.ts';

function read(text: string): CheckExpression {
  const parsed = parseCheckExpression(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.expression;
}

const passes = (text: string, value: number | boolean): boolean => evaluateCheck(read(text), value);

const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,20}$/);
const operator = fc.constantFrom('<', '<=', '>', '>=', '==', '!=');
const blank = fc.constantFrom('', ' ', '  ', '\t');

describe('parseCheckExpression', () => {
  it.each([
    ['service_is_running', { fact: 'service_is_running', negated: false, op: null, number: null }],
    ['no_active_backups', { fact: 'active_backups', negated: true, op: null, number: null }],
    ['no_no_x', { fact: 'no_x', negated: true, op: null, number: null }],
    ['no_', { fact: 'no_', negated: false, op: null, number: null }],
    ['no_1', { fact: 'no_1', negated: false, op: null, number: null }],
    ['disk_usage < 95%', { fact: 'disk_usage', negated: false, op: '<', number: 95 }],
    ['disk_usage<95', { fact: 'disk_usage', negated: false, op: '<', number: 95 }],
    ['system_health_score >= 50', { fact: 'system_health_score', negated: false, op: '>=', number: 50 }],
    ['no_x != -1.5e1', { fact: 'no_x', negated: false, op: '!=', number: -15 }],
  ])('%s', (text, expression) => {
    expect(read(text)).toEqual(expression);
  });

  it.each([
    ['', 'no fact is named'],
    ['  ', 'no fact is named'],
    ['< 5', 'no fact is named'],
    ['disk_usage <', 'no number after the operator'],
    ['disk_usage = 5', 'unknown operator "="'],
    ['disk_usage => 5', 'unknown operator "=>"'],
    ['5 < disk_usage < 9', 'more than one operator'],
    ['disk usage', 'is not the name of a fact'],
    ['disk-usage', 'is not the name of a fact'],
    ['disk_usage 95', 'is not the name of a fact'],
    ['disk_usage < NaN', 'is not a number'],
    ['disk_usage < 0x5f', 'is not a number'],
    ['disk_usage < Infinity', 'is not a number'],
    ['disk_usage < 1e999', 'out of range'],
    ['disk_usage < 95%%', 'is not a number'],
    ['disk_usage < %', 'is not a number'],
    ['$(reboot)', 'is not the name of a fact'],
  ])('refuses %j', (text, problem) => {
    const parsed = parseCheckExpression(text);
    expect(parsed).toMatchObject({ ok: false, problem: expect.stringContaining(problem) });
  });

  it('reads back what was written, whatever the blanks', () => {
    fc.assert(
      fc.property(
        name,
        operator,
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        blank,
        blank,
        fc.boolean(),
        (fact, op, number, a, b, percent) => {
          expect(read(`${a}${fact}${b}${op}${a}${number}${percent ? '%' : ''}${b}`)).toEqual({
            fact,
            negated: false,
            op,
            // A written -0 is 0.
            number: number + 0,
          });
        },
      ),
    );
  });

  it('never throws, and a refusal says what is expected', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), (text) => {
        const parsed = parseCheckExpression(text);
        if (!parsed.ok) expect(parsed.problem).toContain('expected FACT');
      }),
    );
  });

  it('takes no time on long input', () => {
    expect(parseCheckExpression('<'.repeat(1_000_000)).ok).toBe(false);
    expect(parseCheckExpression(' '.repeat(200) + '='.repeat(50)).ok).toBe(false);
  });
});

describe('resolveFact', () => {
  it('lets a defined fact that begins with no_ win over the negation', () => {
    expect(resolveFact(read('no_backups'), new Set(['backups', 'no_backups']))).toMatchObject({
      fact: 'no_backups',
      negated: false,
    });
    expect(resolveFact(read('no_backups'), new Set(['backups']))).toMatchObject({ fact: 'backups', negated: true });
    expect(resolveFact(read('no_backups'), new Set(['no_backups']))).toMatchObject({
      fact: 'no_backups',
      negated: false,
    });
  });

  it('knows no fact that nobody defines', () => {
    expect(resolveFact(read('no_backups'), new Set(['disk_usage']))).toBeNull();
    expect(resolveFact(read('toString > 1'), new Set(['disk_usage']))).toBeNull();
  });
});

describe('evaluateCheck', () => {
  it.each([
    ['active_backups', 2, true],
    ['active_backups', 0, false],
    ['active_backups', -1, false],
    ['active_backups', true, true],
    ['active_backups', false, false],
    ['no_active_backups', 0, true],
    ['no_active_backups', 2, false],
    ['no_active_backups', -1, false],
    ['no_active_backups', false, true],
    ['no_active_backups', true, false],
    ['disk_usage < 95%', 94.9, true],
    ['disk_usage < 95%', 95, false],
    ['disk_usage <= 95%', 95, true],
    ['disk_usage < 95%', true, false],
    ['x == 1', true, true],
    ['x == 1', false, false],
    ['x != 0', true, true],
    ['x != 5', true, false],
    ['x > 0', true, false],
  ])('%s with %s is %s', (text, value, passed) => {
    expect(passes(text, value)).toBe(passed);
  });

  it('never passes on a value that is not a finite number', () => {
    fc.assert(
      fc.property(name, operator, fc.double({ noNaN: true, noDefaultInfinity: true }), (fact, op, number) => {
        for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
          expect(passes(`${fact} ${op} ${number}`, value)).toBe(false);
          expect(passes(fact, value)).toBe(false);
          expect(passes(`no_${fact}`, value)).toBe(false);
        }
      }),
    );
  });

  it('never passes both a fact and its negation', () => {
    fc.assert(
      fc.property(fc.oneof(fc.boolean(), fc.double(), fc.integer()), (value) => {
        expect(passes('x', value) && passes('no_x', value)).toBe(false);
      }),
    );
  });

  it('compares as the operators of JavaScript do', () => {
    fc.assert(
      fc.property(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 }), (value, number) => {
        expect(['<', '<=', '>', '>=', '==', '!='].map((op) => passes(`x ${op} ${number}`, value))).toEqual([
          value < number,
          value <= number,
          value > number,
          value >= number,
          value === number,
          value !== number,
        ]);
      }),
    );
  });
});
