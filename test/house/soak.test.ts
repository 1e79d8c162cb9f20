import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { PARTS } from '../../scripts/soak/parts.ts';
import { seedFrom } from '../support/seed.ts';
import { ROOT, readText } from '../support/source-text.ts';

const FILES = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .map((path) => `test/${path}`)
  .filter((path) => path.endsWith('.test.ts') && path !== 'test/house/soak.test.ts');

/** What tests read of the environment to run longer, themselves or where it is read for them. */
const LONGER = [...new Set(PARTS.flatMap(({ env }) => Object.keys(env)))];
const readers = new RegExp(`${LONGER.join('|')}|\\bvisits\\(|from './runs\\.ts'`);

async function soak(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['scripts/soak.ts', ...args], {
    cwd: ROOT,
    env: { PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH']}`, ...env },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, text };
}

describe('npm run test:soak', () => {
  it.each(PARTS)('has tests for its part $name, which read what makes them longer', ({ files, only, env }) => {
    const own = FILES.filter((path) => files.some((file) => path.startsWith(file)));
    for (const file of files) expect([file, FILES.some((path) => path.startsWith(file))]).toEqual([file, true]);
    const texts = own.map(readText).join('\n');
    expect(texts).toContain(only ?? '');
    expect(texts).toMatch(readers);
    expect(Object.keys(env)).toHaveLength(1);
  });

  it('plays every test that can run longer', () => {
    const played = PARTS.flatMap(({ files }) => files);
    const left = FILES.filter(
      (path) => readers.test(readText(path)) && !played.some((beginning) => path.startsWith(beginning)),
    );
    expect(left).toEqual([]);
  });

  it('says its seed and its limit, ends what runs when that is over, begins nothing then, and fails', async () => {
    const { code, text } = await soak(['fuzz', 'storm'], { FORESTALL_SOAK_LIMIT: '0.001', FORESTALL_SEED: '7' });
    expect(text).toMatch(/^FORESTALL_SEED=7; 0\.001 minutes at most$/m);
    expect(text).toMatch(/^== fuzz: FORESTALL_FUZZ_RUNS=1000000 FORESTALL_SEED=7$/m);
    expect(text).toMatch(/^fuzz: ENDED, for the 0\.001 minutes were over after [\d.]+ minutes$/m);
    expect(text).toMatch(/^storm: not begun: ENDED/m);
    expect(code).toBe(1);
  });

  it('has no part that nobody knows', async () => {
    const { code, text } = await soak(['fuzzy']);
    expect([code, text]).toEqual([2, expect.stringMatching(/^no part fuzzy: expected some of load, faults,/)]);
  });
});

test('a seed is a whole number; without one it is always the same', () => {
  expect(seedFrom('7')).toBe(7);
  expect(seedFrom(undefined)).toBe(seedFrom(''));
  for (const text of ['x', '-1', '1.5', '2147483648', ' ']) {
    expect(() => seedFrom(text)).toThrow(`FORESTALL_SEED is "${text}": expected a whole number from 0 to 2147483647`);
  }
});
