import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { formatProblems } from '../../src/config/problem.ts';
import { tempDir } from '../support/temp.ts';

const fixtures = join(import.meta.dirname, 'fixtures');
const root = join(import.meta.dirname, '../..');
const HOUR = 3_600_000;

function load(file: string, env: Record<string, string> = {}): Config {
  const loaded = loadConfig({ file, env, home: '/home/someone' });
  if (!loaded.ok) throw new Error(formatProblems(loaded.problems));
  return loaded.config;
}

function problems(file: string, env: Record<string, string> = {}): string {
  const loaded = loadConfig({ file, env, home: '/home/someone' });
  return loaded.ok ? '' : formatProblems(loaded.problems);
}

/** A folder with the given files and, unless given, an empty mapping. */
function folder(files: Record<string, string>): string {
  const path = tempDir();
  for (const [name, text] of Object.entries({ 'action-mapping.json': '{"mappings":[]}', ...files })) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

describe('the shipped configuration', () => {
  it('loads without warnings, in dry run mode, and needs no other program', () => {
    const config = load(join(root, 'config/forestall.yaml'));
    expect(config.warnings).toEqual([]);
    expect(config.mapping.global_settings).toMatchObject({ enable_auto_remediation: true, dry_run_mode: true });
    expect(config).toMatchObject({ prometheus: null, alertmanager: null, discord: null, facts: {} });
    expect(config.web).toMatchObject({ host: '127.0.0.1', port: 9096, bearer_token: null });
    expect(Object.values(config.playbooks).map(({ run }) => run[0])).toEqual(
      ['disk-cleanup', 'resource-pressure', 'drift-reconciliation'].map((name) => join(root, 'config/playbooks', name)),
    );
    expect(config.playbooks['disk-cleanup']?.dry_run.slice(1)).toEqual(['{resource}', '--dry-run']);
  });

  it('holds the same values as no configuration at all, but for the playbooks', () => {
    const path = folder({ 'config/forestall.yaml': '# nothing\n', 'config/action-mapping.json': '{"mappings":[]}' });
    const none = load(join(path, 'config/forestall.yaml'));
    const shipped = load(join(root, 'config/forestall.yaml'));
    const comparable = ({ file: _file, mapping: _mapping, playbooks: _playbooks, ...rest }: Config, base: string) =>
      JSON.parse(JSON.stringify(rest).replaceAll(base, ''));
    expect(comparable(none, path)).toEqual(comparable(shipped, root));
    expect(none.mapping.global_settings.dry_run_mode).toBe(true);
  });
});

describe('every key', () => {
  const env = { DATA: '/var/data', DISCORD: 'https://discord.example/canary-discord' };
  const good = join(fixtures, 'good');
  const config = load(join(good, 'forestall.yaml'), env);
  const ansiblePlaybook = ['ansible-playbook', '--inventory', '/etc/ansible/hosts', '--limit', '{host}'];

  it('is read: forestall.yaml', () => {
    expect(config).toMatchObject({
      file: join(good, 'forestall.yaml'),
      web: { host: '::1', port: 9196, external_url: 'https://forestall.example.org/x', max_body_bytes: 1_000_000 },
      store: { engine: 'sqlite', path: join(good, 'state/ledger.db') },
      mapping_file: join(good, 'action-mapping.yaml'),
      predictions: {
        stale_after: 26.5 * HOUR,
        files: [join(good, 'p.json'), '/home/someone/q.json', '/var/data/r.json'],
      },
      webhook: { host_label: 'instance' },
      prometheus: { url: 'http://127.0.0.1:9090' },
      alertmanager: { url: 'http://127.0.0.1:9093' },
      rules: { for: 0, keep_firing_for: 60_000, interval: 15_000 },
      critical_services: ['a.service'],
      backup_units: ['b.service', 'c'],
      execution: {
        max_parallel: 3,
        retry_after: 2 * HOUR,
        drain_timeout: 0,
        approval_timeout: 24 * HOUR,
        circuit_breaker: { failures: 5, reset_after: 12 * HOUR },
      },
      context_log: null,
      log_dir: join(good, 'logs'),
      textfile: join(good, 'metrics.prom'),
    });
    expect(config.web.bearer_token?.reveal()).toBe('canary-bearer');
    expect(config.discord?.webhook_url.reveal()).toBe('https://discord.example/canary-discord');
    expect(config.playbooks).toEqual({
      cleanup: {
        name: 'cleanup',
        version: '2.0',
        run: [join(good, 'bin/cleanup'), '{resource}', '${HOME}'],
        dry_run: [join(good, 'bin/cleanup'), '--check', '{resource}'],
        ansible: null,
        timeout: 1.5 * HOUR,
        dry_run_timeout: 90_000,
        max_parallel: 4,
        max_downtime: 90_000,
        sha256: '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
        env: { LEVEL: '3', HOME_DIR: '/home/someone' },
      },
      restart: {
        name: 'restart',
        version: '1.0',
        run: ['restart-unit', '{label.unit}'],
        dry_run: ['restart-unit', '{label.unit}', '--dry-run'],
        ansible: null,
        timeout: 600_000,
        dry_run_timeout: 120_000,
        max_parallel: null,
        max_downtime: null,
        sha256: null,
        env: {},
      },
      fleet: expect.objectContaining({
        ansible: {
          playbook: join(good, 'ansible/site.yml'),
          inventory: '/etc/ansible/hosts',
          extra_vars: { path: '{resource}', keep_days: 7, force: false },
        },
        run: [...ansiblePlaybook, '--diff', join(good, 'ansible/site.yml')],
        dry_run: [...ansiblePlaybook, '--check', '--diff', join(good, 'ansible/site.yml')],
      }),
    });
    expect(config.facts).toEqual({
      active_backups: {
        kind: 'command',
        name: 'active_backups',
        command: [join(good, 'bin/backups'), '-c'],
        timeout: 500,
      },
      no_maintenance: { kind: 'command', name: 'no_maintenance', command: ['maintenance'], timeout: 10_000 },
      prometheus_up: { kind: 'promql', name: 'prometheus_up', promql: "up{job='prometheus'}", timeout: 10_000 },
    });
  });

  it('is read: the mapping', () => {
    expect(config.mapping.mappings[0]).toEqual({
      id: 'root',
      alert: null,
      prediction_type: 'disk_exhaustion',
      resource_filter: '/',
      conditions: {
        min_days_until_critical: 3,
        max_days_until_critical: 14,
        min_confidence: 0.7,
        min_consecutive: 2,
      },
      action: {
        playbook: 'cleanup',
        version: '2.0',
        max_executions_per_week: 2,
        cooldown_hours: 1.5,
        limit_scope: 'host',
        limits: [{ runs: 3, per: 1.5 * HOUR }],
        blast_radius: { hosts: 5, percent: null, per: 2 * HOUR },
        allowed_hours: { from: 1350, to: 300, text: '22:30-05:00' },
        time_zone: 'America/New_York',
        require_confirmation: true,
        parameters: { keep: '7' },
        verify: { after: HOUR, expect: 'disk_usage < 85%' },
        min_days_gained: 2.5,
      },
      safety_checks: ['no_maintenance', 'prometheus_up', 'inode_usage < 90%'],
    });
    expect(config.mapping.mappings[1]?.id).toBe('disk_exhaustion:/srv/*');
    expect(config.mapping.mappings[1]?.action).toMatchObject({
      verify: { after: 24 * HOUR, expect: null },
      min_days_gained: null,
    });
    expect(config.mapping.mappings[2]).toMatchObject({
      id: 'alert:ContainerDown{env="prod",name="web*"}',
      alert: {
        alertname: 'ContainerDown',
        labels: { name: 'web*', env: 'prod' },
        resource: null,
        resource_label: 'name',
      },
      prediction_type: 'alert:ContainerDown',
      resource_filter: '*',
      conditions: { min_days_until_critical: null, max_days_until_critical: null, min_confidence: 0 },
    });
    expect(config.mapping.mappings[3]).toMatchObject({
      id: 'crowdsec',
      alert: { alertname: 'CrowdSecDown', labels: {}, resource: 'crowdsec', resource_label: null },
    });
    expect(config.mapping).toMatchObject({ version: '3', last_updated: '2026-11-20' });
    expect(config.mapping.global_settings).toMatchObject({ exclude: ['db*'], time_zone: 'Europe/Oslo' });
  });

  it('is acted on: nothing is warned of', () => {
    expect(config.warnings).toEqual([]);
  });

  it('is read: what is to be forecast', () => {
    const common = { prediction_type: 'disk_exhaustion', source: 'local', host: 'nas', critical: 0.9 };
    expect(config.forecast).toEqual({
      every: 0.5 * HOUR,
      lookback: 7 * 24 * HOUR,
      sample_every: 60_000,
      min_precision: 0.8,
      min_scored: 30,
      resources: [
        { ...common, resource: '/', measure: 'inodes' },
        { ...common, resource: '/srv', measure: 'inodes' },
        { ...common, prediction_type: 'swap', host: null, resource: 'system_swap', measure: 'swap', critical: 1 },
        {
          source: 'prometheus',
          name: 'memory_exhaustion:system_memory',
          prediction_type: 'memory_exhaustion',
          query: 'x',
          resource: { name: 'system_memory' },
          host_label: 'instance',
          critical: 0.95,
          step: HOUR,
          max_series: 10_000,
        },
        {
          source: 'prometheus',
          name: 'disks',
          prediction_type: 'disk_exhaustion',
          query: 'y',
          resource: { label: 'mountpoint' },
          host_label: 'node',
          critical: 9e11,
          step: 0.25 * HOUR,
          max_series: 50,
        },
      ],
    });
  });

  it('that is secret shows nowhere', () => {
    for (const shown of [JSON.stringify(config), inspect(config, { depth: 20 }), `${config.web.bearer_token}`]) {
      expect(shown).not.toContain('canary');
      expect(shown).toContain('[secret]');
    }
  });
});

it('reads the mapping of the plan byte for byte, in JSON with tabs too', () => {
  const plan = join(root, 'test/mapping/fixtures/plan-action-mapping.json');
  const path = folder({
    'forestall.json':
      '{\n\t"mapping": "plan.json",\n\t"playbooks": {\n\t\t"disk-cleanup": {"version": "1.1", "run": ["a"]}, "resource-pressure": {"version": "1.0", "run": ["b"]}, "drift-reconciliation": {"version": "1.0", "run": ["c"]}}}\n',
  });
  copyFileSync(plan, join(path, 'plan.json'));
  const { mapping } = load(join(path, 'forestall.json'));
  expect(mapping.mappings.map(({ id }) => id)).toEqual([
    'disk_exhaustion:/',
    'memory_exhaustion:system_memory',
    'service_drift:*',
  ]);
  expect(mapping.global_settings.dry_run_mode).toBe(false);
});

describe('files', () => {
  it('that are not there are named with what to do', () => {
    const path = folder({ 'forestall.yaml': 'mapping: other.json\n' });
    expect(problems(join(path, 'x.yaml'))).toBe(
      `${path}/x.yaml: cannot be read: there is no such file: create it, or name another with --config or $FORESTALL_CONFIG`,
    );
    expect(problems(join(path, 'forestall.yaml'))).toBe(
      `${path}/other.json: cannot be read: there is no such file: create it, or name another as mapping: in ${path}/forestall.yaml`,
    );
    expect(problems(path)).toContain('cannot be read: it is not a file');
  });

  it('that are not UTF-8, too big or too deep are refused', () => {
    const path = folder({
      'big.yaml': `#${'x'.repeat(1_048_576)}`,
      'deep.yaml': '['.repeat(20_000),
      'nested.yaml': `log_dir: ${'['.repeat(40)}${']'.repeat(40)}`,
    });
    writeFileSync(join(path, 'latin1.yaml'), Buffer.from([0x61, 0x3a, 0x20, 0xe9]));
    expect(problems(join(path, 'latin1.yaml'))).toContain('it is not UTF-8 text');
    expect(problems(join(path, 'big.yaml'))).toContain('is 1048577 bytes long, expected at most 1048576');
    expect(problems(join(path, 'deep.yaml'))).toMatch(/cannot be read as YAML or JSON/);
    expect(problems(join(path, 'nested.yaml'))).toContain('is nested more than 32 levels deep');
  });

  it('of both kinds are reported at once, each problem at its line, also where one makes the other doubtful', () => {
    const path = folder({
      'forestall.yaml': 'log_dri: x\nplaybooks: { a: { version: "2", run: [a] } }\n',
      'action-mapping.json':
        '{"mappings": [{"prediction_type": "t", "resource_filter": "*", "conditions": {"min_confidence": 2},\n"action": {"playbook": "a", "version": "1"}}]}',
    });
    expect(problems(join(path, 'forestall.yaml')).split('\n')).toEqual([
      expect.stringMatching(/forestall\.yaml:1:1: log_dri: unknown key "log_dri": did you mean "log_dir"\?$/),
      expect.stringMatching(/action-mapping\.json:1:\d+: mappings\[0\]\.conditions\.min_confidence: found 2, /),
      expect.stringMatching(/action-mapping\.json:2:\d+: mappings\[0\]\.action\.version: found "1", expected "2", /),
    ]);
  });
});

describe('strings', () => {
  it('expand ~ and variables once, in both files, and never in the file of a secret', () => {
    const path = folder({
      'forestall.yaml':
        'log_dir: ~/logs\ntextfile: ${A}/x.prom\nstore: sqlite:~/l.db\nweb: { bearer_token_file: "${A}/t" }\nplaybooks: { p: { version: "1", run: [p] } }',
      'action-mapping.json':
        '{"mappings":[{"prediction_type":"t","resource_filter":"${A}/*","conditions":{"min_confidence":0},"action":{"playbook":"p","version":"1"}}]}',
    });
    const a = join(path, '${B}');
    mkdirSync(a);
    writeFileSync(join(a, 't'), '${A}~\r\n');
    const config = load(join(path, 'forestall.yaml'), { A: a, B: 'no' });
    expect(config.log_dir).toBe('/home/someone/logs');
    expect(config.store).toEqual({ engine: 'sqlite', path: '/home/someone/l.db' });
    expect(config.textfile).toBe(join(a, 'x.prom'));
    expect(config.web.bearer_token?.reveal()).toBe('${A}~');
    expect(config.mapping.mappings[0]?.resource_filter).toBe(`${a}/*`);
  });

  it.each([
    [{}, '/home/someone/x/logs', './$A/f.prom'],
    [{ D: '' }, '/home/someone/x/logs', './$A/f.prom'],
    [{ D: '/d' }, '/d/logs', '/d/f.prom'],
  ])('take the default of a variable that is not set or empty: %j', (env, log_dir, textfile) => {
    const path = folder({
      'forestall.yaml': 'log_dir: "${D:-/home/someone/x}/logs"\ntextfile: "${D:-./$A}/f.prom"\n',
    });
    const config = load(join(path, 'forestall.yaml'), env);
    expect(config.log_dir).toBe(log_dir);
    expect(config.textfile).toBe(resolve(path, textfile));
  });

  it('that come from the environment do not show in messages', () => {
    const path = folder({ 'forestall.yaml': 'rules: { for: "${A}" }\n' });
    expect(problems(join(path, 'forestall.yaml'), { A: 'canary' })).toMatch(/rules\.for: found "\$\{A\}", expected/);
  });
});

it.each(['localhost:1', '127.9.9.9:0', '[::1]:65535', '[0:0:0:0:0:0:0:1]:1'])('%s needs no token', (listen) => {
  expect(problems(join(folder({ 'f.yaml': `web: { listen: "${listen}" }` }), 'f.yaml'))).toBe('');
});

it.each(['0.0.0.0:1', '[::]:1', '192.168.1.2:1', 'forestall.lan:1', '[::2]:1', '[1::1]:1', 'localhost.example.org:1'])(
  '%s needs a token',
  (listen) => {
    const path = folder({
      'f.yaml': `web: { listen: "${listen}" }`,
      'g.yaml': `web: { listen: "${listen}", bearer_token: x }`,
    });
    expect(problems(join(path, 'f.yaml'))).toContain('and no token');
    expect(problems(join(path, 'g.yaml'))).toBe('');
  },
);

it('warns of what looks like a mistake', () => {
  const path = folder({
    'forestall.yaml':
      'textfile: metrics.txt\nplaybooks:\n  p: { version: "1", run: [p, "{ressource}", "{resource}"], dry_run: [p, "{ressource}", "{resource}"] }',
    'action-mapping.json': JSON.stringify({
      mappings: ['/srv/*', '/srv/data?', '/srv'].map((resource_filter) => ({
        prediction_type: 't',
        resource_filter,
        conditions: { min_confidence: 0 },
        action: { playbook: 'p', version: '1' },
      })),
    }),
  });
  const { warnings } = load(join(path, 'forestall.yaml'));
  expect(warnings).toEqual([
    expect.stringContaining('forestall.yaml:1:11: textfile: does not end in .prom'),
    expect.stringContaining('run[1]: {ressource} is no placeholder and keeps the playbook from ever being started'),
    expect.stringContaining('dry_run: the dry run is the same command as the run'),
    expect.stringContaining('dry_run[1]: {ressource} is no placeholder and keeps the playbook from ever being started'),
    expect.stringContaining('the mapping "t:/srv/data?" can never match: "t:/srv/*" stands before it'),
  ]);
});
