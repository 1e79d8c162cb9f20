import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createPrograms, type Programs, playbookFolder, runPlaybook } from './programs.ts';

const root = join(import.meta.dirname, '../..');
const systemd = join(root, 'deploy/systemd');
const unitName = (text: string) =>
  execFileSync('systemd-escape', ['--template=forestall-playbook@.service', '--', text], { encoding: 'utf8' }).trim();
/** `disk-cleanup:run:e1:/` as systemd-escape writes it. */
const good = 'forestall-playbook@disk\\x2dcleanup:run:e1:-.service';
/** In CI it has to be there. */
const withSystemd = spawnSync('systemd-analyze', ['--version']).status === 0 || process.env['CI'] === 'true';

let folder: string;
let programs: Programs;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'privilege-'));
  programs = createPrograms();
});
afterEach(() => {
  programs.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** What pid 1 does for the template: unescapes the instance and starts unit-entry with it, with an environment of its own. */
function addSystemd(settings: Record<string, string>): void {
  const env = Object.entries({ PATH: '/usr/bin:/bin', RUNTIME_DIRECTORY: folder, ...settings }).map(
    ([k, v]) => `'${k}=${v}'`,
  );
  programs.add(
    'systemctl',
    `verb=$2; unit=\${@: -1}; instance=\${unit#forestall-playbook@}; instance=\${instance%.service}
if [[ $verb != start ]]; then exit 0; fi
if [[ -e ${folder}/hangs ]]; then : >${folder}/waits; exec sleep 60; fi
env -i ${env.join(' ')} ${playbookFolder}/lib/unit-entry "$(systemd-escape --unescape -- "$instance")" || exit 1`,
  );
}

describe.runIf(withSystemd)('as-root through its own unit', { timeout: 120_000 }, () => {
  test('output, result and exit code come back; root takes settings from its own place alone', () => {
    const work = join(folder, 'a folder-x');
    mkdirSync(work);
    writeFileSync(join(work, 'old'), 'x'.repeat(5_000));
    execFileSync('touch', ['-d', '40 days ago', join(work, 'old')]);
    addSystemd({ DISK_CLEANUP_STEPS: 'paths', DISK_CLEANUP_TARGET_PERCENT: '0', DISK_CLEANUP_PATHS: work });
    const env = { AS_ROOT_RUNTIME_DIR: folder, FORESTALL_EXECUTION_ID: 'exec_01-A', DISK_CLEANUP_PATHS: '/srv' };
    const dry = runPlaybook('as-root', ['unit', 'disk-cleanup', work, '--dry-run'], { programs, env });
    expect(dry).toMatchObject({ status: 0, result: { changes: 1 } });
    expect(existsSync(join(work, 'old'))).toBe(true);
    const run = runPlaybook('as-root', ['unit', 'disk-cleanup', work], { programs, env });
    expect(run).toMatchObject({ status: 0, result: { changes: 1, freed_bytes: dry.result?.freed_bytes } });
    expect(run.stdout).toContain('plan: paths: 1 file');
    expect(existsSync(join(work, 'old'))).toBe(false);
    expect(
      programs
        .calls()
        .every((call) => call.startsWith('systemctl --no-ask-password start --wait -- forestall-playbook@')),
    ).toBe(true);
    expect(runPlaybook('as-root', ['unit', 'disk-cleanup', '/does/not/exist'], { programs, env })).toMatchObject({
      status: 1,
      result: null,
    });
  });

  test('when the playbook is ended, its unit is stopped', async () => {
    addSystemd({});
    writeFileSync(join(folder, 'hangs'), '');
    const child = spawn(join(playbookFolder, 'as-root'), ['unit', 'disk-cleanup', '/'], {
      env: { PATH: `${programs.folder}:/usr/bin:/bin`, FORESTALL_EXECUTION_ID: 'e1' },
      detached: true,
      stdio: 'ignore',
    });
    const exit = new Promise<number | null>((done) => child.once('exit', (code) => done(code)));
    while (!existsSync(join(folder, 'waits'))) await new Promise((done) => setImmediate(done));
    process.kill(-child.pid!, 'SIGTERM');
    expect(await exit).toBe(143);
    expect(programs.calls().at(-1)).toBe(
      `systemctl --no-ask-password stop -- ${unitName('disk-cleanup:run:e1:/').replaceAll('\\', '\\\\')}`,
    );
  });

  test.each(['/', '/var/lib x', '/ü"\'$(id)', 'app@1.service', ''])(
    'the polkit rule knows the unit for %j',
    (argument) => {
      for (const playbook of ['disk-cleanup', 'resource-pressure', 'drift-reconciliation']) {
        const unit = unitName(`${playbook}:dry_run:exec-1_A.b:${argument}`);
        expect(polkit('forestall', 'start', unit)).toBe('yes');
        expect(polkit('forestall', 'stop', unit)).toBe('yes');
      }
    },
  );
});

test.each([
  ['somebody', 'start', good],
  ['forestall', 'restart', good],
  ['forestall', 'start', 'sshd.service'],
  ['forestall', 'start', `${good}\nsshd.service`],
  ['forestall', 'start', `x${good}`],
  ['forestall', 'start', 'forestall-playbook@rm:run:e1:-.service'],
  ['forestall', 'start', good.replace(':run:', ':other:')],
  ['forestall', 'start', 'forestall-playbook@disk\\x2dcleanup:run:e1:a/b.service'],
  ['forestall', 'start', undefined],
])('the polkit rule does not handle %s %s %j', (user, verb, unit) =>
  expect(polkit(user, verb, unit)).toBe('not handled'),
);

function polkit(
  user: string,
  verb: string,
  unit: string | undefined,
  id = 'org.freedesktop.systemd1.manage-units',
): unknown {
  let rule: (action: unknown, subject: unknown) => unknown = () => null;
  const context = {
    polkit: { Result: { YES: 'yes', NOT_HANDLED: 'not handled' }, addRule: (added: typeof rule) => (rule = added) },
  };
  runInNewContext(readFileSync(join(systemd, '50-forestall-playbook.rules'), 'utf8'), context);
  return rule({ id, lookup: (key: string) => (key === 'verb' ? verb : unit) }, { user });
}

test('the polkit rule is about units alone', () => {
  expect(polkit('forestall', 'start', good, 'org.freedesktop.systemd1.reboot')).toBe('not handled');
});

describe('as-root through sudo', { timeout: 120_000 }, () => {
  test('makes exactly the calls of the sudoers line and brings the result back', () => {
    programs.add('sudo', `shift 2; exec env -i PATH=/usr/bin:/bin DISK_CLEANUP_TARGET_PERCENT=100 "$@"`);
    const run = runPlaybook('as-root', ['sudo', 'disk-cleanup', '/'], { programs });
    expect(run).toMatchObject({ status: 0, result: { changes: 0 } });
    runPlaybook('as-root', ['sudo', 'disk-cleanup', '/', '--dry-run'], { programs });
    const line = readFileSync(join(root, 'docs/playbooks.md'), 'utf8').match(/NOPASSWD: (.*)$/m)?.[1] ?? '';
    const allowed = line.split(', ').map((call) => call.replace('/opt/forestall/config/playbooks', playbookFolder));
    expect(programs.calls()).toEqual(allowed.map((call) => `sudo -n -- ${call}`));
    programs.add('sudo', 'echo "sudo: a password is required" >&2; exit 1');
    expect(runPlaybook('as-root', ['sudo', 'disk-cleanup', '/'], { programs })).toMatchObject({
      status: 1,
      result: null,
    });
  });
});

test.each([
  [[], 'are expected'],
  [['shell', 'disk-cleanup'], 'expected unit or sudo'],
  [['unit', '../../bin/sh'], 'not a shipped playbook'],
  [['unit', 'disk-cleanup', '/', '--force'], 'unknown option'],
  [['unit', 'disk-cleanup', '/', '/tmp'], 'one ARGUMENT is expected'],
  [['unit', 'disk-cleanup', '/a\nb'], 'control characters'],
])('as-root refuses %j', (args, why) => {
  for (const name of ['sudo', 'systemctl']) programs.add(name);
  const run = runPlaybook('as-root', args, { programs });
  expect(run).toMatchObject({ status: 2, result: null });
  expect(run.stderr).toContain(why);
  expect(programs.calls()).toEqual([]);
});

test.each([
  '',
  'rm:run:e:/',
  'disk-cleanup:run:../../etc/x:/',
  'disk-cleanup:now:e:/',
  'disk-cleanup:run:.:/',
  'disk-cleanup:run:e',
])('unit-entry refuses the instance %j', (instance) => {
  const env = { PATH: '/usr/bin:/bin', RUNTIME_DIRECTORY: folder };
  const entry = spawnSync(join(playbookFolder, 'lib/unit-entry'), [instance], { env, encoding: 'utf8' });
  expect(entry.status).toBe(2);
  expect(readdirSync(folder)).toEqual([]);
});

test('unit-entry: what looks like an option in the argument is none, and no file is written that the caller names', () => {
  const canary = join(folder, 'canary');
  const env = { PATH: '/usr/bin:/bin', RUNTIME_DIRECTORY: folder, FORESTALL_RESULT_FILE: canary };
  const entry = spawnSync(join(playbookFolder, 'lib/unit-entry'), ['disk-cleanup:run:e1:--dry-run'], {
    env,
    encoding: 'utf8',
  });
  expect(entry.status).toBe(2);
  expect(readdirSync(folder)).toEqual(['e1.run.log']);
  expect(readFileSync(join(folder, 'e1.run.log'), 'utf8')).toContain("may not begin with '-'");
});

describe.runIf(withSystemd)('the unit file', { timeout: 120_000 }, () => {
  test('passes systemd-analyze verify, and security at a level that can only get better', () => {
    const text = readFileSync(join(systemd, 'forestall-playbook@.service'), 'utf8');
    const copy = join(folder, 'forestall-playbook@.service');
    writeFileSync(copy, text.replaceAll('/opt/forestall', root));
    const verify = spawnSync('systemd-analyze', ['verify', copy], { encoding: 'utf8' });
    expect([verify.status, verify.stdout + verify.stderr]).toEqual([0, '']);
    const security = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=54', copy], {
      encoding: 'utf8',
    });
    expect([security.status, security.stderr]).toEqual([0, '']);
  });

  test('is root for what docs/playbooks.md says, and not able to get more', () => {
    const text = readFileSync(join(systemd, 'forestall-playbook@.service'), 'utf8');
    const set = (key: string) => text.match(new RegExp(`^${key}=(.*)$`, 'm'))?.[1];
    expect(set('NoNewPrivileges')).toBe('yes');
    expect(set('ProtectSystem')).toBe('full');
    expect(set('ProtectHome')).toBe('read-only');
    // Only what runs as root, from a place that only root writes, and no setting that the service could choose.
    expect(set('ExecStart')).toBe(':/opt/forestall/config/playbooks/lib/unit-entry %I');
    expect(text).not.toMatch(/^(?:PassEnvironment|AmbientCapabilities|Environment)=/m);
    for (const capability of ['SYS_MODULE', 'SYS_RAWIO', 'SYS_BOOT', 'NET_ADMIN', 'SYS_TIME', 'LINUX_IMMUTABLE'])
      expect(set('CapabilityBoundingSet')).not.toContain(`CAP_${capability}`);
  });
});
