import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allHold, parseMatcher } from '../../src/doctor/matcher.ts';
import { normalised } from '../../src/doctor/promql-text.ts';
import { regexMatches } from '../../src/prometheus/matcher-regex.ts';

describe('a matcher in Alertmanager’s text form', () => {
  it.each([
    ['foo="bar"', { name: 'foo', op: '=', value: 'bar' }],
    [' foo != bar ', { name: 'foo', op: '!=', value: 'bar' }],
    ['foo=~"a|b"', { name: 'foo', op: '=~', value: 'a|b' }],
    ['foo!~\t"\\\\d+"', { name: 'foo', op: '!~', value: '\\d+' }],
    ['foo=~\\d+', { name: 'foo', op: '=~', value: '\\d+' }],
    ['foo="a\\"b\\n"', { name: 'foo', op: '=', value: 'a"b\n' }],
    ['foo=', { name: 'foo', op: '=', value: '' }],
    ['foo=""', { name: 'foo', op: '=', value: '' }],
    ['"my label"="x"', { name: 'my label', op: '=', value: 'x' }],
    ['foo==x', { name: 'foo', op: '=', value: '=x' }],
    ['foo', null],
    ['="x"', null],
    ['foo="x', null],
    ['foo=x"y', null],
    ['1foo=x', null],
  ])('%s', (text, expected) => expect(parseMatcher(text)).toEqual(expected));

  it('is read back as it was written, whatever the value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.constantFrom('=', '!=', '=~', '!~'), (value, op) => {
        const quoted = value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
        expect(parseMatcher(`foo${op}"${quoted}"`)).toEqual({ name: 'foo', op, value });
      }),
    );
  });
});

describe('matchers together', () => {
  const hold = (texts: readonly string[], labels: Record<string, string>) =>
    allHold(
      texts.map((text) => parseMatcher(text)!),
      labels,
      regexMatches,
    );
  it.each([
    [[], {}, true],
    [['a="x"', 'b="y"'], { a: 'x', b: 'y' }, true],
    [['a="x"', 'b="y"'], { a: 'x' }, false],
    [['a=""'], {}, true],
    [['a!="x"'], {}, true],
    [['a=~".*"'], {}, true],
    [['a=~".+"'], {}, false],
    [['a=~"x"'], { a: 'xx' }, false],
    [['a!~"x.*"'], { a: 'xx' }, false],
    [['toString=""'], {}, true],
    [['a=~"(x+)+"'], { a: 'x' }, null],
    [['a=~"(x+)+"', 'b="y"'], { a: 'x' }, false],
  ])('%j on %j: %s', (texts, labels, expected) => expect(hold(texts, labels as Record<string, string>)).toBe(expected));
});

describe('PromQL without what only looks different', () => {
  it('white space, line breaks and comments do not count', () => {
    expect(normalised('max by (a,b) (\n  x{l="a  b"} >= 3 # least\n)')).toBe(
      normalised('max by(a, b)(x{l="a  b"}>=3)'),
    );
  });
  it.each([
    ['x >= 3', 'x >= 4'],
    ['x{l="a b"}', 'x{l="a  b"}'],
    ['x{l="# no comment"}', 'x{l="'],
    ['a b', 'ab'],
  ])('%s is not %s', (one, other) => expect(normalised(one)).not.toBe(normalised(other)));
});
