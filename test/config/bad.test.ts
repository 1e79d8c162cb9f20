import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { formatProblems } from '../../src/config/problem.ts';

/*
 * One file a defect. What it has to say stands in the file, behind `#!`: LINE:COLUMN: PATH: MESSAGE.
 */
const fixtures = join(import.meta.dirname, 'fixtures');
const filesIn = (folder: string) => readdirSync(join(fixtures, folder)).filter((name) => name.endsWith('.yaml'));

function expected(file: string): string[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line.startsWith('#! ')).map((line) => `${basename(file)}:${line.slice(3)}`);
}

function problemsOf(options: { file: string; env: Record<string, string> }): string[] {
  const loaded = loadConfig({ ...options, home: '/home/someone' });
  if (loaded.ok) return ['no problem'];
  return formatProblems(loaded.problems.map((problem) => ({ ...problem, file: basename(problem.file) }))).split('\n');
}

describe('a bad forestall.yaml says exactly what is wrong (fault 69)', () => {
  it.each(filesIn('bad'))('%s', (name) => {
    const file = join(fixtures, 'bad', name);
    const problems = problemsOf({ file, env: { HOME: '/home/someone' } });
    expect(problems).toEqual(expected(file));
    expect(problems.join()).not.toMatch(/canary|73317331/);
  });
});

describe('a bad mapping says exactly what is wrong', () => {
  it.each(filesIn('bad-mapping'))('%s', (name) => {
    const file = join(fixtures, 'bad-mapping', name);
    const problems = problemsOf({ file: join(fixtures, 'good', 'for-mapping.yaml'), env: { MAPPING: file } });
    expect(problems).toEqual(expected(file));
  });
});
