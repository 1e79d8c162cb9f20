import { chmodSync, copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlaybookConfig } from '../../src/config/config.ts';
import { tempDir } from './temp.ts';

const PROGRAMS = join(import.meta.dirname, '..', 'programs');

/** A copy of `test/programs/NAME` that nobody else can write, whatever the umask of the checkout. */
export function program(name: string): string {
  const path = join(tempDir(), name);
  copyFileSync(join(PROGRAMS, name), path);
  chmodSync(path, 0o755);
  return path;
}

/** A playbook of one of the test programs; `args` go to both phases, the dry run gets `--dry-run` besides. */
export function testPlaybook(
  name: string,
  { args = [], env = {}, ...rest }: Partial<PlaybookConfig> & { readonly args?: readonly string[] } = {},
): PlaybookConfig {
  const path = program(name);
  return {
    name,
    version: '1.0',
    ansible: null,
    max_parallel: null,
    run: [path, ...args],
    dry_run: [path, ...args, '--dry-run'],
    timeout: 20_000,
    dry_run_timeout: 20_000,
    max_downtime: null,
    sha256: null,
    env,
    ...rest,
  };
}

/** Of the pids that a test program wrote to a file, those that still run. */
export function alive(pidFile: string): number[] {
  const pids = readFileSync(pidFile, 'utf8').split('\n').filter(Boolean).map(Number);
  return pids.filter((pid) => {
    try {
      return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    } catch {
      return false;
    }
  });
}
