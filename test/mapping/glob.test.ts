import fc from 'fast-check';
import { expect, it } from 'vitest';
import { globMatches, globToRe2 } from '../../src/mapping/glob.ts';
import type { Mapping } from '../../src/mapping/mapping.ts';
import { findMapping } from '../../src/mapping/match.ts';
import { readActionMapping } from '../../src/mapping/read.ts';
import { shadowedBy } from '../../src/mapping/shadow.ts';

/** The definition, by recursion: no cleverness in common with what is tested. */
function reference(pattern: readonly string[], value: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return value.length === 0;
  if (first === '*') {
    for (let taken = 0; taken <= value.length; taken++) if (reference(rest, value.slice(taken))) return true;
    return false;
  }
  return value.length > 0 && (first === '?' || first === value[0]) && reference(rest, value.slice(1));
}

const glyph = fc.constantFrom('a', 'b', '/', '.', '\n', '\\', '[', '$', '😀', 'é', '*', '?');
const patterns = fc.array(glyph, { maxLength: 8 }).map((glyphs) => glyphs.join(''));
const values = fc.array(glyph, { maxLength: 8 }).map((glyphs) => glyphs.join(''));
const many = { numRuns: 3000 };

it('matches as its definition says', () => {
  fc.assert(
    fc.property(patterns, values, (pattern, value) => {
      expect(globMatches(pattern, value)).toBe(reference(Array.from(pattern), Array.from(value)));
    }),
    many,
  );
});

it('is the same as its regular expression', () => {
  fc.assert(
    fc.property(patterns, values, (pattern, value) => {
      expect(new RegExp(`^(?:${globToRe2(pattern)})$`, 'u').test(value)).toBe(globMatches(pattern, value));
    }),
    many,
  );
});

it.each([
  ['*', '', true],
  ['/srv/*', '/srv/a/b', true],
  ['/srv/*', '/srv', false],
  ['/srv/?', '/srv/ab', false],
  ['A', 'a', false],
  ['a.c', 'abc', false],
  ['?', '😀', true],
  ['[ab]', 'a', false],
])('%s on %s: %s', (pattern, value, matches) => {
  expect(globMatches(pattern, value)).toBe(matches);
});

it('does not hang on a pattern made for that', () => {
  expect(globMatches(`${'*a'.repeat(500)}b`, 'a'.repeat(1000))).toBe(false);
});

function mappingsOf(filters: readonly string[]): readonly Mapping[] {
  const mappings = filters.map((resource_filter, at) => ({
    id: String(at),
    prediction_type: 't',
    resource_filter,
    conditions: { min_confidence: 0 },
    action: { playbook: 'p', version: '1' },
  }));
  const { mapping } = readActionMapping({ mappings }, { playbooks: null, facts: null });
  if (mapping === null) throw new Error('a mapping that can be read was expected');
  return mapping.mappings;
}

it('a mapping that is said to be shadowed never matches', () => {
  const filters = fc.array(
    patterns.filter((pattern) => pattern !== '' && !pattern.includes('\n')),
    { minLength: 2, maxLength: 4 },
  );
  fc.assert(
    fc.property(filters, values, (some, value) => {
      const mappings = mappingsOf(some);
      const target = { prediction_type: 't', resource: value, host: null };
      const found = findMapping({ mappings } as Parameters<typeof findMapping>[0], target);
      if (found !== null) expect(shadowedBy(found, mappings)).toBeNull();
    }),
    many,
  );
});

it.each([
  ['*', '/', true],
  ['*', '*', true],
  ['/srv/*', '/srv/data?', true],
  ['/srv/?', '/srv/*', false],
  ['*?', '?*', true],
  ['**', '*', true],
  ['/', '*', false],
  ['a*b', 'a*c*b', true],
])('%s before %s shadows it: %s', (first, second, shadows) => {
  const mappings = mappingsOf([first, second]);
  expect(shadowedBy(mappings[1]!, mappings) !== null).toBe(shadows);
  expect(shadowedBy(mappings[0]!, mappings)).toBeNull();
});

it('the first mapping of the type that matches decides', () => {
  const mappings = mappingsOf(['/a', '/*', '*']);
  const found = (resource: string, type = 't') =>
    findMapping({ mappings } as Parameters<typeof findMapping>[0], { prediction_type: type, resource, host: null })?.id;
  expect([found('/a'), found('/b'), found('b'), found('/a', 'u')]).toEqual(['0', '1', '2', undefined]);
});
