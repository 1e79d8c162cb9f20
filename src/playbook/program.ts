import { createHash } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { access, open, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import type { PlaybookConfig } from '../config/config.ts';
import { placeholderProblem } from './arguments.ts';
import { quoted } from './text.ts';

/** A program that may be started. */
export interface Program {
  /** As configured, or as found on PATH; absolute. */
  readonly path: string;
  /** The folder that the program lies in, links resolved: where it is started. */
  readonly folder: string;
}

const GROUP_OR_OTHERS = 0o022;
const OTHERS = 0o002;
const STICKY = 0o1000;

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
    const changed = argv === playbook.run ? await otherThan(playbook.sha256, found.path) : null;
    if (changed !== null) return { problem: `playbook ${playbook.name}: ${changed}` };
  }
  return { problem: null };
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
    const unsafe =
      changeableBy(real, file, GROUP_OR_OTHERS) ??
      (await unsafeFolders(real)) ??
      (await unsafeFolders(path)) ??
      (await unsafeLibrary(dirname(real)));
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

/** The folder itself as strictly as the program; those above it must not let others rename what is in them. */
async function unsafeFolders(file: string): Promise<string | null> {
  let folder = dirname(file);
  for (let forbidden = GROUP_OR_OTHERS; ; forbidden = OTHERS) {
    const info = await stat(folder);
    const isSticky = (info.mode & STICKY) !== 0;
    const problem = changeableBy(folder, info, isSticky && forbidden === OTHERS ? 0 : forbidden);
    if (problem !== null) return problem;
    if (folder === '/') return null;
    folder = dirname(folder);
  }
}

/** What scripts read from `lib` beside them is as good as a part of them. */
async function unsafeLibrary(folder: string): Promise<string | null> {
  const library = join(folder, 'lib');
  const entries = await readdir(library).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw error;
  });
  if (entries === null) return null;
  for (const path of [library, ...entries.map((entry) => join(library, entry))]) {
    const problem = changeableBy(path, await stat(path), GROUP_OR_OTHERS);
    if (problem !== null) return problem;
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

function changeableBy(path: string, { uid, mode }: { uid: number; mode: number }, forbidden: number): string | null {
  const own = process.geteuid?.() ?? 0;
  if (uid !== 0 && uid !== own) {
    return `${path} belongs to user ${uid}, neither root nor the user that runs this (${own}); change its owner`;
  }
  if ((mode & forbidden) === 0) return null;
  const who = (mode & OTHERS) !== 0 ? 'everybody' : 'its group';
  return `${path} can be written by ${who} (mode ${(mode & 0o7777).toString(8)}); chmod go-w ${path}`;
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
