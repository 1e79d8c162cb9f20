import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow, ROOT } from './source-text.ts';

export interface Package {
  /** The tarball that `npm pack` made. */
  readonly tarball: string;
  readonly bytes: number;
  /** Paths in it, below `package/`. */
  readonly files: readonly string[];
}

/** What npm needs of this environment: where its cache and its settings are. */
const NPM_ENV: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^npm_/i.test(name) || /^npm_config_(?:registry|cache|userconfig)$/i.test(name),
  ),
);

/** The same for an npm in another home: no question to the registry that need not be, and nothing said beside its task. */
export function npmSettings(): Record<string, string> {
  const settings = ['registry', 'cache', 'userconfig'].map((name) => [
    `npm_config_${name}`,
    npm(['config', 'get', name], ROOT).trim(),
  ]);
  const quiet = ['audit', 'fund', 'update_notifier'].map((name) => [`npm_config_${name}`, 'false']);
  return Object.fromEntries([...settings, ...quiet, ['npm_config_prefer_offline', 'true']]);
}

/** Builds the package in a copy of the project, so that nobody's `dist/` changes, and removes the copy. */
export function pack(folder: string): Package {
  const copy = join(folder, 'project');
  for (const file of filesBelow('.')) {
    if (/^(?:test|bench|scripts)\/(?!built-in\.ts$)/.test(file)) continue;
    cpSync(join(ROOT, file), join(copy, file), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  const said = npm(['pack', '--json', '--pack-destination', folder], copy);
  const [{ filename, size, files }] = JSON.parse(said.slice(said.indexOf('[\n'))) as [
    { filename: string; size: number; files: readonly { path: string }[] },
  ];
  rmSync(copy, { recursive: true });
  return { tarball: join(folder, filename), bytes: size, files: files.map(({ path }) => path) };
}

/** Installs a tarball as `npm install --global` does, below a prefix of its own. */
export function install(tarball: string, prefix: string): void {
  mkdirSync(prefix, { recursive: true });
  npm(['install', '--global', '--prefix', prefix, '--prefer-offline', '--no-audit', '--no-fund', tarball], prefix);
}

/** Runs npm; what it prints on standard output. Throws with everything it said where it fails. */
export function npm(args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd, env: NPM_ENV, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} exited with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

/** A folder whose `node` is too old for anything, to go first on a PATH. */
export function oldNode(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const text = '#!/bin/sh\n[ "$1" = --version ] && { echo v20.19.0; exit 0; }\necho "the old node ran" >&2\nexit 99\n';
  writeFileSync(join(folder, 'node'), text, { mode: 0o755 });
  return folder;
}

/** The Node that a program of the package runs on. */
export function nodeOf(binary: string): string {
  return execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim();
}
