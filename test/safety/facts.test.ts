import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { permittingPrediction } from '../support/decision.ts';
import { type FakeHost, folderOf, PROC, safetyOn, unit } from '../support/safety.ts';

async function ask(fact: string, host: FakeHost = {}, resource = '/') {
  const [result] = await safetyOn(host).check([`${fact} != 123456`], {
    prediction: permittingPrediction({ resource }),
  });
  return result!;
}

const failed = (message: string) => ({ value: null, passed: false, message: expect.stringContaining(message) });

const CHECK = join(import.meta.dirname, 'programs', 'check.ts');
const withStrace = spawnSync('strace', ['--version']).status === 0 || process.env['CI'] === 'true';

const HUGE = 'MemTotal: 1 kB\n'.repeat(100_000);

describe('disk_usage and inode_usage', () => {
  it.each([
    ['disk_usage', 'pcent', '/'],
    ['disk_usage', 'pcent', '/dev/shm'],
    ['inode_usage', 'ipcent', '/'],
  ])('%s agrees with df (%s of %s)', async (fact, column, path) => {
    const df = Number(/(\d+)%/.exec(execFileSync('df', [`--output=${column}`, path], { encoding: 'utf8' }))?.[1]);
    const { value } = await ask(fact, {}, path);
    expect(Math.abs(Number(value) - df)).toBeLessThanOrEqual(1.5);
  });

  it('take the root file system for a resource that is no path', async () => {
    expect(await ask('disk_usage', {}, 'system_memory')).toMatchObject({ message: expect.stringContaining(': / is ') });
  });

  it('disk_usage fails for a file system without a size; one without inodes cannot run out of them', async () => {
    expect(await ask('disk_usage', {}, '/proc')).toMatchObject(failed('/proc: its file system has no size'));
    expect(await ask('inode_usage', {}, '/proc')).toMatchObject({ value: 0 });
  });

  it.runIf(withStrace)('fail, and so does the score, when the file system does not answer', () => {
    const checks = ['disk_usage < 101', 'inode_usage < 101', 'system_health_score >= 0'];
    const strace = ['-f', '-qq', '-o', '/dev/null', '-e', 'trace=statfs', '-e', 'inject=statfs:delay_enter=4000000'];
    const output = execFileSync('strace', [...strace, process.execPath, CHECK, '500', '/', ...checks], {
      encoding: 'utf8',
    });
    const results = JSON.parse(output) as { check: string; value: unknown; passed: boolean; message: string }[];
    expect(results).toHaveLength(3);
    for (const result of results)
      expect(result).toMatchObject(failed('/: its file system did not answer within 0.3 s; is it a dead mount?'));
  });

  it.each(['disk_usage', 'inode_usage'])('%s fails for a path that does not exist', async (fact) => {
    expect(await ask(fact, {}, '/no/such/folder')).toMatchObject(failed('/no/such/folder: no such file or folder'));
  });
});

describe('facts from /proc', () => {
  const zram = '/dev/zram0                              partition\t1000\t\t990\t\t100\n';
  const disk = '/swap\\040file                            file\t\t400\t\t100\t\t-2\n';
  it.each([
    ['memory_usage', {}, 40],
    ['load_per_cpu', {}, 0.25],
    ['swap_usage', {}, 0],
    ['swap_usage', { swaps: PROC['swaps'] + zram }, 0],
    ['swap_usage', { swaps: PROC['swaps'] + zram + disk }, 25],
  ])('%s of %o is %d', async (fact, proc, value) => {
    expect(await ask(fact, { proc })).toMatchObject({ value, passed: true });
  });

  it('names zram apart', async () => {
    expect((await ask('swap_usage', { proc: { swaps: PROC['swaps'] + zram } })).message).toContain(
      'zram apart (99% used)',
    );
  });

  it.each([
    ['memory_usage', 'meminfo'],
    ['swap_usage', 'swaps'],
    ['load_per_cpu', 'loadavg'],
    ['load_per_cpu', 'stat'],
    ['system_health_score', 'meminfo'],
    ['system_health_score', 'loadavg'],
    ['system_health_score', 'pressure/io'],
    ['active_backups', '1/stat'],
  ])('%s fails when %s is missing, garbage, empty or enormous', async (fact, file) => {
    const texts = file === 'pressure/io' ? ['garbage', '', HUGE] : [null, 'garbage', '', HUGE];
    for (const text of texts)
      expect(await ask(fact, { proc: { [file]: text } })).toMatchObject({ value: null, passed: false });
  });

  it.each([
    ['memory_usage', 'meminfo'],
    ['swap_usage', 'swaps'],
    ['load_per_cpu', 'loadavg'],
    ['active_backups', '1/stat'],
    ['system_health_score', 'meminfo'],
  ])('%s fails, and waits for nobody, when %s never comes to an end', async (fact, file) => {
    const procRoot = folderOf({ ...PROC, [file]: null });
    execFileSync('mkfifo', [join(procRoot, file)]);
    // Held open for writing: a read neither ends nor brings anything.
    const writer = openSync(join(procRoot, file), constants.O_RDWR | constants.O_NONBLOCK);
    const since = performance.now();
    const result = await ask(fact, { options: { procRoot } });
    closeSync(writer);
    expect(result).toMatchObject({ value: null, passed: false });
    expect(performance.now() - since).toBeLessThan(4000);
  });

  it('memory_usage fails without MemAvailable, and when the numbers do not add up', async () => {
    expect(await ask('memory_usage', { proc: { meminfo: 'MemTotal: 10 kB\n' } })).toMatchObject(failed('MemAvailable'));
    expect(await ask('memory_usage', { proc: { meminfo: 'MemTotal: 10 kB\nMemAvailable: 11 kB\n' } })).toMatchObject(
      failed('add up'),
    );
  });

  it('answer on this machine', async () => {
    for (const fact of ['memory_usage', 'swap_usage', 'load_per_cpu', 'active_backups']) {
      expect(await ask(fact, { options: { procRoot: '/proc' } })).toMatchObject({ value: expect.any(Number) });
    }
  });
});

