import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

/** What the quick run prints says nothing about speed, so only that every row is there is looked at. */
const ROWS = [
  'bare node:http JSON echo',
  'storm of one alert',
  'storm of new targets',
  'POST to start of the dry run',
  'resident memory of the idle service',
  'start-up of the service',
  'GET /metrics with',
  'past executions, not recorded',
  'past executions, recorded and committed',
];

test('the bench builds the service, measures it and prints every row', { timeout: 300_000 }, async () => {
  const { stdout } = await promisify(execFile)('npm', ['run', '--silent', 'bench', '--', '--quick'], { cwd: ROOT });
  const rows = stdout.split('\n').filter((line) => line.startsWith('| '));
  const cells = rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  for (const name of ROWS) {
    const found = cells.filter(([what]) => what!.includes(name));
    expect(found, name).toHaveLength(1);
    expect(found[0]![1], name).toMatch(/^[\d,.]+ ?(?:\/s|ms|MB)/);
  }
  const aims = cells.filter(([, , , aim]) => aim !== '');
  expect(aims).toHaveLength(6);
  expect(stdout).not.toMatch(/NaN|undefined|Infinity/);
  const hooks = cells.filter(([what]) => what!.includes("Debian's webhook"));
  if (stdout.includes('NOTE: SKIPPED')) expect(hooks).toEqual([]);
  else expect(hooks).toHaveLength(4);
});
