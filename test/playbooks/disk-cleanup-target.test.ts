import { mkdirSync, renameSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { changed, createFileSystem, type FileSystem } from './file-system.ts';
import { createPrograms, type Programs } from './programs.ts';

const LONG_AGO = Date.now() / 1000 - 60 * 86_400;

function put(fs: FileSystem, path: string): void {
  writeFileSync(fs.at(path), Buffer.alloc(10_000, path));
  utimesSync(fs.at(path), LONG_AGO, LONG_AGO);
}

describe('the target of disk-cleanup only picks a file system (fault 4)', { timeout: 120_000 }, () => {
  let fs: FileSystem;
  let programs: Programs;
  const env = () => ({
    DISK_CLEANUP_TARGET_PERCENT: '0',
    DISK_CLEANUP_STEPS: 'paths',
    DISK_CLEANUP_PATHS: `${fs.root}/work`,
  });
  beforeEach(async () => {
    fs = await createFileSystem('tmpfs');
    programs = createPrograms();
    for (const folder of ['work', 'elsewhere', 'elsewhere/work']) mkdirSync(fs.at(folder));
    fs.bash('mkdir other; mount -t tmpfs -o noatime none other; mkdir other/work');
    for (const path of ['work/old', 'elsewhere/old', 'elsewhere/work/old', 'other/old', 'other/work/old'])
      put(fs, path);
    symlinkSync(`${fs.root}/elsewhere`, fs.at('link'));
    symlinkSync(`${fs.root}/other`, fs.at('link out'));
  });
  afterEach(async () => {
    await fs.stop();
    programs.remove();
  });

  test.each([
    ['..', 'work/../elsewhere'],
    ['a way through what is no folder that may be cleaned', 'elsewhere/work'],
    ['a link', 'link'],
    ['a file', 'elsewhere/old'],
    ['.. behind a link', 'link/../elsewhere'],
    ['slashes and dots', './/elsewhere/.//'],
  ])('%s: what goes lies inside of the configured folder', (_what, path) => {
    const before = fs.manifest();
    const target = `${fs.root}/${path}`;
    const dry = fs.playbook('disk-cleanup', [target, '--dry-run'], { env: env() });
    expect(dry).toMatchObject({ status: 0, result: { changes: 1 } });
    expect(changed(before, fs.manifest())).toEqual([]);
    const run = fs.playbook('disk-cleanup', [target], { env: env() });
    expect(run).toMatchObject({ status: 0, result: { changes: 1 } });
    expect(changed(before, fs.manifest())).toEqual(['work/old']);
  });

  test.each(['link out', 'work/../other', 'link out/work'])(
    '%s leads to another file system: nothing goes, here or there',
    (path) => {
      const before = fs.manifest();
      const run = fs.playbook('disk-cleanup', [`${fs.root}/${path}`], { env: env() });
      expect(run).toMatchObject({ status: 0, result: { changes: 0 } });
      expect(run.stdout).toContain('is on another file system');
      expect(changed(before, fs.manifest())).toEqual([]);
    },
  );

  test('a target that becomes a link out between listing and removal takes nothing with it', () => {
    mkdirSync(fs.at('target'));
    // awk is started between the two.
    programs.add(
      'awk',
      `if [[ ! -e ${fs.root}/moved ]]; then mv ${fs.root}/target ${fs.root}/moved; ln -s ${fs.root}/other ${fs.root}/target; fi
       exec /usr/bin/awk "$@"`,
    );
    const before = fs.manifest();
    const run = fs.playbook('disk-cleanup', [`${fs.root}/target`], { env: env(), programs });
    expect(programs.calls().length).toBeGreaterThan(0);
    expect(run.result?.changes).toBe(1);
    unlinkSync(fs.at('target'));
    renameSync(fs.at('moved'), fs.at('target'));
    expect(changed(before, fs.manifest())).toEqual(['work/old']);
  });
});
