import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Choices } from '../../../src/cli/init/choices.ts';
import { plan } from '../../../src/cli/init/files.ts';
import { nextCommands, warningsOf } from '../../../src/cli/init/words.ts';
import type { Config } from '../../../src/config/config.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { formatProblems } from '../../../src/config/problem.ts';
import { valuesOf } from '../../deploy/units.ts';
import { ROOT } from '../../support/source-text.ts';
import { tempDir } from '../../support/temp.ts';

const withSystemd = spawnSync('systemd-analyze', ['--version']).status === 0 || process.env['CI'] === 'true';

function choices(more: Partial<Choices> = {}): Choices {
  return {
    directory: '/etc/forestall',
    home: ROOT,
    user: 'ann',
    systemd: true,
    isRoot: true,
    mountPoints: ['/', '/srv'],
    prometheus: 'http://127.0.0.1:9090',
    alertmanager: 'http://127.0.0.1:9093',
    predictions: null,
    ...more,
  };
}

/** The texts by their paths below the directory. */
function texts(chosen: Choices): ReadonlyMap<string, string> {
  return new Map(plan(chosen, 'the-token').map(({ path, text }) => [path.slice(chosen.directory.length + 1), text]));
}

/** Writes the files somewhere, and reads the configuration as the service would, or a shell. */
function load(chosen: Choices, env: Record<string, string> = {}): Config {
  const folder = tempDir();
  for (const [path, text] of texts(chosen)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const loaded = loadConfig({ file: join(folder, 'config/forestall.yaml'), env, home: '/home/ann' });
  if (!loaded.ok) throw new Error(formatProblems(loaded.problems));
  return loaded.config;
}

const SITUATIONS: readonly (readonly [string, Partial<Choices>])[] = [
  ['root, systemd, everything', {}],
  ['a user, systemd', { isRoot: false, directory: '/home/ann/forestall' }],
  ['root, no systemd, nothing found', { systemd: false, prometheus: null, alertmanager: null }],
  ['a user, no systemd', { systemd: false, isRoot: false, directory: '/home/ann/f' }],
  ['no mount point', { mountPoints: [] }],
  ['mount points with blanks, quotes, colons and dollars', { mountPoints: ['/a b', '/a"b', "/it's: #x", '/${HOME}'] }],
  ['a predictions file and servers elsewhere', { predictions: '/srv/p.json', prometheus: 'https://prom.lan/x' }],
];

describe.each(SITUATIONS)('%s', (_title, more) => {
  const chosen = choices(more);

  test('the configuration can be used, and holds what was chosen', () => {
    const config = load(chosen);
    expect(config.warnings).toEqual([]);
    // A forecast each hour, and alerts that last from one to the next.
    expect(config.advice.filter((text) => text.includes('keep_firing_for'))).toEqual([]);
    expect(config.rules.keep_firing_for).toBeGreaterThan(config.forecast!.every);
    expect(config.web.bearer_token?.reveal()).toBe('the-token');
    expect(config.prometheus?.url ?? null).toBe(chosen.prometheus);
    expect(config.alertmanager?.url ?? null).toBe(chosen.alertmanager);
    expect(config.mapping.global_settings.dry_run_mode).toBe(true);
    const disks = config.mapping.mappings.filter((mapping) => mapping.prediction_type === 'disk_exhaustion');
    expect(disks.map((mapping) => mapping.resource_filter)).toEqual(chosen.mountPoints);
    const watched = config.forecast!.resources.map((resource) => [resource.prediction_type, resource.resource]);
    expect(watched).toEqual([
      ...chosen.mountPoints.map((path) => ['disk_exhaustion', path]),
      ['memory_exhaustion', 'system_memory'],
    ]);
    expect(config.predictions.files).toEqual(chosen.predictions === null ? [] : [chosen.predictions]);
    for (const { run } of Object.values(config.playbooks)) {
      expect(run[0]!.startsWith(`${ROOT}/config/playbooks/`)).toBe(true);
      expect(run.slice(1, 2)).toEqual(chosen.systemd && chosen.isRoot ? ['unit'] : ['{resource}']);
    }
    if (chosen.systemd && chosen.isRoot)
      expect(config.store).toEqual({ engine: 'sqlite', path: '/var/lib/forestall/forestall.db' });
    else expect(config.store).toMatchObject({ path: expect.stringMatching(/\/data\/forestall\.db$/) });
  });

  test('only the token is a secret, and it stands in its own file alone', () => {
    const files = plan(chosen, 'the-token');
    expect(files.filter(({ text }) => text.includes('the-token')).map(({ path }) => path)).toEqual([
      `${chosen.directory}/config/token`,
    ]);
    expect(files.filter(({ mode }) => mode !== 0o644).map(({ path, mode }) => [path, mode])).toEqual([
      [`${chosen.directory}/config/token`, 0o600],
    ]);
  });

  test('no path of another machine is left', () => {
    for (const [path, text] of texts(chosen)) {
      // The rules that watch Forestall itself are the shipped ones.
      if (path.startsWith('alert-rules/') || path.startsWith('config/')) continue;
      const settings = text.replace(/^\s*#.*$/gm, '');
      expect(settings, path).not.toContain('/opt/forestall/');
      if (chosen.directory !== '/etc/forestall')
        expect(settings.replaceAll('/etc/forestall/playbooks.env', ''), path).not.toContain('/etc/forestall');
    }
  });

  if (!chosen.systemd) return;
  test.runIf(withSystemd)('systemd-analyze verifies the units', () => {
    const folder = tempDir();
    const units = [...texts(chosen)].filter(([path]) => /\.(?:service|timer)$/.test(path));
    expect(units.length).toBe(chosen.isRoot ? 4 : 3);
    const files = units.map(([path, text]) => {
      const file = join(folder, path.split('/').at(-1)!);
      writeFileSync(file, text);
      return file;
    });
    for (const file of files) {
      const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
      expect([status, stdout + stderr]).toEqual([0, '']);
    }
  });
});

test('under systemd the token comes from the credentials, in a shell from beside the configuration', () => {
  const credentials = tempDir();
  writeFileSync(join(credentials, 'token'), 'handed-over\n');
  expect(load(choices(), { CREDENTIALS_DIRECTORY: credentials }).web.bearer_token?.reveal()).toBe('handed-over');
  expect(load(choices()).web.bearer_token?.reveal()).toBe('the-token');
});

test('the unit of a root has a user and a state folder of its own, that of a user is theirs', () => {
  const own = texts(choices()).get('deploy/systemd/forestall.service')!;
  expect(valuesOf(own, 'User')).toEqual(['forestall']);
  expect(valuesOf(own, 'StateDirectory')).toEqual(['forestall']);
  expect(valuesOf(own, 'ExecStart')).toEqual([`${ROOT}/bin/forestall serve --log-format json`]);
  expect(valuesOf(own, 'LoadCredential')).toEqual(['token:/etc/forestall/config/token']);

  const theirs = texts(choices({ isRoot: false, directory: '/home/ann/f' })).get('deploy/systemd/forestall.service')!;
  expect(valuesOf(theirs, 'User')).toEqual(['ann']);
  expect(valuesOf(theirs, 'Group')).toEqual([]);
  expect(valuesOf(theirs, 'StateDirectory')).toEqual([]);
  expect(valuesOf(theirs, 'ReadWritePaths')).toEqual(['/home/ann/f/data']);
  expect(valuesOf(theirs, 'ProtectHome')).toEqual(['read-only']);
  expect(valuesOf(theirs, 'Environment')).toEqual(['FORESTALL_CONFIG=/home/ann/f/config/forestall.yaml']);
});

test('Prometheus and Alertmanager are told the addresses and paths of this machine', () => {
  const files = texts(choices({ prometheus: 'http://10.0.0.1:19090', alertmanager: 'http://10.0.0.2:19093' }));
  expect(files.get('deploy/prometheus.yml')).toMatch(/^ +- \/etc\/forestall\/alert-rules\/\*\.rules\.yml$/m);
  expect(files.get('deploy/prometheus.yml')).toContain('targets: [10.0.0.2:19093]');
  expect(files.get('deploy/prometheus.yml')).toContain('credentials_file: /etc/prometheus/forestall-token');
  const own = texts(choices({ systemd: false, directory: '/srv/f' }));
  for (const name of ['prometheus', 'alertmanager'])
    expect(own.get(`deploy/${name}.yml`)).toContain('credentials_file: /srv/f/config/token');
});

test('a mapping is written for playbooks that are there only', () => {
  const document = JSON.parse(texts(choices()).get('config/action-mapping.json')!);
  const shipped = JSON.parse(readFileSync(join(ROOT, 'config/action-mapping.json'), 'utf8'));
  const playbooks = (mappings: any[]) => new Set(mappings.map(({ action }) => action.playbook));
  expect(playbooks(document.mappings)).toEqual(playbooks(shipped.mappings));
});

test('what to type next fits the machine', () => {
  const next = (more: Partial<Choices>) => nextCommands(choices(more), 'forestall').join('\n');
  expect(next({})).toContain('systemctl enable --now forestall.service');
  expect(next({})).not.toContain('sudo');
  expect(next({ isRoot: false })).toContain('sudo systemctl enable --now forestall.service');
  expect(next({ systemd: false })).not.toContain('systemctl');
  expect(next({ systemd: false })).toMatch(/ serve .*\n.* doctor [^\n]*$/);
  expect(next({ systemd: false, prometheus: null })).toMatch(/ serve [^\n]*$/);
  // The page for those who install it says the same.
  const page = readFileSync(join(ROOT, 'docs/install.md'), 'utf8').replaceAll('sudo ', '');
  for (const command of nextCommands(choices(), '/opt/forestall/bin/forestall').slice(1))
    expect(page.split('\n')).toContain(command);
  expect(warningsOf(choices({ directory: '/root/f' }))[0]).toContain('/root/f');
  expect(warningsOf(choices({ home: '/opt/forestall' }))).toEqual([]);
});
