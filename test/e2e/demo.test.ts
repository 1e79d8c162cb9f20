import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { hasAlertmanager } from '../support/alertmanager.ts';
import { hasPrometheus } from '../support/prometheus.ts';
import { ENV, forestall } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { eventually } from '../support/wait.ts';

vi.setConfig({ testTimeout: 120_000 });

const STEPS = [
  'A folder fills up',
  'Who carries the alert',
  'The prediction is published',
  'It is a gauge',
  'The rule fires and the webhook is called',
  'The decision',
  'The dry run',
  'The run',
  'The bytes',
  'The metrics that changed',
  'The Discord message, as a local receiver got it',
];

/** A folder of links to every program on PATH but Prometheus and Alertmanager. */
function pathWithoutMonitoring(): string {
  const bin = join(tempDir(), 'bin');
  mkdirSync(bin);
  for (const folder of process.env['PATH']!.split(':').filter((path) => existsSync(path))) {
    for (const name of readdirSync(folder)) {
      if (!/prometheus|alertmanager/.test(name) && !existsSync(join(bin, name))) {
        symlinkSync(join(folder, name), join(bin, name));
      }
    }
  }
  return bin;
}

/** Each step by its title. */
function stepsOf(stdout: string): Map<string, string> {
  const parts = stdout.split(/^(?=\d+\. )/m).slice(1);
  return new Map(parts.map((part) => [part.slice(part.indexOf(' ') + 1, part.indexOf('\n')), part]));
}

function expectClosedLoop(stdout: string): void {
  const steps = stepsOf(stdout);
  expect([...steps.keys()]).toEqual(STEPS);
  const step = (title: string) => steps.get(title)!;
  expect(step('It is a gauge')).toMatch(/prediction_days_until_critical\{.*resource="\/.*\} \d/);
  expect(step('The decision')).toMatch(/approved: approved, by trigger webhook\n.*pass|skip/);
  expect(step('The decision')).toMatch(/pass +too_urgent +[\d.]+ days >= 3\n/);
  expect(step('The dry run')).toMatch(/exit code 0 after [\d.]+ s; .+\n/);
  expect(step('The run')).toMatch(/exit code 0 after [\d.]+ s; .+\n +changes: [1-9]\d*, bytes: [1-9]\d+/);
  expect(step('The bytes')).toMatch(/: [1-9][\d.]* MiB freed \([1-9]\d+ bytes\)/);
  expect(step('The metrics that changed')).toMatch(/executions_total\{playbook="disk-cleanup",result="success"\} 1\n/);
  expect(step('The Discord message, as a local receiver got it')).toMatch(/"parse": \[\]/);
  expect(stdout).toMatch(/^The loop is closed\.$/m);
}

it.runIf(hasPrometheus && hasAlertmanager)('with the real Prometheus and Alertmanager', async () => {
  const temporary = tempDir();
  const { code, stdout, stderr } = await forestall(['demo'], { env: { TMPDIR: temporary } });
  expect([code, stderr]).toEqual([0, '']);
  expectClosedLoop(stdout);
  expect(stepsOf(stdout).get('Who carries the alert')).toMatch(
    /the real Prometheus at http.* and Alertmanager at http/,
  );
  expect(readdirSync(temporary)).toEqual([]);
});

it('without them it says so, and closes the loop all the same', async () => {
  const temporary = tempDir();
  const env = { TMPDIR: temporary, PATH: pathWithoutMonitoring() };
  const { code, stdout, stderr } = await forestall(['demo'], { env });
  expect([code, stderr]).toEqual([0, '']);
  expectClosedLoop(stdout);
  expect(stepsOf(stdout).get('Who carries the alert')).toMatch(/Prometheus and Alertmanager are not installed here/);
  expect(readdirSync(temporary)).toEqual([]);
});

it('stopped in the middle, it leaves nothing behind', async () => {
  const temporary = tempDir();
  const main = join(import.meta.dirname, '../../src/main.ts');
  const child = spawn(process.execPath, [main, 'demo'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...ENV, TMPDIR: temporary },
  });
  const exit = once(child, 'exit');
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  await eventually(() => stdout.includes('1. A folder fills up'), { timeout: 60_000 });
  child.kill('SIGTERM');
  expect(await exit).toEqual([1, null]);
  expect(readdirSync(temporary)).toEqual([]);
});
