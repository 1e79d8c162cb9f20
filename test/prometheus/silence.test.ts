import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { regexMatches } from '../../src/prometheus/matcher-regex.ts';
import { type Matcher, type Silence, silenceCovering } from '../../src/prometheus/silence.ts';

const NOW = Date.UTC(2026, 2, 1, 12);
const MINUTE = 60_000;
const equal = (name: string, value: string): Matcher => ({ name, value, is_regex: false, is_equal: true });
const regex = (name: string, value: string): Matcher => ({ name, value, is_regex: true, is_equal: true });
const not = (matcher: Matcher): Matcher => ({ ...matcher, is_equal: false });
const silence = (matchers: readonly Matcher[], times: Partial<Silence> = {}): Silence => ({
  id: 'abc',
  matchers,
  starts_at: NOW - MINUTE,
  ends_at: NOW + MINUTE,
  created_by: 'anna',
  comment: 'moving\nthe disk',
  ...times,
});
const covers = (matchers: readonly Matcher[], labels: Record<string, string>) =>
  silenceCovering([silence(matchers)], labels, NOW) !== null;

describe('silenceCovering', () => {
  it('says which silence, by whom, until when and why, on one line', () => {
    expect(
      silenceCovering([silence([equal('a', 'x')]), silence([equal('resource', '/')])], { resource: '/' }, NOW),
    ).toBe('silence abc by anna until 2026-03-01T12:01:00.000Z covers it: moving the disk');
    expect(silenceCovering([], {}, NOW)).toBeNull();
  });

  it.each([
    ['all matchers match', [equal('a', '1'), equal('b', '2')], { a: '1', b: '2' }, true],
    ['one does not', [equal('a', '1'), equal('b', '2')], { a: '1', b: '3' }, false],
    ['a missing label is the empty text', [equal('a', '')], {}, true],
    ['a missing label is not a value', [equal('a', '1')], {}, false],
    ['!= on a missing label', [not(equal('a', '1'))], {}, true],
    ['!= on an equal label', [not(equal('a', '1'))], { a: '1' }, false],
    ['a name of the prototype is missing', [equal('constructor', '')], {}, true],
    ['=~ is anchored', [regex('a', 'disk')], { a: 'disk_exhaustion' }, false],
    ['=~ is anchored around alternatives', [regex('a', 'x|disk')], { a: 'disk_exhaustion' }, false],
    ['=~ with a wildcard', [regex('a', 'disk.*')], { a: 'disk_exhaustion' }, true],
    ['=~ that the empty text matches', [regex('a', '.*')], {}, true],
    ['!~ that matches', [not(regex('a', 'disk.*'))], { a: 'disk_exhaustion' }, false],
    ['!~ that does not match', [not(regex('a', 'disk.*'))], { a: 'memory' }, true],
    ['=~ that JavaScript does not know', [regex('a', '(?i)disk')], { a: 'memory' }, true],
    ['!~ that JavaScript does not know', [not(regex('a', '(?i)disk'))], { a: 'disk' }, true],
  ])('%s', (_name, matchers, labels, expected) => {
    expect(covers(matchers, labels as Record<string, string>)).toBe(expected);
  });

  it('ends and begins with five minutes for the difference of the clocks', () => {
    const at = (times: Partial<Silence>) => silenceCovering([silence([], times)], {}, NOW) !== null;
    expect(at({ ends_at: NOW - 5 * MINUTE })).toBe(true);
    expect(at({ ends_at: NOW - 5 * MINUTE - 1 })).toBe(false);
    expect(at({ starts_at: NOW + 5 * MINUTE })).toBe(true);
    expect(at({ starts_at: NOW + 5 * MINUTE + 1 })).toBe(false);
  });
});

describe('regexMatches', () => {
  it.each([
    ['/srv/(data|backup)', '/srv/data', true],
    ['/srv/(?:data|backup)', '/srv/other', false],
    ['a.c', 'a\nc', true],
    ['host[0-9]+\\.example\\.org', 'host12.example.org', true],
    [Array.from({ length: 60 }, (_, i) => `host${i}`).join('|'), 'host59', true],
    [`(${Array.from({ length: 60 }, (_, i) => `host${i}`).join('|')})`, 'host99', false],
  ])('%s on %j', (pattern, value, expected) => {
    expect(regexMatches(pattern, value)).toBe(expected);
  });

  it.each([
    '(?i)a',
    '(?P<x>a)',
    '[[:alpha:]]',
    '\\pL',
    '\\Qa\\E',
    '\\s',
    '(a',
    '(?=a)',
    '(a)\\1',
    '(a+)+',
    '(a|a)*',
    '(a*){9}',
    'x'.repeat(1_001),
  ])('%s is not decided', (pattern) => {
    expect(regexMatches(pattern, 'a')).toBeNull();
  });

  it('never searches for long', () => {
    const baits = ['(a+)+b', '(a|a)'.repeat(60), '.*a.*a.*a.*a.*b', 'a?'.repeat(400), '(.*)(.*)(.*)(.*)(.*)b'];
    fc.assert(
      fc.property(
        fc.oneof(
          fc.constantFrom(...baits),
          fc.string({ unit: fc.constantFrom('a', '(', ')', '*', '+', '|', '?', '{2}', '.') }),
        ),
        (pattern) => {
          const began = performance.now();
          regexMatches(pattern, `${'a'.repeat(1_000)}c`);
          expect(performance.now() - began).toBeLessThan(2_000);
        },
      ),
    );
  });
});
