import { describe, expect, it } from 'vitest';
import { BUILT_IN_FACTS } from '../../src/mapping/fact-names.ts';
import { forestall, type HomeOptions, makeHome } from '../support/service.ts';

async function check(config: NonNullable<HomeOptions['config']>, ...options: string[]) {
  const { code, stdout } = await forestall(['check', '--config', makeHome({ config }).config, ...options]);
  return { code, lines: stdout.split('\n').filter(Boolean) };
}

describe('forestall check --probe', { timeout: 60_000 }, () => {
  it('prints every fact with its value, and one about a prediction as asked per prediction', async () => {
    const facts = { mine: { command: ['/bin/echo', '42.12345678'] } };
    const { code, lines } = await check((document) => ({ ...document, facts }), '--probe');
    const told = lines.filter((line) => /^\S+ +fact /.test(line));
    expect(told).toHaveLength(BUILT_IN_FACTS.length + 1);
    expect(told.filter((line) => !/^ok +fact \w+ = (?:[\d.]+|true|false): ./.test(line))).toEqual([
      'ok       fact service_is_running: asked per prediction',
    ]);
    expect(told).toContain('ok       fact mine = 42.1235: `/bin/echo 42.12345678` says 42.12345678');
    expect(told.find((line) => line.includes('system_health_score'))).toMatch(/full.*memory is .* used, load .* CPU/);
    expect(code).toBe(0);
  });

  it.each([
    [{ critical_services: ['no-such.service'] }, 'critical_services_restarting'],
    [{ backup_units: ['no-such.service'] }, 'active_backups'],
    [{ facts: { service_is_running: { command: ['/no/such/program'] } } }, 'service_is_running'],
  ])('is a problem where a fact cannot be had: %j', async (more, fact) => {
    const { code, lines } = await check((document) => ({ ...document, ...more }), '--probe');
    expect(lines.filter((line) => line.startsWith('PROBLEM'))).toEqual([
      expect.stringMatching(new RegExp(`^PROBLEM  fact ${fact}: .{10}`)),
    ]);
    expect(code).toBe(1);
  });
});

describe('forestall check', { timeout: 60_000 }, () => {
  it('asks no fact without --probe', async () => {
    const { code, lines } = await check((document) => ({ ...document, critical_services: ['no-such.service'] }));
    expect(lines.filter((line) => line.includes('fact '))).toEqual([]);
    expect(code).toBe(0);
  });

  it.each(['run', 'dry_run'])('reports a placeholder that nothing stands behind, in %s', async (key) => {
    const { code, lines } = await check((document: any) => {
      const { recording } = document.playbooks;
      const argv = [recording.run[0], 'x{ressource}'];
      return { ...document, playbooks: { recording: { ...recording, [key]: argv } } };
    });
    expect(lines.filter((line) => line.startsWith('PROBLEM'))).toEqual([
      'PROBLEM  playbook recording: argument "x{ressource}": unknown placeholder {ressource}; known are ' +
        '{playbook} {resource} {host} {prediction_type} {days_until_critical} {label.NAME} {parameter.NAME}',
    ]);
    expect(code).toBe(1);
  });
});
