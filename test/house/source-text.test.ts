import { expect, test } from 'vitest';
import { filesBelow, parseSource } from '../support/source-text.ts';

const TRICKY = `
import { a, type B, c as d } from '../mapping/mapping.ts';
import type { E } from './e.ts';
import {
  type F,
  type G,
} from '../report/f.ts';
import whole from '@scope/name/part';
import * as space from 'node:path';
import first, { type H } from 'execa';
import './effects.ts';
export { x as y, type Z } from './z.ts';
export * from './all.ts';
// import { comment } from 'comment';
/* import { block } from 'block'; */
const text = "import { string } from 'string'; // not a comment";
const regex = /['"\`/*]/.test(text) ? 1 / 2 : 3 / 4; // Date.now()
const template = \`Date.now() \${Date.now() + \`inner \${1}\`.length} Math.random() // no comment\`;
const later = await import('./later.ts');
new Worker(new URL('./worker.ts', import.meta.url));
const T = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url);
const M = new URL('../package.json', import.meta.url);
export const one = 1;
export async function two() {}
export function* three() {}
export interface Four {}
export type Five = 5;
export abstract class Six {}
const seven = 7;
export { seven as Seven };
`;

const source = parseSource('src/room/file.ts', TRICKY);

test('imports are found with their names, files and packages', () => {
  const found = source.imports.map(({ specifier, file, packageName, names, typeOnly }) => [
    specifier,
    file ?? packageName,
    names,
    typeOnly,
  ]);
  expect(Object.fromEntries(found.map(([specifier, ...rest]) => [specifier, rest]))).toEqual({
    './all.ts': ['src/room/all.ts', null, false],
    './e.ts': ['src/room/e.ts', ['E'], true],
    './effects.ts': ['src/room/effects.ts', [], false],
    './later.ts': ['src/room/later.ts', null, false],
    './thread.ts': ['src/room/thread.ts', null, false],
    './worker.ts': ['src/room/worker.ts', null, false],
    './z.ts': ['src/room/z.ts', ['x', 'Z'], false],
    '../mapping/mapping.ts': ['src/mapping/mapping.ts', ['a', 'B', 'c'], false],
    '../report/f.ts': ['src/report/f.ts', ['F', 'G'], true],
    '@scope/name/part': ['@scope/name', null, false],
    execa: ['execa', ['H'], false],
    'node:path': [null, null, false],
  });
});

test('an import inside of a string is none', () => {
  expect(parseSource('test/x.ts', "const text = `\nimport { a } from 'b';\n`;\n").imports).toEqual([]);
});

test('exports are found under the name that others import', () => {
  expect(source.exports.toSorted()).toEqual(['Five', 'Four', 'Seven', 'Six', 'Z', 'one', 'three', 'two', 'y']);
});

test('comments and strings are no code; expressions in templates are', () => {
  expect(source.bare.match(/Date\.now/g)).toHaveLength(1);
  expect(source.bare).not.toContain('Math.random');
  expect(source.bare).not.toContain('*]');
  expect(source.code).toContain("import { string } from 'string'; // not a comment");
  expect(source.code).toContain('Math.random() // no comment');
  expect(source.bare.split('\n')).toHaveLength(TRICKY.split('\n').length);
});

test('the sources are found', () => {
  expect(filesBelow('src')).toContain('src/decision/decide.ts');
  expect(filesBelow('no-such-folder')).toEqual([]);
  expect(filesBelow('.').filter((file) => file.includes('node_modules'))).toEqual([]);
});
