import { describe, expect, it } from 'vitest';
import { alertBody, ended, forestall, makeHome, startService } from '../support/service.ts';

const PARTS = [
  /\/ is [\d.]+% full/,
  /memory is [\d.]+% used/,
  /load [\d.]+ on \d+ CPUs?/,
  /pressure (?:memory [\d.]+% io [\d.]+%|is not measured by this kernel)/,
  /\d+ failed units?|no systemd/,
];

/** A home in which `/` is watched under these checks. */
const homeWith = (...safety_checks: string[]) =>
  makeHome({
    mapping: (document) => ({
      ...document,
      mappings: [{ ...document.mappings[0], resource_filter: '/', safety_checks }],
    }),
  });
const PREDICTION = ['--type', 'disk_exhaustion', '--resource', '/', '--days', '8', '--confidence', '0.9'];

describe('what explain decides on', { timeout: 60_000 }, () => {
  const NAMED = /--type TYPE --resource RESOURCE --days DAYS --confidence CONFIDENCE \[--host HOST\]/;

  it.each([
    ['all of a prediction', ['disk_exhaustion', '/', '8.2', '0.85']],
    ['one word beside the options', [...PREDICTION, 'nas']],
    ['a word in place of an option', ['disk_exhaustion', '--json']],
  ])('is named by options: %s as arguments is refused, and says which there are', async (_what, args) => {
    const { code, stdout, stderr } = await forestall(['explain', '--config', homeWith().config, ...args]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(NAMED);
    expect(stderr).toMatch(/^explain takes options and no arguments, here "(disk_exhaustion|nas)/);
    expect(stderr).toContain('--alertname NAME [--label NAME=VALUE]');
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});

describe('the parts of system_health_score', { timeout: 60_000 }, () => {
  it('are shown by explain, whether its check passes or fails', async () => {
    const home = homeWith('system_health_score >= 0', 'system_health_score > 100', 'memory_usage <= 100%');
    const { code, stdout } = await forestall(['explain', '--config', home.config, ...PREDICTION]);
    const [, checks = ''] = stdout.split('safety checks, as they would be answered now\n');
    const lines = checks.split('\n').filter(Boolean);
    expect(lines.map((line) => line.slice(0, 34))).toEqual([
      expect.stringMatching(/^ {2}pass {2}system_health_score >= 0/),
      expect.stringMatching(/^ {2}FAIL {2}system_health_score > 100/),
      expect.stringMatching(/^ {2}pass {2}memory_usage <= 100%/),
    ]);
    for (const line of lines.slice(0, 2)) {
      expect(line).toMatch(/system_health_score is \d+: /);
      for (const part of PARTS) expect(line).toMatch(part);
    }
    expect(code).toBe(0);
  });

  it('are in the JSON of explain', async () => {
    const home = homeWith('system_health_score > 100');
    const { stdout } = await forestall(['explain', '--config', home.config, '--json', ...PREDICTION]);
    const { safety_checks } = JSON.parse(stdout);
    expect(safety_checks).toEqual([
      { check: 'system_health_score > 100', value: expect.any(Number), passed: false, message: expect.any(String) },
    ]);
    for (const part of PARTS) expect(safety_checks[0].message).toMatch(part);
  });

  it('are on the record of an execution that they ended', async () => {
    const home = homeWith('system_health_score > 100');
    home.writePredictions([
      { prediction_type: 'disk_exhaustion', resource: '/', days_until_critical: 8.2, confidence: 0.85 },
    ]);
    const service = await startService(home);
    const answer = await service.post('/webhook', alertBody({ resource: '/' }));
    const execution = await ended(service, ((await answer.json()) as any).decisions[0].execution_id);
    expect(execution).toMatchObject({ state: 'rejected', safety_checks: [{ passed: false }] });
    for (const part of PARTS) {
      expect(execution.message).toMatch(part);
      expect(execution.safety_checks[0].message).toMatch(part);
    }
    const { stdout } = await forestall(['history', execution.id, '--config', home.config]);
    for (const part of PARTS) expect(stdout).toMatch(part);
  });
});
