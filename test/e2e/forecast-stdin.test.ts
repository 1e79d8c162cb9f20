import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test, vi } from 'vitest';
import { ENV, forestall } from '../support/service.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 60_000 });

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const NOW = 1_700_006_400;

function start() {
  return spawn(process.execPath, [MAIN, 'forecast', '--stdin'], { stdio: 'pipe', env: ENV });
}

/** Its answers to these lines, and how it ended. */
async function answersTo(input: string | Buffer) {
  const child = start();
  const [stdout, stderr, exit] = [text(child.stdout), text(child.stderr), once(child, 'exit')];
  child.stdin.end(input);
  const [code] = (await exit) as [number | null];
  const lines = (await stdout).split('\n');
  expect(lines.pop()).toBe('');
  return { code, stderr: await stderr, answers: lines.map((line) => JSON.parse(line) as Record<string, any>) };
}

/** A line of 20 days that ends at this level. */
function line(level: number, rise: number, more: object = {}): string {
  const series = Array.from({ length: 481 }, (_, i) => [NOW - (480 - i) * 3600, level + (rise * (i - 480)) / 24]);
  return JSON.stringify({ series, threshold: 0.9, now: NOW, ...more });
}

test('each line is answered in its place', async () => {
  const { code, stderr, answers } = await answersTo(`${line(0.8, 0.015)}\n${line(0.5, 0)}\n\n${line(0.95, 0.01)}`);
  expect([code, stderr]).toEqual([0, '']);
  expect(answers).toHaveLength(3);
  const [rising, still, critical] = answers;
  expect(rising!['days_until_critical']).toBeGreaterThan(5);
  expect(rising!['days_until_critical']).toBeLessThan(9);
  expect(rising!['confidence']).toBe(rising!['p_within_14d']);
  expect(rising!['confidence']).toBeGreaterThan(0.8);
  expect(rising!['reasons']).toContain('climbs 1.7 % of the threshold a day over the last 7 days');
  expect(still).toMatchObject({ days_until_critical: null });
  expect(still!['confidence']).toBeCloseTo(1 - still!['p_within_14d'], 12);
  expect(critical).toMatchObject({ days_until_critical: 0, confidence: 0.99 });
});

test('too little data: no days, the base rate, and why', async () => {
  const { code, answers } = await answersTo(line(0.8, 0.01, { series: [[NOW, 0.8]] }));
  expect(code).toBe(0);
  expect(answers).toEqual([
    {
      days_until_critical: null,
      confidence: 0.7,
      p_within_14d: 0.3,
      no_forecast: 'only 1 hour was measured, 4 are needed',
    },
  ]);
});

test('a bad line is answered with its place and path, the others with forecasts; then it is 1', async () => {
  const { code, stderr, answers } = await answersTo(
    [
      line(0.5, 0),
      '{"series": [',
      line(0.5, 0, {
        series: [
          [NOW, 0.5],
          [NOW, 'much'],
        ],
      }),
      line(0.5, 0, { threshold: -1 }),
      line(0.5, 0, { now: '2023-11-14' }),
      '[]',
      '',
      Buffer.from([0xff, 0xfe]).toString('latin1'),
      line(0.5, 0, {
        series: [
          [NOW, null],
          [NOW, 0.5],
        ],
      }),
    ].join('\n'),
  );
  expect([code, stderr]).toEqual([1, '']);
  expect(answers.map(({ error }) => error && [error.line, error.path])).toEqual([
    undefined,
    [2, ''],
    [3, 'series[1][1]'],
    [4, 'threshold'],
    [5, 'now'],
    [6, ''],
    [8, ''],
    undefined,
  ]);
  expect(answers[1]!['error'].message).toMatch(/^is not JSON: /);
  expect(answers[2]!['error'].message).toMatch(/expected number/);
});

test('a line is answered before the next one comes', async () => {
  const child = start();
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
  });
  for (let count = 1; count <= 3; count += 1) {
    child.stdin.write(`${line(0.5, 0)}\n`);
    await eventually(() => (out.split('\n').length > count ? true : null), { timeout: 20_000 });
  }
  child.stdin.end();
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('who reads slowly is waited for: what is not read is not forecast', async () => {
  const child = start();
  const lines = `${line(0.5, 0)}\n`.repeat(40);
  let written = 0;
  const feed = (): void => {
    while (written < 100) {
      written += 1;
      if (!child.stdin.write(lines)) return;
    }
  };
  child.stdin.on('drain', feed).on('error', () => undefined);
  feed();
  // Nobody reads: the pipes fill up, and no more is taken from us.
  let before = -1;
  await eventually(
    () => {
      const isSettled = written > 1 && before === written;
      before = written;
      return isSettled;
    },
    { timeout: 30_000, interval: 2_000 },
  );
  expect(written).toBeLessThan(100);
  // A reader that leaves ends it quietly.
  child.stdout.destroy();
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('it is in the help', async () => {
  const { stdout } = await forestall(['forecast', '--help']);
  expect(stdout).toContain('--stdin');
});
