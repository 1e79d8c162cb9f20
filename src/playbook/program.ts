import { createHash } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { access, open, readFile, realpath, stat } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import type { AnsibleConfig, PlaybookConfig } from '../config/config.ts';
import { placeholderProblem } from './arguments.ts';
import { changeable, changeableBelow, unsafeFolders, unsafeLibrary } from './permissions.ts';
import { quoted } from './text.ts';

/** A program that may be started. */
export interface Program {
  /** As configured, or as found on PATH; absolute. */
  readonly path: string;
  /** The folder that the program lies in, links resolved: where it is started. */
  readonly folder: string;
}

/**
 * Why a playbook must not be started, in one sentence; null when it may. Looks at the programs of both phases: each
 * exists, is a regular file once links are resolved, may be executed, and neither it nor a folder on the way to it can
 * be changed by anybody but root and the user that runs this service. The same holds for a folder `lib` beside it, which
 * scripts take parts from. Where a hash is configured, the program of `run` has to have it. Asked by `check` and again
 * before each start.
 */
export async function inspectProgram(playbook: PlaybookConfig): Promise<{ readonly problem: string | null }> {
  for (const argv of [playbook.dry_run, playbook.run]) {
    const problem = placeholderProblem(argv);
    if (problem !== null) return { problem: `playbook ${playbook.name}: ${problem}` };
    const found = await findProgram(argv[0] ?? '');
    if ('problem' in found) return { problem: `playbook ${playbook.name}: ${found.problem}` };
    const isPinned = playbook.ansible === null && argv === playbook.run;
    const changed = isPinned ? await otherThan(playbook.sha256, found.path) : null;
    if (changed !== null) return { problem: `playbook ${playbook.name}: ${changed}` };
  }
  const problem = playbook.ansible === null ? null : await playProblem(playbook.ansible, playbook.sha256);
  return { problem: problem === null ? null : `playbook ${playbook.name}: ${problem}` };
}

/** What Ansible takes from beside a play. */
const BESIDE = [
  'ansible.cfg',
  'roles',
  'tasks',
  'handlers',
  'vars',
  'files',
  'templates',
  'group_vars',
  'host_vars',
  'library',
  'module_utils',
  'collections',
  ...['action', 'callback', 'connection', 'filter', 'inventory', 'lookup', 'test', 'vars'].map(
    (kind) => `${kind}_plugins`,
  ),
];

/** Why a play must not be run: it, its inventory, or what lies beside them, could be changed by others or is missing. */
async function playProblem({ playbook, inventory }: AnsibleConfig, sha256: string | null): Promise<string | null> {
  for (const path of [playbook, inventory]) {
    try {
      const real = await realpath(path);
      const isFile = (await stat(real)).isFile();
      if (path === playbook && !isFile) return `${path} is not a regular file`;
      const others = isFile ? BESIDE.map((name) => join(dirname(real), name)) : [real];
      for (const problem of [await changeable(real), ...(await Promise.all(others.map(changeableBelow)))]) {
        if (problem !== null) return problem;
      }
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'ENOENT' || code === 'ENOTDIR') return `${path} does not exist`;
      return `${path} cannot be looked at: ${code ?? String(error)}`;
    }
  }
  return await otherThan(sha256, playbook);
}

/** Finds and inspects one program: an absolute path, or a name to be found on PATH. */
export async function findProgram(name: string): Promise<Program | { readonly problem: string }> {
  const path = name.includes('/') ? name : onPath(name);
  if (path === null || path === '') return { problem: `program ${quoted(name)} is not on PATH` };
  if (!path.startsWith('/'))
    return { problem: `program ${quoted(name)} is neither an absolute path nor a name on PATH` };
  try {
    const real = await realpath(path);
    const file = await stat(real);
    if (!file.isFile()) return { problem: `${real} is not a regular file` };
    const unsafe = (await changeable(real)) ?? (await unsafeFolders(path)) ?? (await unsafeLibrary(dirname(real)));
    if (unsafe !== null) return { problem: unsafe };
    try {
      await access(real, constants.X_OK);
    } catch {
      return { problem: `${real} may not be executed by this user; chmod +x ${real}` };
    }
    const interpreter = await missingInterpreter(real);
    if (interpreter !== null) return { problem: interpreter };
    return { path, folder: dirname(real) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { problem: `program ${path} does not exist` };
    if (code === 'ELOOP') return { problem: `program ${path} is a link that leads back to itself` };
    return { problem: `program ${path} cannot be looked at: ${code ?? String(error)}` };
  }
}

function onPath(name: string): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    if (!folder.startsWith('/')) continue;
    const candidate = join(folder, name);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Not here: the next folder.
    }
  }
  return null;
}

/** Why the file is not the one that the configuration means; null where it is, or where any will do. */
async function otherThan(sha256: string | null, path: string): Promise<string | null> {
  if (sha256 === null) return null;
  const found = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  if (found === sha256) return null;
  return `${path} is not the program that was pinned: its sha256 is ${found}, configured is ${sha256}; look at what changed, then correct sha256`;
}

/** A script whose `#!` line names nothing that exists fails to start with a message that names the script. */
async function missingInterpreter(path: string): Promise<string | null> {
  let first: string;
  try {
    const handle = await open(path, constants.O_RDONLY);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(256), 0, 256, 0);
      first = buffer.subarray(0, bytesRead).toString('latin1');
    } finally {
      await handle.close();
    }
  } catch {
    // A program that may be executed and not read is fine.
    return null;
  }
  const interpreter = /^#![ \t]*([^ \t\n]+)/.exec(first)?.[1];
  if (interpreter === undefined) return null;
  try {
    await access(interpreter, constants.X_OK);
    return null;
  } catch {
    const hint = interpreter.endsWith('\r') ? ' (the file has Windows line ends)' : '';
    return `${path}: its interpreter ${quoted(interpreter)} is missing${hint}`;
  }
}
