import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { type SourceFile, sourcesBelow } from '../support/source-text.ts';

const LONGEST_SOURCE = 300;
const LONGEST_TEST = 400;

const sources = sourcesBelow('src');
const users = ['src', 'test', 'bench', 'scripts'].flatMap(sourcesBelow);

test('a file is one idea: none is long', () => {
  const long = users.filter(({ path, lines }) => lines > (path.startsWith('test/') ? LONGEST_TEST : LONGEST_SOURCE));
  expect(
    long.map(({ path, lines }) => `${path}: ${lines} lines`),
    `At most ${LONGEST_SOURCE} lines in src, ${LONGEST_TEST} in test: split it where it turns to a second idea.`,
  ).toEqual([]);
});

test('no default exports', () => {
  const wrong = sources.filter(({ bare }) => /^export\s+default\b|\bas\s+default\b/m.test(bare));
  expect(
    wrong.map(({ path }) => path),
    'Export it by name: a name can be searched for.',
  ).toEqual([]);
});

/** A type that its own file uses is exported so that signatures can be read; nobody has to import it. */
function isPartOfASignature({ bare }: SourceFile, name: string): boolean {
  return (
    new RegExp(`^export (?:interface|type) ${name}\\b`, 'm').test(bare) &&
    bare.split(new RegExp(`\\b${name}\\b`)).length > 2
  );
}

test('nothing is exported that no other file uses', () => {
  const used = new Set<string>();
  for (const { path, imports } of users) {
    for (const { file, names } of imports) {
      if (file === null || file === path) continue;
      for (const name of names ?? ['*']) used.add(`${file} ${name}`);
    }
  }
  const unused = sources.flatMap((source) => {
    if (used.has(`${source.path} *`)) return [];
    return source.exports
      .filter((name) => !used.has(`${source.path} ${name}`) && !isPartOfASignature(source, name))
      .map((name) => `${source.path}: ${name}`);
  });
  expect(unused, 'Remove it, or the word export where only its own file uses it.').toEqual([]);
});

test('every file of src is used by another one', () => {
  const imported = new Set(users.flatMap(({ imports }) => imports.flatMap(({ file }) => file ?? [])));
  // A thread is started by the name of the module beside its starter.
  for (const { path, code } of sources) {
    for (const [, name] of code.matchAll(/'([a-z-]+-thread)'/g)) imported.add(join(dirname(path), `${name}.ts`));
  }
  const lonely = sources.filter(({ path }) => path !== 'src/main.ts' && !imported.has(path));
  expect(
    lonely.map(({ path }) => path),
    'Remove it.',
  ).toEqual([]);
});

test('tests are neither skipped nor singled out', () => {
  const wrong = sourcesBelow('test').filter(({ bare }) => /\b(?:test|it|describe)\.(?:skip|only|todo)\b/.test(bare));
  expect(
    wrong.map(({ path }) => path),
    'Use test.skipIf with a loud message where a program is not installed.',
  ).toEqual([]);
});
