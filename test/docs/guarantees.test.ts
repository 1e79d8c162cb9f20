import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, readText } from '../support/source-text.ts';

const ROWS = readText('docs/guarantees.md')
  .split('\n')
  .flatMap((line) => {
    const [, number, , shown, lacks] = /^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]*)\|$/.exec(line) ?? [];
    if (number === undefined) return [];
    const tests = [...shown!.matchAll(/`([\w/-]+): ([^`]+)`/g)].map(([, file, title]) => ({
      file: file!,
      title: title!,
    }));
    return [{ number: Number(number), tests, lacks: lacks!.trim() }];
  });

const pathOf = (file: string): string =>
  existsSync(join(ROOT, `test/${file}.test.ts`)) ? `test/${file}.test.ts` : `test/${file}.ts`;

test('every fault has a row, in their order', () => {
  expect(ROWS.map(({ number }) => number)).toEqual(Array.from({ length: 72 }, (_, at) => at + 1));
});

test.each(ROWS.map(({ number, tests }) => [number, tests] as const))(
  'fault %i is shown by tests that there are',
  (_number, tests) => {
    expect(tests.length).toBeGreaterThan(0);
    for (const { file, title } of tests) expect(readText(pathOf(file)), file).toContain(title);
  },
);

const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('.ts'),
);
/** Tests that say which fault they play. */
const NAMED = files.flatMap((path) =>
  [...readText(join('test', path)).matchAll(/\(fault (\d+)\)'/g)].map(([, number]) => ({
    path: `test/${path}`,
    number: Number(number),
  })),
);

test('a test that says which fault it plays stands in the row of that fault', () => {
  for (const { path, number } of NAMED) {
    const row = ROWS.find((one) => one.number === number);
    expect(
      row?.tests.map(({ file }) => pathOf(file)),
      `fault ${number}`,
    ).toContain(path);
  }
});

test('every fault is played by a test that says so, or its row says what is not', () => {
  const played = new Set(NAMED.map(({ number }) => number));
  expect(ROWS.filter(({ number, lacks }) => !played.has(number) && lacks === '').map(({ number }) => number)).toEqual(
    [],
  );
  // The worst ones have both: a test, and a word about its ends where it has some.
  expect(ROWS.filter(({ number }) => number <= 28 && !played.has(number)).map(({ number }) => number)).toEqual([]);
});
