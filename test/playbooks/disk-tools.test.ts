import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { changed, createFileSystem, type FileSystem } from './file-system.ts';
import { createPrograms, type Programs } from './programs.ts';

const day = 86_400;
const now = Math.floor(Date.now() / 1000);

describe('disk-cleanup through the tools of the host', { timeout: 120_000 }, () => {
  let fs: FileSystem;
  let programs: Programs;
  beforeEach(async () => {
    fs = await createFileSystem('tmpfs');
    programs = createPrograms();
  });
  afterEach(async () => {
    await fs.stop();
    programs.remove();
  });

  const clean = (step: string, args: string[] = [], env: Record<string, string> = {}) =>
    fs.playbook('disk-cleanup', [fs.root, ...args], {
      programs,
      env: { DISK_CLEANUP_TARGET_PERCENT: '0', DISK_CLEANUP_STEPS: step, ...env },
    });

  test('the real journalctl removes exactly the archived journals that the dry run promised', () => {
    const machine = '0123456789abcdef0123456789abcdef';
    const hex = (days: number) => ((now - days * day) * 1_000_000).toString(16).padStart(16, '0');
    const journals = { '20': ['system@', 'user-1000@'], '8': ['system@'], '6': ['system@', 'user-1000@'] };
    mkdirSync(fs.at(`journal/${machine}`), { recursive: true });
    writeFileSync(fs.at(`journal/${machine}/system.journal`), 'active');
    utimesSync(fs.at(`journal/${machine}/system.journal`), now - 90 * day, now - 90 * day);
    const old: string[] = [];
    for (const [days, names] of Object.entries(journals)) {
      for (const [i, name] of names.entries()) {
        const archived = `journal/${machine}/${name}${machine}-000000000000000${i}-${hex(Number(days))}.journal`;
        const broken = `journal/${machine}/${name}${hex(Number(days))}-0123456789abcdef.journal~`;
        for (const path of [archived, broken]) {
          writeFileSync(fs.at(path), Buffer.alloc(9_000 + 1_000 * Number(days), 'x'));
          if (Number(days) > 7) old.push(path);
        }
      }
    }
    const manifest = fs.manifest();
    const used = fs.usedBytes();
    const env = { DISK_CLEANUP_JOURNAL_DIR: `${fs.root}/journal` };
    const dry = clean('journal', ['--dry-run'], env);
    expect(changed(manifest, fs.manifest())).toEqual([]);
    const run = clean('journal', [], env);
    expect(changed(manifest, fs.manifest())).toEqual(old.sort());
    expect(dry.result).toMatchObject({ changes: old.length, freed_bytes: used - fs.usedBytes() });
    expect(run).toMatchObject({ status: 0, result: { changes: old.length, freed_bytes: used - fs.usedBytes() } });
    expect(clean('journal', [], env).result?.changes).toBe(0);
  });

  test('the real apt-get empties its archive folder and leaves its indexes', () => {
    mkdirSync(fs.at('apt/partial'), { recursive: true });
    mkdirSync(fs.at('apt/folder'));
    for (const name of ['a_1_amd64.deb', 'partial/b.deb', 'other'])
      writeFileSync(fs.at(`apt/${name}`), Buffer.alloc(20_000));
    for (const name of ['lock', 'folder/c.deb']) writeFileSync(fs.at(`apt/${name}`), '');
    const used = fs.usedBytes();
    const manifest = fs.manifest();
    const env = { DISK_CLEANUP_APT_DIR: `${fs.root}/apt`, DISK_CLEANUP_DNF_DIRS: '' };
    const dry = clean('packages', ['--dry-run'], env);
    expect(changed(manifest, fs.manifest())).toEqual([]);
    const run = clean('packages', [], env);
    // apt gives partial/ to its own user when it is not yet.
    const touched = changed(manifest, fs.manifest()).filter((path) => path !== 'apt/partial');
    expect(touched).toEqual(['apt/a_1_amd64.deb', 'apt/other', 'apt/partial/b.deb']);
    expect(dry.result).toMatchObject({ changes: 3, freed_bytes: used - fs.usedBytes() });
    expect(run).toMatchObject({ status: 0, result: { changes: 3, freed_bytes: used - fs.usedBytes() } });
    expect(clean('packages', [], env).result?.changes).toBe(0);
  });

  test('dnf cleans packages only', () => {
    const packages = `dnf/fedora-abc/packages`;
    mkdirSync(fs.at(packages), { recursive: true });
    writeFileSync(fs.at(`${packages}/a.rpm`), Buffer.alloc(20_000));
    writeFileSync(fs.at('dnf/fedora-abc/metadata.solv'), 'x');
    programs.add('dnf', `rm ${fs.root}/${packages}/a.rpm`);
    const env = { DISK_CLEANUP_DNF_DIRS: `${fs.root}/dnf`, DISK_CLEANUP_APT_DIR: '/nonexistent' };
    const dry = clean('packages', ['--dry-run'], env);
    expect(programs.calls()).toEqual([]);
    const run = clean('packages', [], env);
    expect(programs.calls()).toEqual(['dnf clean packages']);
    expect([dry.result, run.result]).toMatchObject([
      { changes: 1, freed_bytes: 20_480 },
      { changes: 1, freed_bytes: 20_480 },
    ]);
  });

  /** An engine whose prune empties the lists of dangling images and unused cache; `broken` as a file makes it fail. */
  function addEngine(name: 'docker' | 'podman', folder: string): void {
    const sha = (digit: string) => `sha256:${digit.repeat(64)}`;
    const image = (repository: string, digit: string, created: string, unique: string, containers: string) =>
      `${repository.padEnd(13)}${(repository === '<none>' ? '<none>' : 'latest').padEnd(10)}${digit.repeat(12).padEnd(15)}` +
      `${created.padEnd(15)}${'900MB'.padEnd(10)}${'898.5MB'.padEnd(14)}${unique.padEnd(14)}${containers}`;
    const cache = (id: string, type: string, size: string, used: string, shared: string) =>
      `${id.padEnd(16)}${type.padEnd(18)}${size.padEnd(10)}${'3 months ago'.padEnd(16)}${used.padEnd(16)}${'1'.padEnd(8)}${shared}`;
    const dangling = [
      image('<none>', 'a', '8 days ago', '1.5MB', '0'),
      image('<none>', 'b', '6 days ago', '2MB', '0'),
      image('<none>', 'c', '3 weeks ago', '4MB', '1'),
    ];
    const table = [
      'Images space usage:',
      '',
      `REPOSITORY   TAG       IMAGE ID       CREATED        SIZE      SHARED SIZE   UNIQUE SIZE   CONTAINERS`,
      image('app', 'd', '2 years ago', '700MB', '0'),
      'DANGLING',
      '',
      'Local Volumes space usage:',
      '',
      'VOLUME NAME   LINKS     SIZE',
      'precious      0         5GB',
      ...(name === 'docker'
        ? [
            '',
            'Build cache usage: 12MB',
            '',
            'CACHE ID        CACHE TYPE        SIZE      CREATED         LAST USED       USAGE   SHARED',
            'CACHE',
            cache('busybusybusy*', 'regular', '30MB', '2 weeks ago', 'false'),
            cache('sharedshared', 'regular', '40MB', '2 weeks ago', 'true'),
            cache('recentrecent', 'regular', '50MB', '2 hours ago', 'false'),
            cache('internalinte', 'internal', '60MB', '2 weeks ago', 'false'),
          ]
        : []),
    ].join('\n');
    const unused = cache('abcabcabcabc', 'regular', '12MB', '2 weeks ago', 'false');
    programs.add(
      name,
      `state=${programs.folder}/${name}
if [[ -e $state.broken && "$1 $2" == "system df" ]]; then exit 1; fi
case "$1 $2" in
  "--version "*) echo "${name} version 1" ;;
  "info --format") echo '${folder}' ;;
  "images --filter") printf '%s\\n' ${sha('a')} ${sha('b')} ${sha('c')}; if [[ -e $state.images ]]; then exit 0; fi ;;
  "system df")
    while IFS= read -r line; do
      case $line in
        DANGLING) [[ -e $state.images ]] || printf '%s\\n' '${dangling[0]}'; printf '%s\\n' '${dangling[1]}' '${dangling[2]}' ;;
        CACHE) [[ -e $state.cache ]] || printf '%s\\n' '${unused}' ;;
        *) printf '%s\\n' "$line" ;;
      esac
    done <<'TABLE'
${table}
TABLE
    ;;
  "image prune") : >$state.images; if [[ -e $state.dies ]]; then : >$state.broken; fi ;;
  "builder prune") : >$state.cache ;;
  *) exit 64 ;;
esac`,
    );
  }

  const changing = () => programs.calls().filter((call) => / (prune|rm|rmi)( |$)/.test(call));

  test('docker: dangling images and unused cache older than seven days, never a tag, never a volume', () => {
    mkdirSync(fs.at('docker'));
    addEngine('docker', `${fs.root}/docker`);
    const dry = clean('containers', ['--dry-run']);
    expect(dry).toMatchObject({ status: 0, result: { changes: 2, freed_bytes: 13_500_000 } });
    expect(changing()).toEqual([]);
    const run = clean('containers');
    expect(run).toMatchObject({ status: 0, result: { changes: 2, freed_bytes: 13_500_000 } });
    expect(changing()).toEqual([
      'docker image prune --force --filter until=168h',
      'docker builder prune --force --filter until=168h',
    ]);
    expect(clean('containers').result?.changes).toBe(0);
    expect(changing().length).toBe(2);
  });

  test('podman: the same for images', () => {
    mkdirSync(fs.at('podman'));
    addEngine('podman', `${fs.root}/podman`);
    expect(clean('containers', ['--dry-run']).result).toMatchObject({ changes: 1, freed_bytes: 1_500_000 });
    expect(clean('containers').result).toMatchObject({ changes: 1, freed_bytes: 1_500_000 });
    expect(changing()).toEqual(['podman image prune --force --filter until=168h']);
  });

  test('an engine with its data elsewhere, or that does not answer, is left alone', () => {
    addEngine('docker', '/');
    programs.add('podman', 'exit 125');
    const run = clean('containers');
    expect(run).toMatchObject({ status: 0, result: { changes: 0 } });
    expect(run.stdout).toContain('docker keeps its data on another file system');
    expect(run.stdout).toContain('podman does not answer');
    expect(changing()).toEqual([]);
  });

  test('an engine that dies at the prune has freed nothing that anybody knows of', () => {
    mkdirSync(fs.at('docker'));
    addEngine('docker', `${fs.root}/docker`);
    writeFileSync(`${programs.folder}/docker.dies`, '');
    const run = clean('containers');
    expect(run).toMatchObject({ status: 1, result: { changes: 0, freed_bytes: 0 } });
    expect(run.stderr).toContain('docker: what is left is not known');
  });

  test('a tool that hangs is ended and said so', () => {
    mkdirSync(fs.at('docker'));
    addEngine('docker', `${fs.root}/docker`);
    programs.add('podman', 'exec sleep 60');
    const run = clean('containers', ['--dry-run'], { PLAYBOOK_TOOL_TIMEOUT: '1' });
    expect(run).toMatchObject({ status: 0, result: { changes: 2 } });
    expect(run.stdout).toContain('podman does not answer');
  });
});
