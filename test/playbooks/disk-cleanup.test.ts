import { linkSync, lutimesSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { changed, createFileSystem, type FileSystem, kinds } from './file-system.ts';
import { createPrograms, type Programs, runPlaybook } from './programs.ts';

const day = 86_400;
const now = Math.floor(Date.now() / 1000);

function put(fs: FileSystem, path: string, days: number, bytes = 10_000): void {
  const folder = path.split('/').slice(0, -1).join('/');
  if (folder !== '') mkdirSync(fs.at(folder), { recursive: true });
  writeFileSync(fs.at(path), Buffer.alloc(bytes, `${path}${bytes}`));
  utimesSync(fs.at(path), now - days * day, now - days * day);
}

/** Only the folder `work` may be cleaned, of what is older than 30 days. */
const onlyPaths = (fs: FileSystem, more: Record<string, string> = {}) => ({
  DISK_CLEANUP_TARGET_PERCENT: '0',
  DISK_CLEANUP_STEPS: 'paths',
  DISK_CLEANUP_PATHS: `${fs.root}/work`,
  ...more,
});

describe.each(kinds)('disk-cleanup on a real %s', { timeout: 120_000 }, (kind) => {
  let fs: FileSystem;
  let programs: Programs;
  beforeEach(async () => {
    fs = await createFileSystem(kind);
    programs = createPrograms();
    mkdirSync(fs.at('work'));
    mkdirSync(fs.at('elsewhere'));
  });
  afterEach(async () => {
    await fs.stop();
    programs.remove();
  });

  test('the dry run promises to the block what the run frees; nothing else is touched; the second run has nothing to do', async () => {
    const gone = [
      'work/old.log',
      'work/-rf',
      'work/--no-preserve-root',
      'work/two\nlines',
      'work/sub dir/"quoted" \\ back',
      "work/sub dir/$(touch canary);`id`'",
      'work/sub dir/x]=$(touch canary2)',
      'work/caf\xc3\xa9',
      'work/not utf8 \xff\xc0',
      'work/-folder\n/deep/empty',
      'work/*',
    ];
    for (const [i, path] of gone.entries()) put(fs, path, 31 + i, i === 9 ? 0 : 1 + i * 4_321);
    put(fs, 'work/sub dir/young', 29);
    put(fs, 'work/ab', 3);
    // Two links, both listed: their blocks count once. One of three links listed: its blocks stay taken.
    put(fs, 'work/twin', 60, 50_000);
    linkSync(fs.at('work/twin'), fs.at('work/sub dir/twin'));
    put(fs, 'elsewhere/kept link', 60, 70_000);
    linkSync(fs.at('elsewhere/kept link'), fs.at('work/link to kept'));
    linkSync(fs.at('elsewhere/kept link'), fs.at('elsewhere/third'));
    gone.push('work/twin', 'work/sub dir/twin', 'work/link to kept');
    // Links that lead out, a folder link, a pipe, another file system and a bind mount of this one.
    put(fs, 'elsewhere/target', 90);
    symlinkSync(`${fs.root}/elsewhere/target`, fs.at('work/link'));
    symlinkSync(`${fs.root}/elsewhere`, fs.at('work/folder link'));
    lutimesSync(fs.at('work/link'), now - 90 * day, now - 90 * day);
    fs.bash('mkfifo work/pipe; touch -d "90 days ago" work/pipe; mkdir "work/other fs" "work/b i\\nd*"');
    fs.bash('mount -t tmpfs -o noatime none "work/other fs"; mount --bind elsewhere "work/b i\\nd*"');
    put(fs, 'work/other fs/old', 90);
    put(fs, 'work/open', 90, 30_000);
    const holder = await fs.hold('exec 7<work/open');

    const manifest = fs.manifest();
    const used = fs.usedBytes();
    const dry = fs.playbook('disk-cleanup', [fs.root, '--dry-run'], { env: onlyPaths(fs) });
    expect(dry).toMatchObject({ status: 0, stderr: '', result: { changes: gone.length } });
    expect(changed(manifest, fs.manifest())).toEqual([]);
    expect(fs.usedBytes()).toBe(used);

    const run = fs.playbook('disk-cleanup', [fs.root], { env: onlyPaths(fs) });
    expect(run).toMatchObject({
      status: 0,
      stderr: '',
      result: { changes: gone.length, downtime_seconds: 0, affects: [] },
    });
    expect(run.result?.freed_bytes).toBe(dry.result?.freed_bytes);
    expect(used - fs.usedBytes()).toBe(dry.result?.freed_bytes);
    expect(run.result!.freed_bytes).toBeGreaterThan(100_000);
    expect(changed(manifest, fs.manifest())).toEqual([...gone].sort());

    await holder.end();
    const again = fs.playbook('disk-cleanup', [fs.root], { env: onlyPaths(fs) });
    expect(again).toMatchObject({ status: 0, result: { changes: 1 } });
    const third = fs.playbook('disk-cleanup', [fs.root], { env: onlyPaths(fs) });
    expect(third).toMatchObject({ status: 0, result: { changes: 0, freed_bytes: 0 } });
    expect(third.result?.summary).toMatch(/^nothing to do/);
  });

  test('whatever the tree, promise, claim and the file system agree, and exactly the old files are gone', () => {
    const name = fc.string({
      unit: fc.constantFrom('a', ' ', '-', '\n', "'", '$', '*', '[', '\\', '\xff'),
      minLength: 1,
      maxLength: 5,
    });
    const file = fc.record({
      folder: fc.constantFrom('', 'd/', '-d/e/', 'd/\n/'),
      name: name.filter((text) => !/^\.*$/.test(text)),
      days: fc.constantFrom(1, 29, 31, 400),
      bytes: fc.nat(40_000),
      links: fc.array(fc.constantFrom('work/', 'elsewhere/'), { maxLength: 2 }),
    });
    let round = 0;
    fc.assert(
      fc.property(fc.array(file, { maxLength: 12 }), (files) => {
        fs.bash('rm -rf work elsewhere; mkdir work elsewhere');
        round += 1;
        const expected: string[] = [];
        for (const [i, { folder, name, days, bytes, links }] of files.entries()) {
          const path = `work/${folder}${name}${i}`;
          put(fs, path, days, bytes);
          if (days > 30) expected.push(path);
          for (const [k, place] of links.entries()) {
            linkSync(fs.at(path), fs.at(`${place}link${i}.${k}`));
            if (days > 30 && place === 'work/') expected.push(`${place}link${i}.${k}`);
          }
        }
        const manifest = fs.manifest();
        const used = fs.usedBytes();
        const dry = fs.playbook('disk-cleanup', ['--dry-run', '--', fs.root], { env: onlyPaths(fs) });
        expect(changed(manifest, fs.manifest())).toEqual([]);
        const run = fs.playbook('disk-cleanup', ['--', fs.root], { env: onlyPaths(fs) });
        expect(changed(manifest, fs.manifest())).toEqual([...expected].sort());
        expect([dry.result?.changes, run.result?.changes]).toEqual([expected.length, expected.length]);
        expect([dry.result?.freed_bytes, run.result?.freed_bytes]).toEqual([
          used - fs.usedBytes(),
          used - fs.usedBytes(),
        ]);
      }),
      { numRuns: 12 },
    );
    expect(round).toBeGreaterThan(0);
  });

  test('temporary files go by their last use of any kind, and what services keep there stays', async () => {
    mkdirSync(fs.at('tmp'));
    // The clock is forty days ahead: the change time of everything made here is forty days old.
    programs.add('date', `echo ${now + 40 * day}`);
    const used = (path: string, accessed: number, modified: number) => {
      put(fs, path, 0);
      utimesSync(fs.at(path), now + (40 - accessed) * day, now + (40 - modified) * day);
    };
    used('tmp/unused', 11, 11);
    used('tmp/read lately', 9, 40);
    used('tmp/written lately', 40, 9);
    used('tmp/open', 20, 20);
    used('tmp/systemd-private-abc/tmp/x', 20, 20);
    used('tmp/.X0-lock', 20, 20);
    const holder = await fs.hold('exec 7<tmp/open');
    const manifest = fs.manifest();
    const env = {
      DISK_CLEANUP_TARGET_PERCENT: '0',
      DISK_CLEANUP_STEPS: 'tmp',
      DISK_CLEANUP_TMP_DIRS: `${fs.root}/tmp`,
    };
    const run = fs.playbook('disk-cleanup', [fs.root], { env, programs });
    expect(run).toMatchObject({ status: 0, result: { changes: 1 } });
    expect(changed(manifest, fs.manifest())).toEqual(['tmp/unused']);
    await holder.end();
    // At today's clock their change time is new: an unpacked archive keeps its old dates.
    expect(fs.playbook('disk-cleanup', [fs.root], { env }).result?.changes).toBe(0);
  });

  test('rotated logs go, current ones, the journal and audit logs stay; named log folders go by age alone', () => {
    const rotated = [
      'log/syslog.1',
      'log/kern.log.2.gz',
      'log/app/access.log-20250101',
      'log/app/a.log-20250101.xz',
      'log/x.old',
    ];
    const kept = [
      'log/syslog',
      'log/app/access.log',
      'log/wtmp',
      'log/audit/audit.log.1',
      'log/journal/x.1',
      'log/README.gz',
    ];
    for (const path of [...rotated, ...kept, 'named/any thing']) put(fs, path, 31);
    put(fs, 'log/syslog.2.gz', 29);
    put(fs, 'named/fresh', 29);
    const manifest = fs.manifest();
    const env = {
      DISK_CLEANUP_TARGET_PERCENT: '0',
      DISK_CLEANUP_STEPS: 'logs',
      DISK_CLEANUP_ROTATED_DIRS: `${fs.root}/log/`,
      DISK_CLEANUP_LOG_DIRS: `/nonexistent/folder:${fs.root}/named:${fs.root}/log/app:${fs.root}/named`,
    };
    const dry = fs.playbook('disk-cleanup', [fs.root, '--dry-run'], { env });
    const run = fs.playbook('disk-cleanup', [fs.root], { env });
    const gone = [...rotated, 'log/app/access.log', 'named/any thing'].sort();
    expect(changed(manifest, fs.manifest())).toEqual(gone);
    expect([dry.result?.changes, run.result?.changes]).toEqual([gone.length, gone.length]);
    expect(run.result?.freed_bytes).toBe(dry.result?.freed_bytes);
  });

  test('a folder that becomes a link between listing and removal leads nowhere', () => {
    put(fs, 'work/a/secret', 60);
    put(fs, 'elsewhere/secret', 60);
    put(fs, 'work/stays/a folder', 60);
    put(fs, 'work/b', 60);
    // awk is started after the listing; a file of the same name, age and size waits behind the link.
    programs.add(
      'awk',
      `if [[ ! -e ${fs.root}/moved ]]; then mv ${fs.root}/work/a ${fs.root}/moved; ln -s ${fs.root}/elsewhere ${fs.root}/work/a
       rm ${fs.root}/work/b; ln -s ${fs.root}/elsewhere/secret ${fs.root}/work/b; fi; exec /usr/bin/awk "$@"`,
    );
    const run = fs.playbook('disk-cleanup', [fs.root], { env: onlyPaths(fs), programs });
    expect(programs.calls().length).toBeGreaterThan(0);
    const after = fs.manifest();
    expect([...after.keys()]).toEqual(expect.arrayContaining(['moved/secret', 'elsewhere/secret', 'work/a', 'work/b']));
    expect(after.has('work/stays/a folder')).toBe(false);
    expect(run.result?.changes).toBe(1);
    expect(run.stderr).toContain('is not the folder that was listed any more');
    expect(run.stdout).toContain('changed since it was listed');
  });

  test('what cannot be removed is not claimed, and the playbook fails', () => {
    put(fs, 'work/a', 60);
    programs.add('rm', 'exit 1');
    const run = fs.playbook('disk-cleanup', [fs.root], { env: onlyPaths(fs), programs });
    expect(run).toMatchObject({ status: 1, result: { changes: 0, freed_bytes: 0 } });
    expect(run.stderr).toContain('1 file could not be removed');
  });

  test('stops before the first step when the file system is below its target', () => {
    put(fs, 'work/filler', 0, 20_000_000);
    put(fs, 'work/old', 60);
    for (const tool of ['journalctl', 'apt-get', 'dnf', 'docker', 'podman', 'find', 'rm']) programs.add(tool);
    const manifest = fs.manifest();
    const env = { DISK_CLEANUP_PATHS: `${fs.root}/work`, DISK_CLEANUP_TARGET_PERCENT: '90' };
    const below = fs.playbook('disk-cleanup', [fs.root], { env, programs });
    expect(below).toMatchObject({ status: 0, result: { changes: 0, freed_bytes: 0 } });
    expect(below.result?.summary).toMatch(/full, below its target of 90 %$/);
    expect(programs.calls()).toEqual([]);
    expect(changed(manifest, fs.manifest())).toEqual([]);
    const above = fs.playbook('disk-cleanup', [fs.root], { env: onlyPaths(fs, { DISK_CLEANUP_TARGET_PERCENT: '20' }) });
    expect(above.result?.changes).toBe(1);
  });

  test("only folders on PATH's own file system count, and only by their own name", () => {
    put(fs, 'work/old', 60);
    fs.bash('mkdir other; mount -t tmpfs -o noatime none other; mkdir other/work');
    put(fs, 'other/work/old', 60);
    symlinkSync(`${fs.root}/work`, fs.at('alias'));
    const manifest = fs.manifest();
    const env = onlyPaths(fs, { DISK_CLEANUP_PATHS: `${fs.root}/other/work\n${fs.root}/alias\n${fs.root}/missing` });
    const run = fs.playbook('disk-cleanup', [fs.root], { env });
    expect(run).toMatchObject({ status: 0, result: { changes: 0 } });
    for (const why of ['is on another file system', 'is reached through a link', 'does not exist'])
      expect(run.stdout).toContain(why);
    expect(changed(manifest, fs.manifest())).toEqual([]);
    expect(fs.playbook('disk-cleanup', [`${fs.root}/other`], { env }).result?.changes).toBe(1);
  });
});

describe('disk-cleanup refuses', () => {
  const programs = createPrograms();
  for (const tool of ['journalctl', 'apt-get', 'dnf', 'docker', 'podman', 'find', 'rm']) programs.add(tool);
  afterEach(() => expect(programs.calls()).toEqual([]));
  afterAll(() => programs.remove());

  test.each([
    [[], 'PATH is missing'],
    [['--force', '/'], 'unknown option "--force"'],
    [['-n', '/'], 'unknown option "-n"'],
    [['--', '--dry-run'], "PATH may not begin with '-'"],
    [['/', '/tmp'], 'one PATH is expected'],
    [['relative'], 'PATH has to be absolute'],
    [['/does/not/exist'], 'PATH does not exist'],
  ])('the arguments %j', (args, why) => {
    const run = runPlaybook('disk-cleanup', args, { programs });
    expect(run).toMatchObject({ status: 2, stdout: '', result: null });
    expect(run.stderr).toContain(why);
  });

  test.each([
    ['DISK_CLEANUP_STEPS', 'tmp everything', 'DISK_CLEANUP_STEPS names "everything"'],
    ['DISK_CLEANUP_TARGET_PERCENT', '101', 'expected a whole number from 0 to 100'],
    ['DISK_CLEANUP_TARGET_PERCENT', 'a[$(touch /tmp/canary)]', 'expected a whole number'],
    ['DISK_CLEANUP_LOG_DAYS', '-1', 'expected a whole number'],
    ['DISK_CLEANUP_TMP_DAYS', '1.5', 'expected a whole number'],
    ['DISK_CLEANUP_PATHS', '/', 'is too much'],
    ['DISK_CLEANUP_PATHS', '/srv/x:/etc/ssh', 'belongs to the system'],
    ['DISK_CLEANUP_LOG_DIRS', '/var/log/../../etc', "holds '.' or '..'"],
    ['DISK_CLEANUP_LOG_DIRS', 'logs', 'is not an absolute path'],
    ['DISK_CLEANUP_TMP_DIRS', '/home//', 'is too much'],
    ['PLAYBOOK_TOOL_TIMEOUT', 'soon', 'expected a whole number'],
  ])('the setting %s=%s', (name, value, why) => {
    const run = runPlaybook('disk-cleanup', ['/'], { programs, env: { [name]: value } });
    expect(run).toMatchObject({ status: 2, stdout: '', result: null });
    expect(run.stderr).toContain(why);
  });

  test('nothing of --help', () => {
    const run = runPlaybook('disk-cleanup', ['--help'], { programs });
    expect(run.status).toBe(0);
    expect(run.stdout).toMatch(/^Usage: disk-cleanup/);
  });
});
