import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const playbookFolder = resolve(import.meta.dirname, '../../config/playbooks');

export type Result = {
  summary: string;
  changes: number;
  freed_bytes: number;
  downtime_seconds: number;
  affects: string[];
};

export type Ended = { status: number | null; stdout: string; stderr: string; result: Result | null };

/**
 * Programs for PATH that stand in for a host's tools. Each call is appended to one file, as the program's name and its
 * arguments quoted by bash; then the body (bash) runs with the arguments it was given.
 */
export type Programs = {
  folder: string;
  add(name: string, body?: string): void;
  calls(): string[];
  remove(): void;
};

export function createPrograms(): Programs {
  const folder = mkdtempSync(join(tmpdir(), 'programs-'));
  const log = join(folder, '.calls');
  return {
    folder,
    add(name, body = 'exit 0') {
      const path = join(folder, name);
      const record = `{ printf '%s' '${name}'; if (($#)); then printf ' %q' "$@"; fi; printf '\\n'; } >>'${log}'`;
      writeFileSync(path, `#!/bin/bash\n${record}\n${body}\n`);
      chmodSync(path, 0o755);
    },
    calls: () => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter(Boolean) : []),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Runs one of the playbooks, by `prefix` in another namespace, with exactly this environment besides PATH and the result file. */
export function runPlaybook(
  name: string,
  args: (string | Buffer)[],
  options: { env?: Record<string, string>; programs?: Programs; prefix?: string[]; timeout?: number } = {},
): Ended {
  const folder = mkdtempSync(join(tmpdir(), 'result-'));
  const file = join(folder, 'result.json');
  const path = [...(options.programs ? [options.programs.folder] : []), '/usr/sbin:/usr/bin:/sbin:/bin'].join(':');
  const command = [...(options.prefix ?? []), join(playbookFolder, name), ...args.map(String)];
  const child = spawnSync(command[0]!, command.slice(1), {
    encoding: 'utf8',
    cwd: playbookFolder,
    env: { PATH: path, HOME: '/nonexistent', FORESTALL_RESULT_FILE: file, ...options.env },
    timeout: options.timeout ?? 60_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  const result = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Result) : null;
  rmSync(folder, { recursive: true, force: true });
  return { status: child.status, stdout: child.stdout, stderr: child.stderr, result };
}
