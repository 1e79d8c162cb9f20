import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHost, type Host } from './host.ts';
import { runPlaybook } from './programs.ts';

const now = Math.floor(Date.now() / 1000);
let host: Host;
beforeEach(() => {
  host = createHost();
});
afterEach(() => host.remove());

const reconcile = (args: string[], env: Record<string, string> = {}) =>
  runPlaybook('drift-reconciliation', args, {
    programs: host.programs,
    env: { DRIFT_SETTLE_SECONDS: '0', ...env },
  });

/** Dry run, run, second run: what is shown, what is done, and that it is done once. */
function thrice(unit: string, env: Record<string, string> = {}) {
  const dry = reconcile([unit, '--dry-run'], env);
  const before = host.changing();
  const run = reconcile(['--', unit], env);
  const did = host.changing();
  const again = reconcile([unit], env);
  expect(before).toEqual([]);
  expect(host.changing()).toEqual(did);
  expect(again).toMatchObject({ status: 0, result: { changes: 0, affects: [] } });
  return { dry, run, did };
}

describe('drift-reconciliation', { timeout: 120_000 }, () => {
  test('a service that runs as written has nothing to do', () => {
    const fragment = host.file('app.service', now - 7_200);
    host.unit('app.service', { FragmentPath: fragment });
    const { dry, did } = thrice('app');
    expect(dry).toMatchObject({
      status: 0,
      result: { changes: 0, summary: 'nothing to do: app.service runs as written' },
    });
    expect(did).toEqual([]);
  });

  test.each([
    ['unit file', 'FragmentPath', 'app.service'],
    ['drop-in', 'DropInPaths', 'app.service.d/limits.conf'],
    ['source of the unit', 'SourcePath', 'containers/systemd/app.container'],
    ['environment file', 'EnvironmentFiles', 'app.env'],
  ])('a newer %s asks for a restart of exactly that unit', (kind, property, name) => {
    const path = host.file(name, now - 60);
    host.unit('app.service', { [property]: property === 'EnvironmentFiles' ? `${path} (ignore_errors=no)` : path });
    host.unit('other.service', { FragmentPath: path });
    const { dry, run, did } = thrice('app.service');
    expect(dry).toMatchObject({ status: 0, result: { changes: 1, downtime_seconds: 10, affects: ['app.service'] } });
    expect(dry.stdout).toContain(`${kind} "${path}" was written`);
    expect(run).toMatchObject({ status: 0, result: { changes: 1, affects: ['app.service'] } });
    expect(did).toEqual(['systemctl restart -- app.service']);
  });

  test("a quadlet's drop-in counts, the generated unit file's own time does not", () => {
    const source = host.file('app.container', now - 7_200);
    const generated = host.file('systemd/generator/app.service', now - 5);
    host.unit('app.service', { SourcePath: source, FragmentPath: generated });
    expect(reconcile(['app', '--dry-run']).result?.changes).toBe(0);
    host.file('app.container.d/image.conf', now - 60);
    const { did } = thrice('app');
    expect(did).toEqual(['systemctl restart -- app.service']);
  });

  test('NeedDaemonReload: systemd reads its files first, then the unit restarts', () => {
    host.unit('app.service', { NeedDaemonReload: 'yes' });
    const { dry, did } = thrice('app');
    expect(dry.stdout).toContain('NeedDaemonReload');
    expect(did).toEqual(['systemctl daemon-reload', 'systemctl restart -- app.service']);
  });

  test('a unit that cannot be loaded as written is not taken down', () => {
    host.unit('app.service', { NeedDaemonReload: 'yes' });
    host.file('broken', now);
    const run = reconcile(['app']);
    expect(run).toMatchObject({ status: 1, result: { changes: 0 } });
    expect(run.result?.summary).toContain('cannot be loaded (bad-setting); it was not restarted');
    expect(host.changing()).toEqual(['systemctl daemon-reload']);
  });

  test("a newer file of the service's own is a reload where it has one, a restart where not", () => {
    const config = host.file('app.conf', now - 60);
    host.unit('app.service', { CanReload: 'yes' });
    const env = { DRIFT_CONFIG_FILES: `${config}:/does/not/exist` };
    const { dry, did } = thrice('app', env);
    expect(dry.result).toMatchObject({ changes: 1, downtime_seconds: 0, affects: ['app.service'] });
    expect(did).toEqual(['systemctl reload -- app.service']);
    host.unit('plain.service');
    expect(reconcile(['plain'], env).status).toBe(0);
    expect(host.changing().at(-1)).toBe('systemctl restart -- plain.service');
  });

  test('what stops with the unit is among the affected, and may forbid the restart', () => {
    const fragment = host.file('db.service', now - 60);
    host.unit('db.service', {
      FragmentPath: fragment,
      RequiredBy: 'app.service multi-user.target',
      ConsistsOf: 'idle.service',
    });
    host.unit('app.service', { BoundBy: 'web.service' });
    host.unit('web.service', { RequiredBy: 'db.service' });
    host.unit('idle.service', { ActiveState: 'inactive', RequiredBy: 'beyond.service' });
    host.unit('beyond.service');
    expect(reconcile(['db', '--dry-run']).result?.affects.sort()).toEqual(['app.service', 'db.service', 'web.service']);
    const never = reconcile(['db'], { DRIFT_NEVER: 'nothing* we?.service' });
    expect(never).toMatchObject({ status: 0, result: { changes: 0 } });
    expect(never.result?.summary).toContain('web.service is never restarted by a playbook');
    expect(host.changing()).toEqual([]);
  });

  test.each([
    ['dbus.service', {}],
    ['systemd-logind.service', {}],
    ['forestall.service', {}],
    ['odd.service', { RefuseManualStop: 'yes' }],
  ])('%s is only reported', (name, properties) => {
    host.unit(name, { NeedDaemonReload: 'yes', ...properties });
    const run = reconcile([name]);
    expect(run).toMatchObject({ status: 0, result: { changes: 0 } });
    expect(run.result?.summary).toContain('a person has to restart it');
    expect(host.changing()).toEqual([]);
  });

  test('a service that does not run, or that systemd does not know, is left alone', () => {
    host.unit('off.service', { ActiveState: 'failed', NeedDaemonReload: 'yes' });
    expect(reconcile(['off'])).toMatchObject({ status: 0, result: { changes: 0 } });
    expect(reconcile(['ghost'])).toMatchObject({ status: 1, result: { changes: 0 } });
    expect(host.changing()).toEqual([]);
  });

  test('a restart that fails, or a service that does not stay up, fails the playbook', () => {
    host.unit('app.service', { NeedDaemonReload: 'yes' });
    host.file('fails-restart', now);
    expect(reconcile(['app'])).toMatchObject({ status: 1, result: { affects: ['app.service'] } });
    rmSync(join(host.folder, 'fails-restart'));
    host.unit('app.service', { NeedDaemonReload: 'yes' });
    host.file('dies', now);
    const run = reconcile(['app'], { DRIFT_SETTLE_SECONDS: '1' });
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('app.service is failed after the restart');
  });

  test('units of a user are asked of the user manager', () => {
    host.unit('app.service', { NeedDaemonReload: 'yes' });
    reconcile(['app'], { DRIFT_SCOPE: 'user' });
    expect(host.changing()).toEqual(['systemctl --user daemon-reload', 'systemctl --user restart -- app.service']);
  });

  test('another image under the tag: pulled first, then the unit restarts; a failed pull leaves it running', () => {
    host.unit('app.service');
    const pending = join(host.folder, 'pending');
    writeFileSync(
      pending,
      'app.service docker.io/library/app:1 registry pending\nother.service docker.io/x:1 registry pending\n',
    );
    host.programs.add(
      'podman',
      `case $1 in auto-update) cat ${pending} ;; pull) [[ ! -e ${host.folder}/no-pull ]] && : >${pending} ;; esac`,
    );
    host.file('no-pull', now);
    expect(reconcile(['app'])).toMatchObject({ status: 1, result: { changes: 0 } });
    expect(host.changing()).toEqual([]);
    rmSync(join(host.folder, 'no-pull'));
    const { dry, did } = thrice('app');
    expect(dry.stdout).toContain('image docker.io/library/app:1: the registry has another one');
    expect(did).toEqual(['systemctl restart -- app.service']);
    const pulls = host.programs.calls().filter((call) => call.startsWith('podman pull'));
    expect(pulls.at(-1)).toBe('podman pull --quiet -- docker.io/library/app:1');
    const asked = host.programs.calls().filter((call) => call.startsWith('podman auto-update'));
    expect(asked.every((call) => call.includes('--dry-run'))).toBe(true);
  });

  test('a compose file against its containers, by hash; a service unknown to systemd is brought up alone', () => {
    const compose = host.file('compose.yaml', now - 9_000);
    const made = join(host.folder, 'made');
    const id = (digit: string) => digit.repeat(64);
    writeFileSync(made, `web aaaa running\ndb dddd running\n`);
    host.programs.add(
      'docker',
      `case "$*" in
  *" config --hash "*) printf 'web bbbb\\ndb dddd\\n' ;;
  *" ps "*) printf '${id('1')}\\n${id('2')}\\n' ;;
  "inspect "*${id('1')}) sed -n 1p ${made} ;;
  "inspect "*${id('2')}) sed -n 2p ${made} ;;
  *" up "*) printf 'web bbbb running\\ndb dddd running\\n' >${made} ;;
  *) exit 64 ;;
esac`,
    );
    const env = { DRIFT_COMPOSE_FILE: compose };
    expect(reconcile(['db'], env).result?.changes).toBe(0);
    const dry = reconcile(['web', '--dry-run'], env);
    expect(dry.result).toMatchObject({ changes: 1, affects: ['web'] });
    expect(dry.stdout).toContain('compose service web: written bbbb, its container was made from aaaa');
    host.unit('stack.service');
    expect(reconcile(['stack', '--dry-run'], env).result).toMatchObject({ changes: 1, affects: ['stack.service'] });
    const ups = () => host.programs.calls().filter((call) => call.includes(' up '));
    expect(ups()).toEqual([]);
    expect(reconcile(['web'], env)).toMatchObject({ status: 0, result: { changes: 1, affects: ['web'] } });
    expect(ups()).toEqual([`docker compose --file ${compose} up --detach --no-deps -- web`]);
    expect(reconcile(['web'], env).result?.changes).toBe(0);
  });

  test('config: git compares a folder with its commit and only reports', () => {
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', host.folder, '-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], {
        encoding: 'utf8',
      });
    git('init', '-q');
    host.file('conf/a b\n"c', now, 'one');
    host.file('conf/gone', now, 'one');
    git('add', 'conf');
    git('commit', '-qm', 'as written');
    // A repository's own settings must not start anything.
    const canary = join(host.folder, 'canary');
    git('config', 'core.fsmonitor', `touch ${canary}; false`);
    const env = { DRIFT_CONFIG: 'git', DRIFT_GIT_FOLDER: join(host.folder, 'conf') };
    expect(reconcile(['app'], env).result?.summary).toMatch(/^nothing to do: .* is as committed$/);
    host.file('conf/a b\n"c', now, 'another');
    host.file('conf/new', now);
    rmSync(join(host.folder, 'conf/gone'));
    const run = reconcile(['app'], env);
    expect(run).toMatchObject({ status: 0, result: { changes: 0, affects: [] } });
    expect(run.result?.summary).toContain('3 paths');
    for (const line of ['differs: "conf/a b\\u000a\\"c"', 'not in the commit: "conf/new"', 'missing: "conf/gone"']) {
      expect(run.stdout).toContain(line);
    }
    expect(existsSync(canary)).toBe(false);
    expect(reconcile(['app'], { ...env, DRIFT_GIT_FOLDER: '/' }).status).toBe(1);
    expect(host.programs.calls()).toEqual([]);
  });

  test.each([
    [[], {}, 'UNIT is missing'],
    [['--now', 'app'], {}, 'unknown option "--now"'],
    [['--', '--dry-run'], {}, 'not the name of a service'],
    [['a', 'b'], {}, 'one UNIT is expected'],
    [['a b'], {}, 'not the name of a service'],
    [['$(touch x)'], {}, 'not the name of a service'],
    [['../etc'], {}, 'not the name of a service'],
    [['multi-user.target'], {}, 'only services are handled'],
    [['app'], { DRIFT_SCOPE: 'root' }, 'expected system or user'],
    [['app'], { DRIFT_CONFIG: 'svn' }, 'expected unit or git'],
    [['app'], { DRIFT_CONFIG: 'git' }, 'DRIFT_GIT_FOLDER has to name'],
    [['app'], { DRIFT_CONFIG_FILES: 'app.conf' }, 'not an absolute path'],
    [['app'], { DRIFT_DOWNTIME_SECONDS: '1s' }, 'expected a whole number'],
  ])('refuses %j %j', (args, env, why) => {
    host.unit('app.service', { NeedDaemonReload: 'yes' });
    const run = reconcile(args, env);
    expect(run).toMatchObject({ status: 2, result: null });
    expect(run.stderr).toContain(why);
    expect(host.programs.calls()).toEqual([]);
  });

  test('--help', () => {
    expect(reconcile(['--help'])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^Usage: drift-reconciliation/),
    });
  });
});