describe('active_backups', () => {
  const process = (pid: number, comm: string, argv: readonly string[], { parent = 1, state = 'S' } = {}) => ({
    [`${pid}/stat`]: `${pid} (${comm}) ${state} ${parent} ${pid} ${pid} 0 -1\n`,
    [`${pid}/cmdline`]: argv.map((arg) => `${arg}\0`).join(''),
  });

  it.each([
    ['restic', ['/usr/bin/restic', 'backup', '/']],
    ['borg', ['/usr/bin/python3', '/usr/bin/borg', 'create']],
    ['python3', ['/usr/bin/python3', '-I', '/usr/bin/borg', 'create']],
    ['rsync', ['rsync', '-a', '/a', 'host:/b']],
    ['btrfs', ['btrfs', 'send', '/.snapshots/1']],
    ['btrfs', ['/sbin/btrfs', 'receive', '/b']],
    ['snapper', ['snapper', 'create']],
    ['pg_dump', ['/usr/lib/postgresql/15/bin/pg_dump', '-Fc', 'db']],
    ['a) S (b', ['restic']],
  ])('counts %s %j', async (comm, argv) => {
    expect(await ask('active_backups', { proc: process(42, comm, argv) })).toMatchObject({
      value: 1,
      message: expect.stringContaining('(42)'),
    });
  });

  it.each([
    ['vi', ['vi', '/etc/restic']],
    ['grep', ['grep', 'rsync']],
    ['btrfs', ['btrfs', 'scrub', 'status', '/']],
    ['snapperd', ['/usr/sbin/snapperd']],
    ['borgmatic-web', ['borgmatic-web']],
    ['restic', []],
  ])('does not count %s %j', async (comm, argv) => {
    expect(await ask('active_backups', { proc: process(42, comm, argv) })).toMatchObject({ value: 0 });
  });

  it('does not count the dead, nor an rsync daemon that waits; its connections count', async () => {
    expect(await ask('active_backups', { proc: process(42, 'restic', ['restic'], { state: 'Z' }) })).toMatchObject({
      value: 0,
    });
    const daemon = process(50, 'rsync', ['rsync', '--daemon']);
    expect(await ask('active_backups', { proc: daemon })).toMatchObject({ value: 0 });
    const connection = process(51, 'rsync', ['rsync', '--daemon'], { parent: 50 });
    expect(await ask('active_backups', { proc: { ...daemon, ...connection } })).toMatchObject({ value: 1 });
  });

  describe('counts the units of backup_units', () => {
    const options = { backup_units: ['nightly', 'db-dump.service'] };
    const rest = unit('inactive', 'dead');
    it.each([
      ['activating', 'start', 1],
      ['active', 'running', 1],
      ['reloading', 'reload', 1],
      ['deactivating', 'stop-post', 1],
      ['inactive', 'dead', 0],
      ['failed', 'failed', 0],
    ])('%s (%s): %d', async (active, sub, value) => {
      const units = { 'nightly.service': unit(active, sub), 'db-dump.service': rest };
      expect(await ask('active_backups', { options, units })).toMatchObject({ value });
    });

    it('beside the processes, and names both', async () => {
      const units = { 'nightly.service': unit('activating', 'start'), 'db-dump.service': rest };
      expect(await ask('active_backups', { options, units, proc: process(42, 'restic', ['restic']) })).toMatchObject({
        value: 2,
        message: 'active_backups is 2: 2 running: nightly.service (activating), restic (42)',
      });
    });

    it('fails for one that systemd does not know, though a process was found', async () => {
      const host = { options, units: { 'nightly.service': rest }, proc: process(42, 'restic', ['restic']) };
      expect(await ask('active_backups', host)).toMatchObject(failed('systemd knows no unit db-dump.service'));
    });

    it('fails on a host without systemd', async () => {
      const host = { options: { ...options, systemdRoot: '/no/such/folder' } };
      expect(await ask('active_backups', host)).toMatchObject(failed('not booted with systemd'));
    });

    it('asks nobody when none is named', async () => {
      expect(await ask('active_backups', { systemctl: 'hangs' })).toMatchObject({ value: 0 });
    });
  });

  it('answers no_active_backups', async () => {
    const check = async (proc: Record<string, string>) => {
      const [result] = await safetyOn({ proc }).check(['no_active_backups'], { prediction: permittingPrediction() });
      return result?.passed;
    };
    expect(await check({})).toBe(true);
    expect(await check(process(42, 'restic', ['restic']))).toBe(false);
  });

  it('fails where other processes are hidden, or cannot be read', async () => {
    expect(await ask('active_backups', { proc: { '1/stat': null, '1/cmdline': null } })).toMatchObject(
      failed('cannot be seen'),
    );
    expect(await ask('active_backups', { proc: { '7/stat': 'nonsense', '7/cmdline': 'x' } })).toMatchObject(
      failed('/proc/7/stat'),
    );
  });
});

