import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

/** What the quick run prints says nothing about speed, so only that every row is there is looked at. */
const ROWS = [
  'bare node:http JSON echo',
  'minimal hono server',
  'storm of one alert',
  'storm of new targets',
  'echo of bodies of 100',
  'bodies of 100 times the same alert',
  'bodies of 100 times different alerts',
  'alerts in one body, new',
  'alerts in one body, repeated',
  'POST to start of the dry run',
  'resident memory of the idle service',
  'start-up of the service',
  'GET /metrics with',
  'past executions, not recorded',
  'past executions, recorded and committed',
];

/** With PostgreSQL, each of them for both engines. */
const SCALE = [
  'bare commits of one row',
  'claims, 1 at once',
  'claims, 4 at once',
  'claims, 16 at once',
  'claims, 4 processes, 4 at once in each',
  'decision, not recorded, with 1,500 past executions',
  '100 claims in a body, committed, with 1,500 past executions',
  'what /metrics and the status page ask with 1,500 past executions',
  'executions that wait, all looked through',
  'bytes of one of 1,500 executions',
  'bytes of one of 1,500 decisions',
  '150 different resources at once, refused',
  '150 different resources at once, approved',
];

async function bench(...args: string[]): Promise<{ readonly stdout: string; readonly cells: readonly string[][] }> {
  const { stdout } = await promisify(execFile)('npm', ['run', '--silent', 'bench', '--', '--quick', ...args], {
    cwd: ROOT,
  });
  const rows = stdout.split('\n').filter((line) => line.startsWith('| '));
  const cells = rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return { stdout, cells };
}

test('the bench builds the service, measures it and prints every row', { timeout: 300_000 }, async () => {
  const { stdout, cells } = await bench();
  for (const name of ROWS) {
    const found = cells.filter(([what]) => what!.includes(name));
    expect(found, name).toHaveLength(1);
    expect(found[0]![1], name).toMatch(/^[\d,.]+ ?(?:\/s|ms|MB)/);
  }
  const aims = cells.filter(([, , , aim]) => aim !== '');
  expect(aims).toHaveLength(12);
  expect(stdout).not.toMatch(/NaN|undefined|Infinity/);
  const hooks = cells.filter(([what]) => what!.includes("Debian's webhook"));
  if (stdout.includes('NOTE: SKIPPED')) expect(hooks).toEqual([]);
  else expect(hooks).toHaveLength(4);
});

test('what one store carries is measured on each engine, with sizes that can be told', {
  timeout: 600_000,
}, async () => {
  const { stdout, cells } = await bench('--scale', '--executions', '1500', '--targets', '150');
  const engines = ['SQLite', ...(stdout.includes('NOTE: SKIPPED') ? [] : ['PostgreSQL'])];
  for (const engine of engines) {
    for (const name of SCALE) {
      const found = cells.filter(([what]) => what!.startsWith(engine) && what!.includes(name));
      expect(found, `${engine}: ${name}`).toHaveLength(1);
      expect(found[0]![1], name).toMatch(/^[\d,.]+ ?(?:\/s|ms|s|B)/);
    }
  }
  // Whatever is delivered twice runs once: that holds at any speed.
  const clusters = cells.filter(([what]) => what!.includes('Alertmanagers'));
  expect(clusters).toHaveLength(6);
  for (const [what, figure, , , met] of clusters) expect([what, figure, met]).toEqual([what, figure, 'yes']);
  const halves = clusters.filter(([what]) => /minutes$/.test(what!));
  for (const [, , ratio] of halves) expect(ratio).toMatch(/^2\.00 of the deliveries meanwhile, 1\.00 of the runs/);
  expect(stdout).not.toMatch(/NaN|undefined|Infinity/);
});
