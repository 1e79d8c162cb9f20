import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, readText } from '../support/source-text.ts';

const PAGE = readText('docs/security.md');

/** Names of tests: `FILE: PART OF A TITLE`, the file below test/ and without its ending. */
const CLAIMS = [...PAGE.matchAll(/`([a-z][\w-]*\/[\w/-]+): ([^`]+)`/g)].map(([, file, title]) => [
  file!,
  title!.replace(/\s+/g, ' '),
]);

const pathOf = (file: string): string =>
  existsSync(join(ROOT, `test/${file}.test.ts`)) ? `test/${file}.test.ts` : `test/${file}.ts`;

test.each(CLAIMS)('%s has a test “%s”', (file, title) => {
  expect(readText(pathOf(file!))).toContain(title);
});

test('every file of tests that the page names is there, and it names tests enough', () => {
  const files = [...PAGE.matchAll(/`(test\/[\w/.-]+)`/g)].map(([, path]) => path!);
  expect(files.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  expect(files.length + CLAIMS.length).toBeGreaterThan(60);
});

/** Chapters of the ASVS 5.0.0. */
const CHAPTERS = Array.from({ length: 17 }, (_, at) => `V${at + 1}`);

test('the ASVS is gone through chapter by chapter, and what is met is shown', () => {
  const rows = [...PAGE.matchAll(/^\| (V\d+(?:, V\d+)*) \| ([^|]+) \| ([^|]+) \| ([^|]*)\|$/gm)];
  const chapters = rows.flatMap(([, names]) => names!.split(', '));
  expect([...new Set(chapters)]).toEqual(CHAPTERS);
  for (const [, chapter, , here, shown] of rows) {
    const isThere = !/^none/.test(here!);
    expect([chapter, isThere]).toEqual([chapter, shown!.includes('`')]);
  }
});

test('the page can be read in one sitting', () => {
  expect(PAGE.split('\n').length).toBeLessThan(250);
});