describe('service_is_running', () => {
  it.each([
    ['active', 'running', true],
    ['active', 'exited', true],
    ['reloading', 'reload', true],
    ['inactive', 'dead', false],
    ['failed', 'failed', false],
    ['activating', 'auto-restart', false],
    ['deactivating', 'stop-sigterm', false],
  ])('a unit that is %s (%s): %s', async (active, sub, value) => {
    const host = { units: { 'jellyfin.service': unit(active, sub) } };
    expect(await ask('service_is_running', host, 'jellyfin')).toMatchObject({
      value,
      message: expect.stringContaining(`${active} (${sub})`),
    });
    expect(await ask('service_is_running', host, 'jellyfin.service')).toMatchObject({ value });
  });

  it('asks for exactly the unit, after `--`', async () => {
    const safety = safetyOn({ units: { 'a.service': unit('active', 'running') } });
    await safety.check(['service_is_running'], { prediction: permittingPrediction({ resource: 'a' }) });
    expect(readFileSync(join(safety.unitFolder, '.calls'), 'utf8')).toBe(
      'show --property=LoadState,ActiveState,SubState -- a.service\n',
    );
  });

  it("looks among the user's own units only without privilege", async () => {
    const units = { 'user/a.service': unit('active', 'running') };
    expect(await ask('service_is_running', { units, options: { isRoot: false } }, 'a')).toMatchObject({ value: true });
    expect(await ask('service_is_running', { units }, 'a')).toMatchObject(failed('systemd knows no unit a.service'));
  });

  it.each(['--now', '-H evil', 'a b', 'a*', 'ä', 'x'.repeat(300), 'a/../b'])(
    'takes no %j for a unit',
    async (resource) => {
      expect(await ask('service_is_running', {}, resource)).toMatchObject(failed('is not the name of a systemd unit'));
    },
  );

  it('fails for a path, and for a host without systemd', async () => {
    expect(await ask('service_is_running', {}, '/srv')).toMatchObject(failed('is a path'));
    const host = { options: { systemdRoot: '/no/such/folder' } };
    expect(await ask('service_is_running', host, 'a')).toMatchObject(failed('not booted with systemd'));
  });
});

