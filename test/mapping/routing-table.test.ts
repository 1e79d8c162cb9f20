import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDocument } from '../../src/config/document.ts';
import { readActionMapping } from '../../src/mapping/read.ts';
import { type ConvertedTable, convertRoutingTable } from '../../src/mapping/routing-table.ts';
import { forestall } from '../support/service.ts';

const FILE = join(import.meta.dirname, 'fixtures/routing-table.yml');

function converted(document: unknown): ConvertedTable {
  const result = convertRoutingTable(document);
  if ('issues' in result) throw new Error(JSON.stringify(result.issues));
  return result;
}

function table(): unknown {
  const document = readDocument(FILE, FILE);
  if ('problem' in document) throw new Error(document.problem.message);
  return document.value;
}

const route = (more: object) => ({ routes: [{ alert: 'A', playbook: 'p', ...more }] });
const actionOf = (more: object) => converted(route(more)).mapping.mappings[0]!.action;

describe('a routing table', () => {
  const { mapping, playbooks, circuit_breaker, notes } = converted(table());

  it('becomes a mapping that can be read, in dry run mode', () => {
    const versions = new Map([...playbooks.keys()].map((name) => [name, '1.0']));
    const read = readActionMapping(mapping, { playbooks: versions, facts: [] });
    expect(read.issues).toEqual([]);
    expect(read.warnings).toEqual([]);
    expect(read.mapping!.global_settings.dry_run_mode).toBe(true);
    expect(read.mapping!.global_settings.exclude).toEqual(['traefik', 'login', 'prometheus']);
  });

  it('keeps alert, playbook, confirmation, cooldown and limits, and what each alert is about', () => {
    const limits = [{ runs: 3, per: '1h' }];
    const common = { version: '1.0', cooldown_hours: 0.25, limits };
    expect(mapping.mappings).toEqual([
      {
        alertname: 'BurnRateHigh_Media',
        resource: 'media',
        action: {
          ...common,
          playbook: 'slo-recovery',
          require_confirmation: false,
          parameters: { target: '99.5', tier: '1' },
        },
      },
      {
        alertname: 'BurnRateHigh_Login',
        resource: 'login',
        action: {
          ...common,
          playbook: 'slo-recovery',
          require_confirmation: false,
          parameters: { target: '99.9', tier: '1' },
        },
      },
      {
        alertname: 'ContainerDown',
        resource_label: 'name',
        action: { ...common, playbook: 'restart', require_confirmation: false },
      },
      { alertname: 'FirewallDown', resource: 'crowdsec', action: { ...common, playbook: 'restart' } },
      {
        alertname: 'ContainerMemoryHigh',
        resource_label: 'name',
        action: { ...common, playbook: 'gentle-restart', require_confirmation: true },
      },
      { alertname: 'DiskSpaceLow', action: { ...common, playbook: 'disk-cleanup', require_confirmation: true } },
    ]);
  });

  it('says how its playbooks are called, and when they are held', () => {
    expect(Object.fromEntries(playbooks)).toEqual({
      'slo-recovery': ['--service', '{resource}', '--target', '{parameter.target}', '--tier', '{parameter.tier}'],
      restart: ['--service', '{resource}'],
      'gentle-restart': ['--service', '{resource}'],
      'disk-cleanup': [],
    });
    expect(circuit_breaker).toEqual({ failures: 3, reset_minutes: 30 });
  });

  it('says what it could not carry over', () => {
    expect(notes).toEqual([
      expect.stringMatching(/^config\.rate_limit\.max_executions_per_hour: 5 runs of all playbooks/),
      expect.stringMatching(/^config\.rate_limit\.max_executions_per_alert: 3 runs/),
      'DiskSpaceLow: its confidence of 85 is below 90, so it waits for confirmation',
      'SwapThrashing: no playbook, so no mapping; it is ignored here as well',
      'not carried over: priority, description, notes, config.idempotency, config.security',
    ]);
  });

  it('never runs more than before where it leaves a choice', () => {
    expect(actionOf({ confidence: 89.9 })).toHaveProperty('require_confirmation', true);
    expect(actionOf({ confidence: 90 })).not.toHaveProperty('require_confirmation');
    expect(actionOf({ confidence: 10, requires_confirmation: false })).toHaveProperty('require_confirmation', false);
    expect(converted({ routes: [{ alert: 'TestAlert', playbook: 'p' }] }).mapping.mappings).toEqual([]);
    const hourly = { ...route({}), config: { rate_limit: { max_executions_per_hour: 4 } } };
    expect(converted(hourly).mapping.mappings[0]!.action).toHaveProperty('limits', [{ runs: 4, per: '1h' }]);
    expect(converted(hourly).notes[0]).toMatch(/here it holds for each playbook/);
  });

  it('takes other labels as they are, and says where routes do not agree', () => {
    const parameter = '--node {{ .Labels.instance }}';
    expect(Object.fromEntries(converted(route({ parameter })).playbooks)).toEqual({
      p: ['--node', '{label.instance}'],
    });
    const two = [route({ parameter }).routes[0], route({ parameter: '--node fixed' }).routes[0]];
    expect(converted({ routes: two }).notes[0]).toMatch(/^p: its routes do not agree on --node/);
  });

  it.each([
    [{}, ['routes'], /^found null, expected a list of routes/],
    [{ routes: [{ playbook: 'p' }] }, ['routes', 0, 'alert'], /expected the name of an alert$/],
    [{ routes: [{ alert: 'A', playbook: 7 }] }, ['routes', 0, 'playbook'], /^found 7, expected the name of a playbook/],
    [route({ parameter: '--now' }), ['routes', 0, 'parameter'], /^found "--now", expected pairs/],
    [route({ parameter: '--a --b' }), ['routes', 0, 'parameter'], /expected pairs/],
    [route({ parameter: 'web' }), ['routes', 0, 'parameter'], /expected pairs/],
  ] as const)('that cannot be read says where: %j', (document, path, message) => {
    expect(convertRoutingTable(document)).toEqual({
      issues: [{ path, on: 'value', message: expect.stringMatching(message) }],
    });
  });
});

describe('forestall convert', { timeout: 60_000 }, () => {
  it('prints the mapping, and beside it what has to be done', async () => {
    const { code, stdout, stderr } = await forestall(['convert', FILE]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(converted(table()).mapping);
    expect(stderr).toContain('  restart: { version: "1.0", run: [playbooks/restart, --service, "{resource}"] }\n');
    expect(stderr).toContain('execution: { circuit_breaker: { failures: 3, reset_after: 30m } }\n');
    expect(stderr.match(/^note: /gm)).toHaveLength(5);
  });

  it('refuses what is no table', async () => {
    expect(await forestall(['convert', '/nowhere.yml'])).toMatchObject({
      code: 2,
      stderr: '/nowhere.yml: cannot be read: there is no such file\n',
    });
  });
});