describe('critical_services_restarting', () => {
  const options = { critical_services: ['traefik', 'db.service'] };

  it('counts those on their way', async () => {
    const db = unit('active', 'running');
    expect(
      await ask('critical_services_restarting', { options, units: { 'traefik.service': db, 'db.service': db } }),
    ).toMatchObject({ value: 0 });
    const units = { 'traefik.service': unit('activating', 'auto-restart'), 'db.service': db };
    expect(await ask('critical_services_restarting', { options, units })).toMatchObject({
      value: 1,
      message: expect.stringContaining('traefik.service is activating (auto-restart)'),
    });
  });

  it('is 0 without asking when none is configured', async () => {
    expect(await ask('critical_services_restarting', { systemctl: 'hangs' })).toMatchObject({ value: 0 });
  });

  it('fails for a service that systemd does not know', async () => {
    const units = { 'traefik.service': unit('active', 'running') };
    expect(await ask('critical_services_restarting', { options, units })).toMatchObject(failed('db.service'));
  });
});

describe('system_health_score', () => {
  it('is 100 less what the disk costs on a healthy machine, and shows its parts', async () => {
    const { value, message } = await ask('system_health_score', {}, '/dev/shm');
    expect(value).toBeGreaterThanOrEqual(75);
    for (const part of [
      'full',
      'memory is 40% used',
      'load 0.50 on 2 CPUs',
      'pressure memory 1.5% io 2.5%',
      '0 failed units',
    ]) {
      expect(message).toContain(part);
    }
  });

  const drop = async (proc: Record<string, string | null>, host: FakeHost = {}) =>
    Number((await ask('system_health_score')).value) -
    Number((await ask('system_health_score', { ...host, proc })).value);

  it('loses the points of each part evenly between its bounds', async () => {
    expect(await drop({ meminfo: 'MemTotal: 100 kB\nMemAvailable: 0 kB\n' })).toBe(25);
    expect(await drop({ meminfo: 'MemTotal: 100 kB\nMemAvailable: 10 kB\n' })).toBeCloseTo(12.5, -0.5);
    expect(await drop({ loadavg: '8.00 0.40 0.30 1/234 5678\n' })).toBe(20);
    expect(await drop({ loadavg: '800.00 0.40 0.30 1/234 5678\n' })).toBe(20);
    expect(await drop({ 'pressure/io': 'some avg10=0.00 avg60=35.00 avg300=0.00 total=1\n' })).toBe(10);
    expect(await drop({}, { units: { '.manager': 'NFailedUnits=5\n' } })).toBe(10);
    expect(await drop({}, { units: { '.manager': 'NFailedUnits=50\n' } })).toBe(10);
  });

  it('leaves out what the host does not have', async () => {
    const host = {
      proc: { 'pressure/memory': null, 'pressure/io': null },
      options: { systemdRoot: '/no/such/folder' },
    };
    const { value, message } = await ask('system_health_score', host);
    expect(value).toBeGreaterThanOrEqual(60);
    expect(message).toContain('pressure is not measured by this kernel');
    expect(message).toContain('no systemd');
  });

  it('fails when the resource is a path that does not exist', async () => {
    expect(await ask('system_health_score', {}, '/no/such/folder')).toMatchObject(failed('no such file'));
  });
});

describe('facts that ask systemd', () => {
  const options = { critical_services: ['a'], backup_units: ['a'], timeout: 600 };
  const misbehaviours: readonly (readonly [string, FakeHost, string])[] = [
    ['is missing', { hasSystemctl: false }, 'systemctl could not be started'],
    ['hangs', { systemctl: 'hangs' }, 'did not answer within'],
    ['prints garbage', { systemctl: 'garbage' }, 'Segmentation fault?'],
    ['prints nothing', { systemctl: 'silent' }, 'systemctl answered ""'],
    ['prints without end', { systemctl: 'enormous' }, 'more than 65536 bytes'],
    ['fails', { systemctl: 'fails' }, 'exit code 1: Failed to connect to bus'],
    ['is killed', { systemctl: 'killed' }, 'SIGKILL'],
  ];
  for (const fact of ['service_is_running', 'critical_services_restarting', 'active_backups', 'system_health_score']) {
    it.each(misbehaviours)(`${fact} fails when systemctl %s`, async (what, host, message) => {
      const timeout = what === 'hangs' ? 600 : 10_000;
      const result = await ask(
        fact,
        { ...host, options: { ...options, timeout } },
        fact === 'service_is_running' ? 'a' : '/',
      );
      expect(result).toMatchObject(what === 'hangs' ? failed('did not answer within') : failed(message));
    });
  }

  it('fail when the answer is about fewer units than were asked for', async () => {
    const units = { 'a.service': `${unit('active', 'running')}\n${unit('active', 'running')}` };
    expect(await ask('service_is_running', { units }, 'a')).toMatchObject(failed('when asked for the state'));
    expect(await ask('service_is_running', { units: { 'a.service': unit('happy', 'x') } }, 'a')).toMatchObject(
      failed('happy'),
    );
  });
});
